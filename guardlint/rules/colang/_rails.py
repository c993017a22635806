"""The team's Colang 1.0 flows that are rails: listed, or called by one that is; and what they can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once_each
from guardlint.nemo.references import RailReference, normalise_flow
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.python import ActionDefinition
from guardlint.source.record import record

__all__ = [
    "RAIL_DIRECTIONS",
    "RailFlow",
    "rail_flows",
    "read_elsewhere",
    "runs_library_rails",
    "set_somewhere",
    "team_action",
    "waits_for_event",
]

RAIL_DIRECTIONS = ("input", "output", "retrieval")

# Set by NeMo itself: the runtime, llm_flows.co, the generation actions and retrieve_relevant_chunks.
_OF_NEMO = frozenset(
    "user_message last_user_message bot_message last_bot_message relevant_chunks relevant_chunks_sep "
    "retrieved_for event config generation_options skip_output_rails bot_thinking passthrough_output "
    "tool_calls tool_messages tool_message tool_name tool_call_id i input_flows output_flows retrieval_flows "
    "triggered_input_rail triggered_output_rail check_facts check_hallucination hallucination_warning "
    "model variant".split()
)


@record
class RailFlow:
    """A flow of the team's that runs as a rail of a direction; ``rail`` is the entry that leads to it."""

    direction: str
    flow: Flow
    rail: RailReference

    @property
    def is_listed(self) -> bool:
        """Whether the entry names the flow itself."""
        return self.rail.flow == self.flow.name


@once_each
def rail_flows(configuration: Configuration) -> Iterator[RailFlow]:
    """Every flow once for each direction; none in Colang 2.x."""
    if configuration.generation != "1.0":
        return
    for direction in RAIL_DIRECTIONS:
        seen: set[str] = set()
        for rail in configuration.rails(direction):
            names = [rail.flow]
            while names:
                name = names.pop(0)
                flow = configuration.flows.get(name)
                if flow is None or name in seen:
                    continue
                seen.add(name)
                yield RailFlow(direction, flow, rail)
                names += [normalise_flow(call.name) for call in flow.calls() if call.kind == "do"]


def waits_for_event(flow: Flow) -> Statement | None:
    """The line at which a rail waits for something that the user says: it never comes."""
    waiting = [item for item in flow.statements if item.kind in ("user", "when")]
    if not waiting:
        return None
    level = min(statement.place.column for statement in flow.statements)
    for statement in waiting:
        waits = statement.kind == "user" or statement.expression.startswith("user ")
        if waits and statement.place.column == level:
            return statement
    return None


def team_action(configuration: Configuration, name: str) -> ActionDefinition | None:
    """The team's own action of the name, if it is read from the source and certain."""
    return None if configuration.has_unnamed_actions else configuration.action_named(name)


def runs_library_rails(configuration: Configuration) -> bool:
    """Whether a flow of the library runs, which sets variables of its own."""
    if any(rail.flow not in configuration.flows for rail in configuration.all_rails()):
        return True
    library = configuration.catalogue.flows("1.0")
    return any(
        call.kind == "do" and normalise_flow(call.name) in library
        for flow in configuration.flows.values()
        for call in flow.calls()
    )


def set_somewhere(configuration: Configuration, name: str) -> bool:
    """Whether NeMo, a flow, a parameter of a rail or the team's Python gives the variable a value."""
    if name in _OF_NEMO or any(name in rail.parameters for rail in configuration.all_rails()):
        return True
    loose = lazy_pattern(rf"\${re.escape(name)}(?!\w)", needs=(name,))
    for flow in configuration.flows.values():
        for statement in flow.statements:
            if statement.target == name and not loose.search(statement.expression):
                return True
            # `user … $name`, `event X(…)`, and what the outline does not read.
            if statement.kind in ("other", "event", "user", "when") and loose.search(statement.text):
                return True
    word = lazy_pattern(rf"\b{re.escape(name)}\b", needs=(name,))
    return any(word.search(configuration.texts[file.file]) for file in configuration.python_files)


def read_elsewhere(configuration: Configuration, flow: Flow, name: str) -> bool:
    """Whether something besides the flow looks at the variable: a flow, a message, a prompt, an action."""
    wanted = lazy_pattern(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", needs=(name,))
    variable = lazy_pattern(rf"\${re.escape(name)}(?!\w)", needs=(name,))
    for other in configuration.flows.values():
        if other is not flow and any(variable.search(item.text) for item in other.statements):
            return True
    for message in configuration.messages.values():
        if any(wanted.search(text) and re.search(r"\{\{|\$", text) for text in message.texts):
            return True
    word = re.escape(name)
    quoted = lazy_pattern(rf"[\"']{word}[\"']|\{{\{{-?\s*{word}\b|\${word}\b", needs=(name,))
    files = [item.file for item in configuration.python_files]
    files += [item.file for item in configuration.yaml_files]
    return any(quoted.search(configuration.texts.get(file, "")) for file in files)
