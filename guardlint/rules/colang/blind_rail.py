"""A rail of the team's never looks at the text that it is to check.

What it does: looks for output rails that read the user's message only, for input rails that read the answer
only, and for retrieval rails that touch no chunks. It speaks only where every action of the rail is known
and none can look at the conversation by itself.

Why it matters: the rail runs, and its direction is unchecked all the same.

How to fix: hand on ``$user_message`` in an input rail, ``$bot_message`` in an output rail,
``$relevant_chunks`` in a retrieval rail; or list the rail where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import rename_variable
from guardlint.rules.colang._context_keys import context_keys
from guardlint.rules.colang._python import function_of
from guardlint.rules.colang._rails import RailFlow, rail_flows, team_action, waits_for_event
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Call
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_OWN = {"input": "user_message", "output": "bot_message", "retrieval": "relevant_chunks"}
_TEXTS = {"input": "the message", "output": "the answer", "retrieval": "the retrieved chunks"}
_OTHER = lazy_pattern(r"\$(user_message|bot_message|last_user_message|last_bot_message|relevant_chunks)\b")


def check(project: Project) -> Iterator[Found]:
    """One finding for each rail."""
    configuration = project.configuration
    for rail in rail_flows(configuration):
        if not rail.is_listed or waits_for_event(rail.flow) is not None:
            continue
        own = _OWN[rail.direction]
        reading = _what_it_reads(configuration, rail)
        if reading is None:
            yield from _by_context(configuration, rail, own)
            continue
        yield Found(
            f"`{rail.flow.name}` is an {rail.direction} rail and never looks at `${own}`".replace(
                "an retrieval", "a retrieval"
            ),
            _place(rail, reading),
            f"the rail runs, and {_TEXTS[rail.direction]} is not checked"
            if rail.direction != "retrieval"
            else "the rail runs, and the retrieved chunks are not checked",
            f"hand on `${own}`" + (f" instead of `${reading}`" if reading else ""),
            value=(rail.flow.name, rail.direction),
            fix=rename_variable(configuration, rail.flow, reading, own, safe=False) if reading else None,
        )


def _place(rail: RailFlow, variable: str) -> Place:
    """The first use of the wrong variable, which is what must change; else the name of the flow."""
    for statement in rail.flow.statements if variable else ():
        at = statement.text.find(f"${variable}")
        if at >= 0 and "\n" not in statement.text[:at]:
            where = statement.place
            return Place.at(where.file, where.line, where.column + at, len(variable) + 1)
    return rail.flow.place


def _by_context(configuration: Configuration, rail: RailFlow, own: str) -> Iterator[Found]:
    """A rail of one action whose code takes the text of another direction from the context."""
    calls = list(rail.flow.calls())
    if len(calls) != 1 or calls[0].kind != "execute" or configuration.has_unnamed_actions:
        return
    if any(f"${text}" in statement.text for statement in rail.flow.statements for text in _OWN.values()):
        return
    read = context_keys(configuration, calls[0].name)
    if not read or own in read or f"last_{own}" in read:
        return
    other = next((key for key in read if key in _OWN.values()), None)
    if other is not None and set(read) <= {*_OWN.values(), "last_user_message", "last_bot_message"}:
        yield Found(
            f"`{calls[0].name}` looks at `{other}` in an {rail.direction} rail, and never at `{own}`".replace(
                "an retrieval", "a retrieval"
            ),
            calls[0].place if _runs_where_it_belongs(configuration, calls[0].name, rail) else read[other],
            f"the rail runs, and {_TEXTS[rail.direction]} is not checked",
            f"read `{own}` from the context",
            value=(rail.flow.name, rail.direction, other),
            related=(Related(read[other], "reads it here"), Related(calls[0].place, "run here")),
        )


def _runs_where_it_belongs(configuration: Configuration, name: str, rail: RailFlow) -> bool:
    """Whether a rail of another direction runs the action too: then it is the call that is wrong."""
    return any(
        other.direction != rail.direction and any(call.name == name for call in other.flow.calls())
        for other in rail_flows(configuration)
    )


def _what_it_reads(configuration: Configuration, rail: RailFlow) -> str | None:
    """The text of another direction that the rail reads, ``""`` for an action of another; None in doubt."""
    own = _OWN[rail.direction]
    texts = [statement.text for statement in rail.flow.statements]
    if any(re.search(rf"\$(?:last_)?{own}|\$event\b|\$config\b", text) for text in texts):
        return None
    calls = list(rail.flow.calls())
    kinds = [_sees(configuration, call, rail.direction) for call in calls]
    if None in kinds:
        return None
    other = next((found[1] for text in texts if (found := _OTHER.search(text))), None)
    if other is not None:
        return other
    if "other" in kinds:
        return ""
    return "" if rail.direction == "retrieval" and calls else None


def _sees(configuration: Configuration, call: Call, direction: str) -> str | None:
    """``arguments`` for an action that sees only those, ``other`` for one of another direction."""
    if call.kind != "execute" or configuration.has_unnamed_actions:
        return None
    action = team_action(configuration, call.name)
    if action is not None:
        function = function_of(configuration, action)
        if function is None or function.sees_context or function.takes_any:
            return None
        return "arguments"
    surfaces = configuration.catalogue.data["surfaces"]
    homes = {entry["direction"] for entry in surfaces if entry["action"] == call.name}
    if homes and direction not in homes and configuration.action_named(call.name) is None:
        # An action for answers reads the question as well, and one for questions no answer.
        return "other" if direction != "retrieval" else None
    return None
