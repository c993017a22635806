"""The actions that read the text of a direction, in the order in which its rails run them.

A rail is followed through the team's own flows down to the actions; a rail of the library stands for the
actions that its flow runs (``library/*/flows*.co``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once, once_each
from guardlint.nemo.references import RailReference, normalise_flow, parameters_of
from guardlint.source.colang import Call, Flow
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record, replace

__all__ = ["DETECTING", "ENGINES", "MASKING", "Step", "engine_of", "personal_data_steps", "steps"]

# The sections under rails.config that hold entities, with the rails that read them.
ENGINES = {
    "sensitive_data_detection": "{verb} sensitive data on {direction}",
    "gliner": "gliner {verb} pii on {direction}",
    "privateai": "{verb} pii on {direction}",
    "polygraf": "polygraf {verb} pii on {direction}",
}
MASKING = {
    "mask_sensitive_data": "sensitive_data_detection",
    "gliner_mask_pii": "gliner",
    "mask_pii": "privateai",
    "polygraf_mask_pii": "polygraf",
}
DETECTING = {
    "detect_sensitive_data": "sensitive_data_detection",
    "gliner_detect_pii": "gliner",
    "detect_pii": "privateai",
    "polygraf_detect_pii": "polygraf",
}
_SOURCE = lazy_pattern(r"\bsource\s*=\s*[\"'](\w+)[\"']")
_RAIL_FLOWS = {"input rails": "input", "output rails": "output"}


@record
class Step:
    """One action on the way of a text.

    ``action`` is the name as NeMo normalises it, ``shown`` what a reader knows the step by (the rail, or the
    action in a flow of the team). ``place`` is what has to be moved or changed: the entry of the list, or
    the call. ``source`` is the direction whose entities a rail for personal data looks for, ``target`` the
    variable that a flow of the team puts the result into.
    """

    action: str
    shown: str
    place: Place
    parameters: dict[str, str]
    rail: RailReference | None = None
    call: Call | None = None
    source: str | None = None
    is_own: bool = False
    target: str | None = None


@cache
def engine_of(flow: str) -> tuple[str, str, str] | None:
    """``mask sensitive data on input`` → its section, ``mask`` or ``detect``, and its direction."""
    for section, words in ENGINES.items():
        for verb in ("detect", "mask"):
            for direction in ("input", "output", "retrieval"):
                if flow == words.format(verb=verb, direction=direction):
                    return section, verb, direction
    return None


@once
def steps(configuration: Configuration, direction: str) -> tuple[Step, ...]:
    """Every action that the rails of ``direction`` run, first to last; of a team's flow in the order written.

    Colang 2.x: also what the flow ``input rails`` or ``output rails`` runs.
    """
    found: list[Step] = []
    for rail in configuration.rails(direction):
        found.extend(_of_flow(configuration, rail.flow, rail, rail.parameters, (), rail.place))
    if configuration.generation == "2.x":
        for name, meant in _RAIL_FLOWS.items():
            own = configuration.flows.get(name)
            if own is not None and meant == direction:
                found.extend(_of_calls(configuration, own, None, (name,)))
    return tuple(found)


@once_each
def personal_data_steps(configuration: Configuration) -> Iterator[Step]:
    """Every detecting or masking action that a rail or any flow of the team runs, each call once.

    ``source`` is None where it is computed, and where the team has an action of its own under that name.
    """
    seen: set[Place] = set()
    for rail in configuration.all_rails():
        if rail.flow in configuration.flows:
            continue
        for step in _of_flow(configuration, rail.flow, rail, rail.parameters, (), rail.place):
            if _is_personal(step):
                yield step
    for flow in configuration.flows.values():
        for step in _of_calls(configuration, flow, None, (flow.name,)):
            if _is_personal(step) and step.place not in seen:
                seen.add(step.place)
                yield step


def _is_personal(step: Step) -> bool:
    return step.action in MASKING or step.action in DETECTING


def _of_flow(
    configuration: Configuration,
    name: str,
    rail: RailReference | None,
    parameters: dict[str, str],
    above: tuple[str, ...],
    place: Place,
    call: Call | None = None,
) -> Iterator[Step]:
    own = configuration.flows.get(name)
    if own is not None:
        if name not in above:
            yield from _of_calls(configuration, own, rail, (*above, name))
        return
    facts = configuration.catalogue.flows(configuration.generation).get(name)
    engine = engine_of(name)
    for action in facts["actions"] if facts else ():
        yield _step(configuration, snake_case(action), name, place, parameters, rail, call, engine)


def _of_calls(
    configuration: Configuration, flow: Flow, rail: RailReference | None, above: tuple[str, ...]
) -> Iterator[Step]:
    for statement in flow.statements:
        call = statement.call
        if call is None:
            continue
        parameters = parameters_of(call.arguments)
        name = normalise_flow(call.name)
        if call.kind == "execute" or (call.kind in ("await", "start") and name.endswith("Action")):
            step = _step(configuration, snake_case(name), call.name, call.place, parameters, rail, call, None)
            yield replace(step, target=statement.target)
        else:
            yield from _of_flow(configuration, name, rail, parameters, above, call.place, call)


def _step(
    configuration: Configuration,
    action: str,
    shown: str,
    place: Place,
    parameters: dict[str, str],
    rail: RailReference | None,
    call: Call | None,
    engine: tuple[str, str, str] | None,
) -> Step:
    source = engine[2] if engine else None
    if source is None and call is not None and (action in MASKING or action in DETECTING):
        written = _SOURCE.search(call.arguments)
        source = written[1] if written else None
    own = configuration.action_named(action) is not None
    is_own = own or configuration.has_unnamed_actions
    return Step(action, shown, place, parameters, rail, call, None if own else source, is_own)
