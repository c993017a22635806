"""A rail of Colang 2.x reads a variable that nothing sets.

What it does: in the flows that a rail consists of, finds variables that are read and are neither a
parameter, nor assigned, nor bound by ``as``, nor declared ``global``.

Why it matters: variables belong to their flow. One that nobody set is None, without a word: an action that
is given it looks at nothing, and a test of it is never true. ``$user_message`` and ``$bot_message`` are
such variables too, unless the flow says ``global``.

How to fix: write the name of the flow's parameter, or declare the variable ``global``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import add_line, rename_variable
from guardlint.rules.colang2._reading import ENTRIES, has_guardrails, rail_flows, runs
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Flow
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_GIVEN = frozenset({"system", "self", "config"})
_READ = lazy_pattern(r"(?<!\\)\$([A-Za-z_]\w*)")
_BOUND = lazy_pattern(r"\bas\s+\$(\w+)")


def check(project: Project) -> Iterator[Found]:
    """One finding for the first time that a flow reads each."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    for flow in rail_flows(configuration).values():
        known = _known(flow)
        if flow.name in ENTRIES.values() and not flow.parameters:
            known |= {"input_text", "output_text"}  # the missing parameter is wrong-flow-arguments'
        for statement in flow.statements:
            if statement.kind == "global":
                continue
            start = len(statement.text) - len(statement.expression) if statement.target else 0
            for match in _READ.finditer(statement.text, start):
                name = match[1]
                if name in known or _names_an_argument(statement.text, match.end()):
                    continue
                known.add(name)
                where = statement.place
                line = statement.text.count("\n", 0, match.start())
                if line:
                    continue
                is_text = name in ("user_message", "bot_message", "relevant_chunks", "last_user_message")
                meant = closest(name, [item for item in known if item != name and item not in _GIVEN])
                yield Found(
                    f"`${name}` is not set in flow `{flow.name}`",
                    Place.at(where.file, where.line, where.column + match.start(), len(match[0])),
                    f"`${name}` is None here: what reads it sees nothing, whatever the message says",
                    f"write `global ${name}` on a line before it"
                    if is_text
                    else f"write `${meant}`"
                    if meant
                    else _help(flow, name),
                    value=(flow.name, name),
                    fix=_fix(configuration, flow, name, None if is_text else meant, is_text=is_text),
                )


def _fix(
    configuration: Configuration, flow: Flow, name: str, meant: str | None, *, is_text: bool
) -> Fix | None:
    if is_text:
        above, text = flow.statements[0].place, f"global ${name}"
        return add_line(configuration, above, text, title=f"add `{text}`", above=True)
    if meant is None:
        return None
    return rename_variable(configuration, flow, name, meant, safe=is_slip(name, meant))


def _known(flow: Flow) -> set[str]:
    found = set(flow.parameters) | _GIVEN
    for statement in flow.statements:
        if statement.target is not None:
            found.add(statement.target)
        if statement.kind == "global":
            found.update(_READ.findall(statement.text))
        found.update(_BOUND.findall(statement.text))
    return found


def _names_an_argument(text: str, end: int) -> bool:
    """``$name=value`` in a call names the parameter of the flow that is called."""
    return re.match(r"\s*=(?!=)", text[end:]) is not None


def _help(flow: Flow, name: str) -> str:
    if flow.parameters:
        return f"write `${flow.parameters[0]}`, or set `${name}` before"
    return f"take `${name}` as a parameter of the flow, or set it before"
