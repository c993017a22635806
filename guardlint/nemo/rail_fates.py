"""What becomes of each listed rail: whether it runs, waits to be armed, or never runs."""

from __future__ import annotations

from typing import Literal

from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.nemo.reach import replaced_machinery
from guardlint.nemo.references import RailReference
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["Fate", "State", "rail_fate", "rails"]

State = Literal["runs", "waits", "inert", "missing", "lost", "read", "skipped", "chosen"]


@record
class Fate:
    """One thing, what becomes of it and why. ``name`` is what its author calls it."""

    name: str
    state: State
    why: str
    place: Place


def rails(configuration: Configuration) -> dict[str, list[Fate]]:
    """Per direction, in the order in which they run, the listed rails."""
    return {
        direction: [rail_fate(configuration, rail) for rail in configuration.rails(direction)]
        for direction in DIRECTIONS
        if configuration.rails(direction)
    }


def rail_fate(configuration: Configuration, rail: RailReference) -> Fate:
    """What becomes of one entry of a list of rails."""
    known = _known_fates(configuration)
    found = known.get(rail.path)
    if found is None:
        found = known[rail.path] = _fate(configuration, rail)
    return found


@once
def _known_fates(configuration: Configuration) -> dict[DataPath, Fate]:  # noqa: ARG001 - kept with it
    return {}


def _fate(configuration: Configuration, rail: RailReference) -> Fate:
    own = configuration.flows.get(rail.flow)
    instead = replaced_machinery(configuration, rail.direction)
    if instead is not None and instead is not own:
        why = f"`{instead.name}` at {instead.place} takes the place of the flow that runs it"
        return Fate(rail.text, "inert", why, rail.place)
    if own is not None:
        actions = sorted({call.name for call in own.calls() if call.kind in ("execute", "await")})
        what = f"the team's flow at {own.place}" + (f", runs {', '.join(actions)}" if actions else "")
        return Fate(rail.text, "runs", what, rail.place)
    if rail.surface is None and not configuration.flow_exists(rail.flow):
        return Fate(rail.text, "missing", "no flow has this name", rail.place)
    if rail.surface is None:
        elsewhere = configuration.catalogue.directions_of(rail.flow)
        if elsewhere:
            why = f"a library rail for {' and '.join(elsewhere)}, listed for {rail.direction}"
            return Fate(rail.text, "inert", why, rail.place)
        return Fate(rail.text, "runs", "a library flow", rail.place)
    facts = configuration.catalogue.flows(configuration.generation).get(rail.flow, {})
    armed_by = facts.get("armed_by")
    if armed_by is not None:
        setters = [
            statement.place
            for flow in configuration.flows.values()
            for statement in flow.statements
            if statement.target == armed_by
        ]
        if setters:
            return Fate(rail.text, "waits", f"runs when ${armed_by} is True, set at {setters[0]}", rail.place)
        return Fate(rail.text, "inert", f"waits for ${armed_by}, which no flow sets", rail.place)
    return Fate(rail.text, "runs", f"library rail, runs {rail.surface['action']}", rail.place)
