"""What becomes of everything in a configuration: what runs, what is inert, what is dropped, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.asked import asked_tasks
from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.prompt import BuiltinPrompt
from guardlint.nemo.prompt_choice import answering_model, taken_prompt
from guardlint.nemo.rail_fates import Fate, State, rails
from guardlint.nemo.reach import started_flows
from guardlint.source.files import shown_path
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = [
    "Contribution",
    "Fate",
    "actions",
    "contributions",
    "files",
    "flows",
    "messages",
    "prompts",
    "rails",
]


@record
class Contribution:
    """A value that a file gives to a path; of several the last one in the list that is ``kept`` holds."""

    value: Any
    place: Place | None
    kept: bool
    how: str


def actions(configuration: Configuration) -> list[Fate]:
    """Every action of the team's code: what NeMo knows it by, and whether a flow that starts runs it."""
    run: dict[str, str] = {}
    for name, flow in started_flows(configuration).items():
        for called in flow.actions:
            run.setdefault(snake_case(called), f"`{name}` runs it")
    found = []
    for action in configuration.actions:
        if action.name is None:
            found.append(Fate(action.function, "waits", "its name is known at run time only", action.place))
            continue
        instead = configuration.catalogue.action(action.name)
        what = "takes the place of NeMo's" if instead else "defined" if action.decorated else "registered"
        who = run.get(snake_case(action.name))
        state: State = "runs" if who or instead else "inert"
        found.append(
            Fate(action.name, state, f"{what}, {who or 'no flow that starts runs it'}", action.place)
        )
    return found


def flows(configuration: Configuration) -> list[Fate]:
    """Every definition of a flow: which of several wins, and whether anything starts it."""
    started = started_flows(configuration)
    found = []
    for file in configuration.read_colang:
        for flow in file.flows:
            winner = configuration.flows.get(flow.name)
            if winner is not None and winner is not flow:
                found.append(
                    Fate(flow.name, "lost", f"{winner.place} defines it as well and wins", flow.place)
                )
            elif not flow.name or flow.name in started:
                why = started[flow.name].why if flow.name in started else "starts by itself"
                found.append(Fate(flow.name or "(no name)", "runs", why, flow.place))
            else:
                found.append(
                    Fate(flow.name, "inert", "no rail lists it and no flow that runs calls it", flow.place)
                )
    return found


def prompts(configuration: Configuration) -> list[Fate]:
    """Every prompt: whether NeMo takes it for its task, and whether that task is ever asked."""
    asked = {item.task: item.by for item in asked_tasks(configuration)}
    # A team's own action can render any task.
    coded = bool(configuration.python_files or configuration.foreign_imports)
    found = []
    for prompt in configuration.prompts:
        winner = taken_prompt(configuration, prompt.task)
        if winner is prompt and prompt.task in asked:
            found.append(Fate(prompt.task, "chosen", f"for {asked[prompt.task]}", prompt.place))
        elif winner is prompt and coded:
            found.append(Fate(prompt.task, "waits", "only code can ask for this task", prompt.place))
        elif winner is prompt:
            found.append(Fate(prompt.task, "inert", "no rail and no flow asks for this task", prompt.place))
        elif winner is None:
            found.append(Fate(prompt.task, "lost", "its mode is not the one in use", prompt.place))
        elif isinstance(winner, BuiltinPrompt):
            model = answering_model(configuration, prompt.task)
            why = f"NeMo takes its own in {winner.file}, which fits {model} better"
            found.append(Fate(prompt.task, "lost", why, prompt.place))
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
