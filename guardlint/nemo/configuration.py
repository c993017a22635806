"""One NeMo Guardrails directory, read once: its files, and what NeMo makes of them together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from guardlint.nemo.catalogue import DIRECTIONS, Catalogue, load_catalogue
from guardlint.nemo.colang_problems import colang_problems
from guardlint.nemo.file_reading import FileProblem, ReadFile, TextOf, text_of_file
from guardlint.nemo.gathering import Find, gather
from guardlint.nemo.imports import (
    Imported,
    Search,
    dotted,
    foreign_imports,
    imported_modules,
    likely_search,
    written_path,
)
from guardlint.nemo.joining import Joined
from guardlint.nemo.messages import messages_of
from guardlint.nemo.once import once
from guardlint.nemo.prompt import Prompt, templates_of
from guardlint.nemo.references import RailReference, normalise_flow, parameters_of
from guardlint.nemo.registration import registered_actions
from guardlint.nemo.walk import WalkedFile, walk
from guardlint.source.colang import ColangFile, Flow, Message
from guardlint.source.files import read_text, shown_path
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition, PythonFile
from guardlint.source.yaml_file import DataPath, YamlFile

if TYPE_CHECKING:
    from guardlint.nemo.order import OrderDependent
    from guardlint.nemo.reading_ahead import ReadAhead

__all__ = ["Configuration", "FileProblem", "Prompt", "assemble", "read_configuration"]


@dataclass
class Configuration:
    """The effective configuration. ``name`` is the directory as reports show it."""

    root: Path
    name: str
    catalogue: Catalogue
    files: tuple[WalkedFile, ...]
    yaml_files: tuple[YamlFile, ...]
    colang_files: tuple[ColangFile, ...]
    python_files: tuple[PythonFile, ...]
    problems: tuple[FileProblem, ...]
    joined: Joined
    texts: dict[str, str] = field(default_factory=dict)
    imported: tuple[Imported, ...] = ()

    @cached_property
    def colang_version(self) -> str:
        """``colang_version``, ``"1.0"`` by default."""
        return str(self.joined.raw.get("colang_version", "1.0"))

    @cached_property
    def generation(self) -> Literal["1.0", "2.x"]:
        """The language that the files are read in."""
        return "2.x" if self.colang_version == "2.x" else "1.0"

    @cached_property
    def read_colang(self) -> tuple[ColangFile, ...]:
        """The Colang files that NeMo reads, the winning first; those of the other version are skipped."""
        return tuple(file for file in reversed(self.colang_files) if file.version == self.generation)

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """The user's flows by name; of several with one name the one that NeMo runs (the deepest file's).

        Flows without a name all run, as ``define flow (file:line:column)`` here.
        """
        found: dict[str, Flow] = {}
        for file in self.read_colang:
            for flow in file.flows:
                name = flow.name or f"define flow ({flow.place})"
                if flow.is_override:
                    found[name] = flow
                found.setdefault(name, flow)
        return found

    @cached_property
    def messages(self) -> dict[str, Message]:
        """The user's bot messages; the file nearest to the root wins."""
        return self._messages("bot")

    @cached_property
    def user_messages(self) -> dict[str, Message]:
        """The user's examples of what people say; the file nearest to the root wins."""
        return self._messages("user")

    def _messages(self, kind: Literal["user", "bot"]) -> dict[str, Message]:
        found: dict[str, Message] = {}
        for file in self.read_colang:
            found.update(messages_of(file, kind))
        return found

    @cached_property
    def documents(self) -> tuple[str, ...]:
        """The texts of the knowledge base in NeMo's order: ``docs`` of the YAML files, and ``kb*`` files."""
        listed = {file.file: file.data.get("docs") or [] for file in self.yaml_files}
        found: list[str] = []
        for file in self.files:
            if file.is_text_of_kb:
                found.append(read_text(file.path))
            elif file.kind == "yaml":
                found += [item["content"] for item in listed.get(shown_path(file.path), ())]
        return tuple(found)

    @cached_property
    def actions(self) -> tuple[ActionDefinition, ...]:
        """What ``actions.py``, ``actions/`` and ``config.py`` define or register."""
        return tuple(action for file in self.python_files for action in file.actions)

    @cached_property
    def registered_actions(self) -> dict[str, ActionDefinition]:
        """By name, the user's actions that NeMo's dispatcher holds, the winner where there are several.

        ``actions/`` is read first, then ``actions.py``, those of imports after the configuration's own;
        what ``config.py`` registers comes last. A decorator counts in ``actions`` only, ``__init__.py``
        not at all, and code that Python cannot read registers nothing.
        """
        return registered_actions(self.python_files)

    @cached_property
    def has_unnamed_actions(self) -> bool:
        """Whether code registers an action under a name that cannot be read from the source."""
        return any(action.name is None for action in self.actions)

    @once
    def action_named(self, name: str) -> ActionDefinition | None:
        """The user's action of that name, in NeMo's normalised or its own spelling."""
        from guardlint.nemo.catalogue import snake_case

        wanted = {name, snake_case(name)}
        return next((action for action in self.actions if action.name in wanted), None)

    def value(self, path: DataPath, default: Any = None) -> Any:
        """The value at ``path`` as written; ``default`` where it is not there."""
        value: Any = self.joined.raw
        for part in path:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return default
        return value

    def effective(self, path: DataPath) -> Any:
        """The value at ``path``, or NeMo's default for it."""
        missing = object()
        value = self.value(path, missing)
        return self.catalogue.default(path) if value is missing else value

    def place(self, path: DataPath, *, key: bool = False) -> Place:
        """Where the value stands; the configuration itself where nobody wrote it."""
        for length in range(len(path), 0, -1):
            found = self.joined.place(path[:length], key=key)
            if found is not None:
                return found
        first = self.yaml_files[0].file if self.yaml_files else self.name
        return Place.at(first)

    @once
    def rails(self, direction: str) -> tuple[RailReference, ...]:
        """The rails listed for ``direction``, in the order in which they run."""
        listed = self.value(("rails", direction, "flows"), [])
        if not isinstance(listed, list):
            return ()
        found = []
        for index, text in enumerate(listed):
            if isinstance(text, str):
                path = ("rails", direction, "flows", index)
                flow = normalise_flow(text)
                surface = self.catalogue.surface(direction, flow)
                found.append(
                    RailReference(direction, text, flow, parameters_of(text), path, self.place(path), surface)
                )
        return tuple(found)

    def all_rails(self) -> Iterator[RailReference]:
        """Every listed rail of every direction."""
        return iter(self._all_rails)

    @cached_property
    def _all_rails(self) -> tuple[RailReference, ...]:
        return tuple(rail for direction in DIRECTIONS for rail in self.rails(direction))

    def flow_exists(self, name: str) -> bool:
        """Whether the user's files or the library define a flow. Colang 2.x sees what is imported only."""
        if name in self.flows:
            return True
        facts = self.catalogue.flows(self.generation).get(name)
        return facts is not None and (self.generation == "1.0" or facts["module"] in self.library_modules)

    @cached_property
    def import_names(self) -> tuple[str, ...]:
        """What ``import_paths`` and the Colang 2.x files import, as NeMo looks for it."""
        listed = self.value(("import_paths",), [])
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        if self.generation == "2.x":
            names += [written_path(item) for file in self.read_colang for item in file.imports]
        return tuple(dict.fromkeys(names))

    @property
    def imports(self) -> tuple[str, ...]:
        """The same with dots."""
        return tuple(dict.fromkeys(map(dotted, self.import_names)))

    @cached_property
    def library_modules(self) -> frozenset[str]:
        """The modules of NeMo's library that are imported, and what those import."""
        return imported_modules(self.imports, self.catalogue.data["modules"])

    @cached_property
    def foreign_imports(self) -> tuple[str, ...]:
        """Imports that are neither NeMo's library nor found here: NeMo looks where the application runs."""
        found = {item.name for item in self.imported if item.found is not None}
        foreign = foreign_imports(self.import_names, self.catalogue.data["modules"])
        return tuple(name for name in foreign if name not in found)

    @cached_property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts in the order in which NeMo joined them."""
        found = []
        listed = self.value(("prompts",), [])
        for index, data in enumerate(listed if isinstance(listed, list) else []):
            if not isinstance(data, dict) or not isinstance(data.get("task"), str):
                continue
            path: DataPath = ("prompts", index)
            found.append(
                Prompt(data["task"], templates_of(data, path), path, self.place((*path, "task")), data)
            )
        return tuple(found)

    @cached_property
    def models(self) -> tuple[dict[str, Any], ...]:
        """The entries of ``models`` that are mappings."""
        listed = self.value(("models",), [])
        return tuple(item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else ()

    @cached_property
    def order_dependent(self) -> tuple[OrderDependent, ...]:
        """Values that the order of files on the disk decides, which differs between machines."""
        from guardlint.nemo.order import order_dependent

        return order_dependent(self)

    def model_types(self) -> set[str]:
        """The ``type`` of every model."""
        return {str(model.get("type")) for model in self.models}


def read_configuration(
    root: Path, *, version: str | None = None, search: Search | None = None, ahead: ReadAhead | None = None
) -> Configuration:
    """Read a directory as NeMo would. Files that cannot be read become ``problems``; nothing is raised.

    ``search``: where imports are looked for; by default the folders in which an application that uses
    ``root`` is likely to run, and what COLANGPATH names. ``ahead``: what has been read of the directory.
    """
    colang_path = os.environ.get("COLANGPATH", "")

    def find(name: str) -> Path | None:
        return (search or likely_search(root, colang_path)).find(name)

    files, read = (walk(root), None) if ahead is None else (ahead.files, ahead.read)
    return assemble(root, shown_path(root), load_catalogue(version), files, text_of_file, find, read)


def assemble(
    root: Path,
    name: str,
    catalogue: Catalogue,
    files: tuple[WalkedFile, ...],
    text_of: TextOf,
    find: Find | None = None,
    ahead: Mapping[str, ReadFile] | None = None,
) -> Configuration:
    """Put a configuration together from files in NeMo's order; ``text_of`` gives None for a problem.

    Imports of other places are read where ``find`` is given. ``ahead``: by the path, files that are read.
    """
    found = gather(catalogue, files, text_of, find, ahead)
    problems = found.problems + colang_problems(
        found.colang_files, found.joined.raw.get("colang_version", "1.0")
    )
    return Configuration(
        root,
        name,
        catalogue,
        tuple(found.files),
        tuple(found.yaml_files),
        tuple(found.colang_files),
        tuple(found.python_files),
        tuple(dict.fromkeys(problems)),
        found.joined,
        found.texts,
        tuple(found.imported),
    )
