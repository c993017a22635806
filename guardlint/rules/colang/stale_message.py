"""A rail looks at the message before the one that it is to check.

What it does: finds ``$last_user_message`` in input rails and ``$last_bot_message`` in output rails,
in the flow and in the context that the code of an action reads.

Why it matters: NeMo sets these two when the rails have passed (with the events ``UserMessage`` and
``StartUtteranceBotAction``). In the rail itself they hold the message of the turn before, and nothing in the
first turn: the message at hand is not checked.

How to fix: write ``$user_message`` in an input rail, ``$bot_message`` in an output rail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import rename_variable
from guardlint.rules.colang import unreadable_condition
from guardlint.rules.colang._context_keys import context_keys
from guardlint.rules.colang._rails import RailFlow, rail_flows, waits_for_event
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_STALE = {"input": ("last_user_message", "user_message"), "output": ("last_bot_message", "bot_message")}


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    told: set[str] = set()
    for rail in rail_flows(project.configuration):
        if rail.direction not in _STALE or rail.flow.name in told or waits_for_event(rail.flow) is not None:
            continue
        stale, right = _STALE[rail.direction]
        texts = [statement.text for statement in rail.flow.statements]
        if any(re.search(rf"\${right}\b", text) for text in texts):
            continue  # both are looked at: to compare them, or as history
        yield from _in_context(project.configuration, rail, stale, right)
        for statement in rail.flow.statements:
            match = re.search(rf"\${stale}\b", statement.text)
            if match is None or statement.target == stale:
                continue
            told.add(rail.flow.name)
            if any(found.value[0] == rail.flow.name for found in unreadable_condition.check(project)):
                break  # a request comes no further than that
            start = statement.place
            yield Found(
                f"`${stale}` is the message of the turn before in an {rail.direction} rail",
                Place.at(start.file, start.line, start.column + match.start(), len(match[0])),
                "the message at hand is not checked; in the first turn the variable is None",
                f"write `${right}`",
                value=rail.flow.name,
                related=(Related(rail.rail.place, "listed as a rail here"),),
                fix=rename_variable(project.configuration, rail.flow, stale, right),
            )
            break


def _in_context(configuration: Configuration, rail: RailFlow, stale: str, right: str) -> Iterator[Found]:
    """An action of the rail that takes the stale text from the context, and not the right one."""
    for call in rail.flow.calls():
        read = context_keys(configuration, call.name) if call.kind == "execute" else None
        if read and stale in read and right not in read:
            yield Found(
                f"`{stale}` is the message of the turn before in an {rail.direction} rail",
                read[stale],
                "the message at hand is not checked; in the first turn there is none",
                f"read `{right}` from the context",
                value=(rail.flow.name, call.name),
                related=(Related(call.place, f"run in an {rail.direction} rail"),),
            )
