"""What depends on the order in which the disk lists files, which differs from machine to machine.

NeMo walks a configuration with ``os.walk``: a folder comes before the folders below it, but files of one
folder, and folders side by side, come as the file system has them. Where two such files give the same thing
a value, one of them wins here and perhaps another there. guardlint takes them sorted by name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from guardlint.nemo.messages import messages_of
from guardlint.nemo.prompt_choice import answering_model, prompt_score
from guardlint.source.files import shown_path
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

if TYPE_CHECKING:
    from guardlint.nemo.configuration import Configuration

__all__ = ["OrderDependent", "order_dependent"]

Kind = Literal["section", "entry", "instruction", "model", "prompt", "flow", "bot", "user", "action"]


@record
class OrderDependent:
    """One thing with several possible values.

    ``name``: the section (``rails``), the entry (``bot_messages.hello``), a model's type, a prompt's task,
    a flow, a message or an action. ``kept``: where the value stands that wins when files come sorted by
    name; ``others``: where those stand that win in another order. ``path`` of the effective configuration,
    None for what is no YAML.
    """

    kind: Kind
    name: str
    kept: Place
    others: tuple[Place, ...]
    path: DataPath | None = None


@record
class _Candidate:
    """One definition: the file's index in the walk, what it comes to, and its place."""

    at: int
    value: Any
    place: Place


def order_dependent(configuration: Configuration) -> tuple[OrderDependent, ...]:
    """Everything in the configuration whose value another order of the same files may change."""
    if len(configuration.yaml_files) + len(configuration.colang_files) + len(configuration.python_files) < 2:
        return ()
    order = _Order(configuration)
    found = [*_sections(order), *_entries(order), *_listed(order), *_prompts(order)]
    if configuration.generation == "1.0":
        found += _flows(order)
        for kind in ("bot", "user"):
            found += _messages(order, kind)
    return (*found, *_actions(order))


class _Order:
    """Where each file stands in the walk, and which of two must come first."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.stands = [(file.source, file.folders) for file in configuration.files]
        self.index = {
            shown_path(file.path): at
            for at, file in enumerate(configuration.files)
            if file.kind in ("yaml", "colang", "python")
        }

    def at(self, file: str) -> int:
        """The index in the walk of a file as reports show it."""
        return self.index.get(file, 0)

    def precedes(self, one: int, other: int) -> bool:
        """Whether file ``one`` comes before file ``other`` on every machine."""
        (source, first), (other_source, second) = self.stands[one], self.stands[other]
        if source != other_source:
            return source < other_source
        return len(first) < len(second) and second[: len(first)] == first

    def last(self, found: list[_Candidate]) -> list[_Candidate]:
        """Those that can come last."""
        return [one for one in found if not any(self.precedes(one.at, other.at) for other in found)]

    def first(self, found: list[_Candidate]) -> list[_Candidate]:
        """Those that can come first."""
        return [one for one in found if not any(self.precedes(other.at, one.at) for other in found)]


def _judge(
    kind: Kind, name: str, possible: list[_Candidate], kept: _Candidate, path: DataPath | None = None
) -> Iterator[OrderDependent]:
    others = tuple(one.place for one in possible if one is not kept and one.value != kept.value)
    if others:
        yield OrderDependent(kind, name, kept.place, others, path)


def _sections(order: _Order) -> Iterator[OrderDependent]:
    """Sections that are replaced whole (the last file's holds), and those of which the first holds."""
    joining = order.configuration.catalogue.data["joining"]
    for key in (*joining["replaced"], *joining["first"]):
        found = [
            _Candidate(order.at(file.file), file.data[key], file.place((key,), key=True))
            for file in order.configuration.yaml_files
            if key in file.data and (key in joining["replaced"] or file.data[key])
        ]
        if len(found) > 1:
            last = key in joining["replaced"]
            possible = order.last(found) if last else order.first(found)
            yield from _judge("section", key, possible, found[-1 if last else 0], (key,))


def _entries(order: _Order) -> Iterator[OrderDependent]:
    """Entries of the mappings that are merged key by key: the last file's holds."""
    for key in order.configuration.catalogue.data["joining"]["merged"]:
        by_name: dict[Hashable, list[_Candidate]] = {}
        for file in order.configuration.yaml_files:
            section = file.data.get(key)
            for name, value in section.items() if isinstance(section, dict) else ():
                place = file.place((key, name), key=True)
                by_name.setdefault(name, []).append(_Candidate(order.at(file.file), value, place))
        for name, found in by_name.items():
            if len(found) > 1:
                yield from _judge("entry", f"{key}.{name}", order.last(found), found[-1], (key, str(name)))


def _listed(order: _Order) -> Iterator[OrderDependent]:
    """Of several models or instructions of one type NeMo takes the first."""
    sections: tuple[tuple[str, Kind], ...] = (("models", "model"), ("instructions", "instruction"))
    for key, kind in sections:
        by_type: dict[Hashable, list[_Candidate]] = {}
        paths: dict[Hashable, DataPath] = {}
        listed = order.configuration.value((key,), [])
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            origin = order.configuration.joined.origin((key, index))
            if origin is None or not isinstance(item, dict) or not isinstance(item.get("type"), str):
                continue
            place = order.configuration.place((key, index))
            paths.setdefault(item["type"], (key, index))
            by_type.setdefault(item["type"], []).append(_Candidate(order.at(origin[0].file), item, place))
        for name, found in by_type.items():
            if len(found) > 1:
                # Of one file the first entry counts, whatever the order of the files.
                found = [one for at, one in enumerate(found) if one.at not in {it.at for it in found[:at]}]
                yield from _judge(kind, str(name), order.first(found), found[0], paths[name])


def _prompts(order: _Order) -> Iterator[OrderDependent]:
    """Of prompts that fit equally well NeMo takes the last."""
    configuration = order.configuration
    mode = str(configuration.effective(("prompting_mode",)) or "standard")
    by_task: dict[str, list[tuple[float, _Candidate, DataPath]]] = {}
    for prompt in configuration.prompts:
        origin = configuration.joined.origin(prompt.path)
        score = prompt_score(prompt.data, answering_model(configuration, prompt.task).lower(), mode)
        if origin is None or score is None:
            continue
        candidate = _Candidate(order.at(origin[0].file), prompt.data, prompt.place)
        by_task.setdefault(prompt.task, []).append((score, candidate, prompt.path))
    for task, scored in by_task.items():
        best = max(score for score, _, _ in scored)
        equal = [(candidate, path) for score, candidate, path in scored if score == best]
        last_of_file = {candidate.at: candidate for candidate, _ in equal}
        found = list(last_of_file.values())
        if len(found) > 1:
            yield from _judge("prompt", task, order.last(found), equal[-1][0], equal[-1][1])


def _flows(order: _Order) -> Iterator[OrderDependent]:
    """The flow of the file that is walked last runs."""
    by_name: dict[str, list[_Candidate]] = {}
    for file in order.configuration.read_colang:
        for flow in file.flows:
            value = [statement.text for statement in flow.statements]
            if flow.name:
                by_name.setdefault(flow.name, []).append(_Candidate(order.at(file.file), value, flow.place))
    for name, found in by_name.items():
        if len(found) > 1:
            yield from _judge("flow", name, order.last(found), found[0])


def _messages(order: _Order, kind: Literal["bot", "user"]) -> Iterator[OrderDependent]:
    """The message of the file that is walked first counts."""
    by_name: dict[str, list[_Candidate]] = {}
    for file in order.configuration.read_colang:
        for message in messages_of(file, kind).values():
            by_name.setdefault(message.name, []).append(
                _Candidate(order.at(file.file), message.texts, message.place)
            )
    for name, found in by_name.items():
        if len(found) > 1:
            yield from _judge(kind, name, order.first(found), found[-1])


def _actions(order: _Order) -> Iterator[OrderDependent]:
    """Of two actions of one name below ``actions/`` the file that is walked last has its way."""
    by_name: dict[str, list[_Candidate]] = {}
    for file in order.configuration.python_files:
        at = order.at(file.file)
        if "actions" not in order.configuration.files[at].relative.split("/")[:-1]:
            continue
        for action in file.actions:
            if action.name:
                by_name.setdefault(action.name, []).append(_Candidate(at, file.file, action.place))
    held = order.configuration.registered_actions
    for name, found in by_name.items():
        # What actions.py defines or init registers comes later on every machine.
        if len(found) > 1 and name in held and held[name].place.file in {one.value for one in found}:
            yield from _judge("action", name, order.last(found), found[-1])
