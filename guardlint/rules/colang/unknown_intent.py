"""A flow waits for an intent under another name than the one that has examples.

What it does: compares the ``user …`` lines of the flows with the ``define user …`` blocks, and speaks where
a name has no examples and is one slip away from one that has, and that no flow waits for; ``ask fees`` and
``ask about the fees`` are the same words too.

Why it matters: the model recognises what the examples name. The flow with the slip never starts, and the
model decides by itself what to do, without the answer or the refusal that the flow holds.

How to fix: write both names alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang.undefined_message import one_slip
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.place import Place

_SMALL = frozenset("a about an any for in my of on question questions regarding some the to with".split())

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each line."""
    configuration = project.configuration
    if configuration.generation != "1.0" or not configuration.user_messages:
        return
    lines = [
        (name, statement, flow)
        for flow in configuration.flows.values()
        for statement in flow.statements
        if statement.kind in ("user", "when")
        for name in _names(statement.text)
    ]
    awaited = {name for name, _, _ in lines}
    examples = {name for name in configuration.user_messages if name not in awaited}
    told: set[tuple[str, str]] = set()
    in_yaml = configuration.value(("user_messages",))
    known = {*configuration.user_messages, *(in_yaml if isinstance(in_yaml, dict) else ())}
    for name, statement, flow in lines:
        if name in known or (flow.name, name) in told:
            continue
        meant = closest(name, examples)
        if meant is None or not one_slip(name, meant):
            alike = [example for example in examples if _says_the_same(example, name)]
            if len(alike) != 1:
                continue
            meant = alike[0]
        told.add((flow.name, name))
        start = statement.place
        offset = max(statement.text.find(name), 0)
        place = Place.at(start.file, start.line, start.column + offset, len(name))
        yield Found(
            f"no examples are named `{name}`",
            place,
            f"the flow never starts: the model recognises `{meant}`, and goes on without a flow",
            f"write `user {meant}`",
            value=(flow.name, name),
            related=(Related(configuration.user_messages[meant].place, "the examples are named so"),),
            fix=replace_text(configuration, place, name, meant, safe=is_slip(name, meant)),
        )


def _says_the_same(name: str, other: str) -> bool:
    """Whether two names differ in small words, in endings of plurals and verbs, and in one slip at most."""
    ours, theirs = _words(name), _words(other)
    if len(ours) != len(theirs):
        return False
    different = [(one, two) for one, two in zip(ours, theirs, strict=True) if one != two]
    return not different or (len(different) == 1 and closest(different[0][0], [different[0][1]]) is not None)


def _words(name: str) -> list[str]:
    """What a name says: without small words and endings."""
    return [word.removesuffix("s") for word in re.split(r"[\s_-]+", name.casefold()) if word not in _SMALL]


def _names(text: str) -> Iterator[str]:
    """``user a or user b`` → ``a``, ``b``; a line with a text or a variable has its own examples."""
    if '"' in text or "$" in text or "..." in text:
        return
    for part in re.split(r"\s+or\s+", text):
        found = re.fullmatch(r"(?:(?:else\s+)?when\s+)?user\s+([^*]+)", part.strip())
        if found is not None:
            yield found[1].strip()
