"""A flow of the team's takes the place of one of NeMo's and does not do its work.

What it does: looks at the team's flows that have the name of a listed library rail, or of one of the system
flows that run the rails.

Why it matters: in Colang 1.0 the team's definition wins over NeMo's of the same name. A copy that checks
nothing leaves the rail in the list and nothing behind it; a ``run input rails`` that does not start the
listed rails switches all of them off. NeMo loads it without a word.

How to fix: delete the definition, or let it run the action and refuse on its verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang._blocks import NOTHING, run
from guardlint.rules.colang._python import function_of
from guardlint.rules.colang._rails import RAIL_DIRECTIONS, read_elsewhere, team_action, waits_for_event
from guardlint.rules.colang._values import UNKNOWN
from guardlint.rules.flow_blocks import blocks_of
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))

# The flows of llm_flows.co that start the rails of a direction, from the outside in.
_MACHINERY = {
    "input": ("process user input", "run input rails"),
    "output": ("process bot message", "run output rails"),
    "retrieval": ("generate bot message", "run retrieval rails"),
    "tool_output": ("process bot tool call", "run tool output rails"),
    "tool_input": ("process user tool messages", "run tool input rails"),
}

# The flows of llm_flows.co without which nothing is answered.
_ANSWERING = ("run dialog rails", "generate user intent", "generate bot message")


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    told: set[str] = set()
    for direction, names in _MACHINERY.items():
        rails = configuration.rails(direction)
        if not rails:
            continue
        caller, runner = (configuration.flows.get(name) for name in names)
        for flow, fine in (
            (caller, caller and _does(caller, names[1])),
            (runner, runner and _starts(runner)),
        ):
            if flow is None or fine or flow.name in told:
                continue
            told.add(flow.name)
            yield Found(
                f"`{flow.name}` takes the place of NeMo's and starts no {direction} rails",
                flow.place,
                f"none of the rails listed under `rails.{direction}.flows` is run",
                "delete the flow, or give it another name",
                value=flow.name,
                related=(Related(rails[0].place, "never run"),),
            )
    for name in _ANSWERING:
        flow = configuration.flows.get(name)
        if flow is not None and name not in told and not _does_anything(flow):
            told.add(name)
            yield Found(
                f"`{name}` takes the place of NeMo's and does not do its work",
                flow.place,
                "messages are not answered: the reply is empty",
                "delete the flow, or give it another name",
                value=name,
            )
    for direction in RAIL_DIRECTIONS:
        for rail in configuration.rails(direction):
            flow = configuration.flows.get(rail.flow)
            if flow is None or rail.flow in told or not configuration.catalogue.directions_of(rail.flow):
                continue
            told.add(rail.flow)
            if _is_hollow(configuration, flow):
                yield Found(
                    f"`{flow.name}` takes the place of the library's rail and checks nothing",
                    flow.place,
                    "NeMo runs this flow instead of the library's: whatever the rail was to stop passes",
                    "delete the flow: the library's does the work",
                    path=None,
                    value=flow.name,
                    related=(Related(rail.place, "listed as a rail here"),),
                )


def _does_anything(flow: Flow) -> bool:
    return any(item.call is not None or item.kind in ("bot", "create") for item in flow.statements)


def _does(flow: Flow, runner: str) -> bool:
    return any(
        call.kind == "do" and (call.name == runner or call.name.startswith("$")) for call in flow.calls()
    )


def _starts(flow: Flow) -> bool:
    return any(call.kind == "do" or call.name.endswith("rails_in_parallel") for call in flow.calls())


def _is_hollow(configuration: Configuration, flow: Flow) -> bool:
    """Nothing that it does can stop or change a text, and it asks no one who could."""
    if not flow.statements or waits_for_event(flow) is not None:
        return False  # rules of their own
    asked = {}
    for statement in flow.statements:
        call = statement.call
        if call is None:
            continue
        action = team_action(configuration, call.name) if call.kind == "execute" else None
        function = function_of(configuration, action) if action is not None else None
        if function is None or function.acts or statement.kind == "set":
            return False  # it may well do the work; or unheeded-verdict looks at it
        asked[id(statement)] = UNKNOWN
    shared = frozenset(
        item.target
        for item in flow.statements
        if item.target is not None and read_elsewhere(configuration, flow, item.target)
    )
    outcomes = run(blocks_of(flow), asked, shared)
    return outcomes is not None and outcomes.effects == frozenset((NOTHING,))
