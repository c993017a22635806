"""A rail refuses with a message that nobody has written.

What it does: looks up the ``bot …`` lines of rails among the messages of the team's files and of the
library. In the flows of the dialog it speaks only of a name that is one slip away from a defined one.

Why it matters: NeMo lets the main model write a message that has no text, from its name and what was said
before. The refusal may be anything; and the output rails judge it as a new answer, which they may condemn
again and again until NeMo gives up ("Too many events").

How to fix: define the message with ``define bot …``, or write the name of one that exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_NAME = lazy_pattern(r"[A-Za-z][^\"'$(]*$")


def check(project: Project) -> Iterator[Found]:
    """One finding for each message."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    known = {*configuration.messages, *configuration.catalogue.messages("1.0"), "stop"}
    in_yaml = configuration.value(("bot_messages",))
    known |= set(in_yaml) if isinstance(in_yaml, dict) else set()
    rails: set[str] = set()
    told: set[str] = set()
    for rail in rail_flows(configuration):
        if rail.flow.name in rails:
            continue
        rails.add(rail.flow.name)
        if waits_for_event(rail.flow) is not None or rail.direction == "retrieval":
            continue
        for name, statement in _said(rail.flow):
            if name in known or name in told:
                continue
            told.add(name)
            meant = closest(name, known)
            yield Found(
                f"no message is named `{name}`",
                _place(statement, name),
                "the main model writes the refusal from its name alone: it may say anything"
                if rail.direction == "input"
                else "the main model writes the refusal, and the output rails judge it as one more answer",
                f"write `bot {meant}`" if meant else f"add `define bot {name}` with the text of the refusal",
                value=(rail.flow.name, name),
                related=tuple(
                    Related(_place(other, name), "said here too")
                    for flow in configuration.flows.values()
                    for called, other in _said(flow)
                    if called == name and other is not statement
                ),
                fix=replace_text(
                    configuration, _place(statement, name), name, meant, safe=is_slip(name, meant)
                )
                if meant
                else None,
            )
    yield from _slips(configuration, known, rails)


def _said(flow: Flow) -> Iterator[tuple[str, Statement]]:
    for index, statement in enumerate(flow.statements):
        below = flow.statements[index + 1] if index + 1 < len(flow.statements) else None
        has_text = below is not None and below.kind == "other" and below.text.startswith('"')
        if statement.kind == "bot" and not has_text and _NAME.match(statement.expression):
            yield statement.expression.strip(), statement


def _slips(configuration: Configuration, known: set[str], rails: set[str]) -> Iterator[Found]:
    """In dialog flows: a name nobody defines, one slip away from a message that nobody says."""
    said = {name for flow in configuration.flows.values() for name, _ in _said(flow)}
    unsaid = {name for name in configuration.messages if name not in said}
    if not unsaid:
        return
    for flow in configuration.flows.values():
        if flow.name in rails:
            continue
        for name, statement in _said(flow):
            meant = closest(name, unsaid) if name not in known else None
            if meant is not None and one_slip(name, meant):
                yield Found(
                    f"no message is named `{name}`",
                    _place(statement, name),
                    "the main model writes this message; the text of the one that is defined is never said",
                    f"write `bot {meant}`",
                    value=(flow.name, name),
                    related=(Related(configuration.messages[meant].place, "defined here, and never said"),),
                    severity="warning",
                    confidence="medium",
                    fix=replace_text(
                        configuration, _place(statement, name), name, meant, safe=is_slip(name, meant)
                    ),
                )


def one_slip(name: str, other: str) -> bool:
    """Whether two names differ in case, in a hyphen or plural, or in a few letters of one word."""
    ours, theirs = (re.split(r"[\s_-]+", text.casefold()) for text in (name, other))
    if "".join(ours) == "".join(theirs):
        return True
    if len(ours) != len(theirs):
        return False
    different = [(one, two) for one, two in zip(ours, theirs, strict=True) if one != two]
    return len(different) == 1 and closest(different[0][0], [different[0][1]]) is not None


def _place(statement: Statement, name: str) -> Place:
    start = statement.expression_place or statement.place
    return Place.at(start.file, start.line, start.column, len(name))
