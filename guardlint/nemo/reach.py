"""Which flows start, and what they run: through the team's flows and the library's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.nemo.catalogue import Catalogue, snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.source.colang import Flow
from guardlint.source.record import record

__all__ = ["Started", "never_starts", "replaced_machinery", "started_flows"]


@record
class Started:
    """A flow that something starts: ``why`` in words, and the actions that it runs itself."""

    why: str
    actions: frozenset[str]


@once
def started_flows(configuration: Configuration) -> dict[str, Started]:
    """The team's and the library's flows that start, by name; library rails that are not listed do not."""
    found = {rail.flow: f"listed in rails.{rail.direction}" for rail in configuration.all_rails()}
    if configuration.generation == "2.x":
        for name in ("main", "input rails", "output rails"):
            found.setdefault(name, "NeMo starts it")
    for flow in configuration.flows.values():
        if _starts_itself(configuration, flow):
            found.setdefault(flow.name, "starts by itself")
    library = _library(configuration)
    started: dict[str, Started] = {}
    reached = list(found)
    while reached:
        name = reached.pop(0)
        actions, calls = _body(configuration, library, name)
        started[name] = Started(found[name], actions)
        for called, why in calls.items():
            if called not in found and (called in configuration.flows or called in library):
                found[called] = why
                reached.append(called)
    return {name: item for name, item in started.items() if name in configuration.flows or name in library}


def never_starts(configuration: Configuration, flow: Flow) -> bool:
    """Whether nothing runs a 1.0 flow: no list, no other flow, and no event, as it begins with an action.

    NeMo starts such a flow when the action has been run by another one, which may be a listed rail's.
    """
    if configuration.generation != "1.0" or any(rail.flow == flow.name for rail in configuration.all_rails()):
        return False
    others = [other for other in configuration.flows.values() if other.name != flow.name]
    calls = {call.name for other in others for call in other.calls()}
    if flow.name in calls or "subflow" in flow.modifiers:
        return flow.name not in calls
    first = flow.statements[0].call if flow.statements else None
    if first is None or first.kind != "execute" or first.name in calls:
        return False
    return not any(
        rail.surface is not None and snake_case(str(rail.surface["action"])) == snake_case(first.name)
        for rail in configuration.all_rails()
    )


@once
def replaced_machinery(configuration: Configuration, direction: str) -> Flow | None:
    """The team's flow that takes the place of NeMo's and no longer runs the rails of a direction (1.0)."""
    if configuration.generation != "1.0":
        return None
    runner = f"run {direction.replace('_', ' ')} rails"
    for name in (runner, *_system_callers(configuration.catalogue, runner)):
        own = configuration.flows.get(name)
        if own is None:
            continue
        if name == runner or runner not in {call.name for call in own.calls()}:
            return own
    return None


@once
def _system_callers(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """NeMo's own flows that call a flow."""
    system = catalogue.flows("1.0")
    return tuple(flow for flow, row in system.items() if row.get("system") and name in row.get("calls", ()))


def _library(configuration: Configuration) -> Mapping[str, dict[str, Any]]:
    """The library's flows that the configuration sees."""
    flows = configuration.catalogue.flows(configuration.generation)
    if configuration.generation == "1.0":
        return flows
    return {name: row for name, row in flows.items() if row["module"] in configuration.library_modules}


def _body(
    configuration: Configuration, library: Mapping[str, dict[str, Any]], name: str
) -> tuple[frozenset[str], dict[str, str]]:
    """The actions that a flow runs and the flows that it calls, each with where."""
    own = configuration.flows.get(name)
    if own is not None:
        acts = frozenset(call.name for call in own.calls() if call.kind in ("execute", "await", "start"))
        return acts, {call.name: f"called at {call.place}" for call in own.calls()}
    row = library.get(name, {})
    return frozenset(row.get("actions", ())), dict.fromkeys(
        row.get("calls", ()), f"called by the library's `{name}`"
    )


def _starts_itself(configuration: Configuration, flow: Flow) -> bool:
    """A 1.0 flow that is no subflow waits for its first event; in 2.x a decorator starts one."""
    if configuration.generation == "1.0":
        overrides = flow.name in configuration.catalogue.flows("1.0")
        return "subflow" not in flow.modifiers or overrides
    return any(decorator.startswith(("@active", "@loop")) for decorator in flow.decorators)
