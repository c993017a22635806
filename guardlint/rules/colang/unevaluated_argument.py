"""An argument that Colang 1.0 hands on as a text instead of working it out.

What it does: finds arguments of ``execute`` that begin with a variable and go on: ``$event.text``,
``$a + $b``, ``$list[0]``.

Why it matters: Colang 1.0 puts in the value of an argument that is exactly ``$name``. Anything more reaches
the action as those very signs, so a check reads a text that nobody wrote, and finds nothing in it.

How to fix: store the value in a variable on a line before, and hand that on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import add_line, replace_text
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_PLAIN = lazy_pattern(r"\$[A-Za-z_]\w*")
# Texts put together, which a line of its own works out; whether another expression can be is not known.
_TOGETHER = lazy_pattern(
    r"""(?:\$[A-Za-z_]\w*|"[^"\n]*"|'[^'\n]*')(?:\s*\+\s*(?:\$[A-Za-z_]\w*|"[^"\n]*"|'[^'\n]*'))+"""
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each argument."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    rails = {rail.flow.name for rail in rail_flows(configuration) if waits_for_event(rail.flow) is None}
    for flow in configuration.flows.values():
        for statement in flow.statements:
            call = statement.call
            if call is None or call.kind != "execute" or statement.kind not in ("set", "call"):
                continue
            for name, text in _arguments(call.arguments):
                plain = _PLAIN.match(text)
                if plain is None or plain[0] == text:
                    continue
                start = statement.place
                offset = max(statement.text.find(text, statement.text.find("(")), 0)
                yield Found(
                    f"`{text}` is handed on as a text",
                    Place.at(start.file, start.line, start.column + offset, len(text)),
                    "Colang 1.0 puts in the value of a plain `$name` only: "
                    f'`{call.name}` is given the text "{text}"'
                    + (", and checks that" if flow.name in rails else ""),
                    f"write `$value = {text}` on a line before, and `{name}=$value` here",
                    value=(flow.name, call.name, text),
                    severity=None if flow.name in rails else "warning",
                    fix=_worked_out(configuration, statement, name, text),
                )


def _worked_out(configuration: Configuration, statement: Statement, name: str, text: str) -> Fix | None:
    """The sum on a line before, in a variable that nothing else uses."""
    variable = f"$whole_{name}"
    used = any(variable in source for source in configuration.texts.values())
    given = f"={text}"
    if not _TOGETHER.fullmatch(text) or used or statement.text.count(given) != 1 or "\n" in statement.text:
        return None
    start = statement.place
    at = Place.at(start.file, start.line, start.column + statement.text.index(given), len(given))
    there = replace_text(configuration, at, given, f"={variable}")
    before = add_line(configuration, start, f"{variable} = {text}", title="", above=True)
    if there is None or before is None:
        return None
    title = f"write `{variable} = {text}` on a line before"
    return Fix(title, (*before.edits, *there.edits), safe=False)


def _arguments(text: str) -> Iterator[tuple[str, str]]:
    """``a=$b, c="d"`` as pairs of a name and what is given."""
    parts: list[str] = [""]
    quote, depth = "", 0
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    for part in parts:
        named = re.match(r"\s*([A-Za-z_]\w*)\s*=(?!=)\s*(.*?)\s*$", part, re.DOTALL)
        if named is not None:
            yield named[1], named[2]
