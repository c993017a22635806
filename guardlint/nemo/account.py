"""What becomes of everything in a configuration: what runs, what is inert, what is dropped, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.prompt_choice import choose_prompt
from guardlint.nemo.references import RailReference
from guardlint.source.colang import Flow
from guardlint.source.files import shown_path
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = ["Contribution", "Fate", "contributions", "files", "flows", "messages", "prompts", "rails"]

State = Literal["runs", "waits", "inert", "missing", "lost", "read", "skipped", "chosen"]


@dataclass(frozen=True, slots=True)
class Fate:
    """One thing, what becomes of it and why. ``name`` is what its author calls it."""

    name: str
    state: State
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Contribution:
    """A value that a file gives to a path; of several the last one in the list that is ``kept`` holds."""

    value: Any
    place: Place | None
    kept: bool
    how: str


def rails(configuration: Configuration) -> dict[str, list[Fate]]:
    """Per direction, in the order in which they run, the listed rails."""
    return {
        direction: [_rail(configuration, rail) for rail in configuration.rails(direction)]
        for direction in DIRECTIONS
        if configuration.rails(direction)
    }


def _rail(configuration: Configuration, rail: RailReference) -> Fate:
    own = configuration.flows.get(rail.flow)
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


def flows(configuration: Configuration) -> list[Fate]:
    """Every definition of a flow: which of several wins, and whether anything starts it."""
    started = _started(configuration)
    found = []
    for file in configuration.read_colang:
        for flow in file.flows:
            winner = configuration.flows.get(flow.name)
            if winner is not None and winner is not flow:
                found.append(
                    Fate(flow.name, "lost", f"{winner.place} defines it as well and wins", flow.place)
                )
            elif not flow.name or flow.name in started:
                why = started.get(flow.name, "starts by itself")
                found.append(Fate(flow.name or "(no name)", "runs", why, flow.place))
            else:
                found.append(
                    Fate(flow.name, "inert", "no rail lists it and no flow that runs calls it", flow.place)
                )
    return found


def _started(configuration: Configuration) -> dict[str, str]:
    """Flows that something starts, with what does."""
    found = {rail.flow: f"listed in rails.{rail.direction}" for rail in configuration.all_rails()}
    if configuration.generation == "2.x":
        for name in ("main", "input rails", "output rails"):
            found.setdefault(name, "NeMo starts it")
    for flow in configuration.flows.values():
        if _starts_itself(configuration, flow):
            found.setdefault(flow.name, "starts by itself")
    reached = [name for name in found if name in configuration.flows]
    while reached:
        for call in configuration.flows[reached.pop()].calls():
            if call.name in configuration.flows and call.name not in found:
                found[call.name] = f"called at {call.place}"
                reached.append(call.name)
    return found


def _starts_itself(configuration: Configuration, flow: Flow) -> bool:
    """A 1.0 flow that is no subflow waits for its first event; in 2.x a decorator starts one."""
    if configuration.generation == "1.0":
        overrides = flow.name in configuration.catalogue.flows("1.0")
        return "subflow" not in flow.modifiers or overrides
    return any(decorator.startswith(("@active", "@loop")) for decorator in flow.decorators)


def prompts(configuration: Configuration) -> list[Fate]:
    """Every prompt: whether NeMo takes it for its task."""
    found = []
    for prompt in configuration.prompts:
        winner = choose_prompt(configuration, prompt.task)
        if winner is prompt:
            found.append(Fate(prompt.task, "chosen", "fits best, or stands last", prompt.place))
        elif winner is None:
            found.append(Fate(prompt.task, "lost", "its mode is not the one in use", prompt.place))
        else:
            found.append(Fate(prompt.task, "lost", f"NeMo takes the one at {winner.place}", prompt.place))
    return found


def messages(configuration: Configuration) -> list[Fate]:
    """Every block of bot messages: which wins, and which of the library's it takes the place of."""
    library = configuration.catalogue.messages(configuration.generation)
    found = []
    for file in configuration.read_colang:
        for message in file.messages:
            if message.kind != "bot":
                continue
            winner = configuration.messages[message.name]
            if winner.place.file != message.place.file:
                found.append(
                    Fate(message.name, "lost", f"{winner.place} is nearer to the root", message.place)
                )
            else:
                why = "takes the place of the library's" if message.name in library else "the team's own"
                found.append(Fate(message.name, "runs", why, message.place))
    return found


def files(configuration: Configuration) -> list[Fate]:
    """Every file below the root: what NeMo does with it."""
    broken = {problem.place.file: problem.message for problem in configuration.problems}
    versions = {file.file: file.version for file in configuration.colang_files}
    found = []
    for walked in configuration.files:
        place = Place.at(shown_path(walked.path))
        if walked.kind == "ignored":
            fate = Fate(walked.relative, "skipped", f".railsignore: {walked.ignored_by}", place)
        elif place.file in broken:
            fate = Fate(walked.relative, "lost", f"the file {broken[place.file]}", place)
        elif walked.kind == "document":
            indexed = walked.relative.endswith(".md")
            why = "a document: its path starts with kb" if indexed else "below kb only .md files are read"
            fate = Fate(walked.relative, "read" if indexed else "skipped", why, place)
        elif walked.kind == "colang" and versions.get(place.file) != configuration.generation:
            seen = versions.get(place.file)
            why = f"NeMo takes it for Colang {seen}, the configuration is {configuration.generation}"
            fate = Fate(walked.relative, "skipped", why, place)
        elif walked.kind == "other":
            fate = Fate(walked.relative, "skipped", "NeMo does not look at it", place)
        else:
            fate = Fate(
                walked.relative, "read", {"yaml": "joined", "colang": "parsed"}.get(walked.kind, "run"), place
            )
        found.append(fate)
    return found


def contributions(configuration: Configuration, path: DataPath) -> Iterator[Contribution]:
    """Where the value at ``path`` comes from: NeMo's default, and every file that wrote it, in order."""
    how = _how(configuration, str(path[0]))
    if how in ("concatenated", "merged", "union") and len(path) > 1:
        # An entry of a joined list or mapping has one origin; its index there may be another.
        found = configuration.joined.origin(path)
        written = [(found[0], found[1])] if found and _has(found[0].data, found[1]) else []
    else:
        written = [(file, path) for file in configuration.yaml_files if _has(file.data, path)]
    node = configuration.catalogue.key(path)
    if node is not None and "default" in node:
        yield Contribution(node["default"], None, not written, "NeMo's default")
    origin = configuration.joined.origin(path)
    for file, own in written:
        place = file.place(own, key=isinstance(own[-1], str))
        kept = how not in ("dropped", "replaced", "first") or (origin is not None and origin[0] is file)
        yield Contribution(_get(file.data, own), place, kept, _WORDS[how] if kept else _LOST[how])


_WORDS = {
    "concatenated": "lists of all files are joined",
    "merged": "mappings of all files are merged",
    "union": "lists of all files are joined, without repetitions",
    "first": "the first file that has it counts",
    "replaced": "the last file that has it counts",
    "dropped": "NeMo does not know it",
}
_LOST = {**_WORDS, "first": "a file before has it", "replaced": "a later file takes its place"}


def _how(configuration: Configuration, top: str) -> str:
    """How NeMo joins the section that a path begins with."""
    joining = configuration.catalogue.data["joining"]
    return next((name for name, keys in joining.items() if isinstance(keys, list) and top in keys), "dropped")


def _has(data: Any, path: DataPath) -> bool:
    for part in path:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return False
    return True


def _get(data: Any, path: DataPath) -> Any:
    for part in path:
        data = data[part]
    return data
