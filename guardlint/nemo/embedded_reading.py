"""The effective configuration of one that is no directory."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from guardlint.nemo.catalogue import Catalogue, load_catalogue
from guardlint.nemo.configuration import Configuration, FileProblem, assemble
from guardlint.nemo.embedded import EmbeddedConfiguration
from guardlint.nemo.joining import Joined
from guardlint.nemo.walk import WalkedFile, kind_of
from guardlint.source.place import Place
from guardlint.source.python import PythonFile
from guardlint.source.yaml_file import YamlFile

__all__ = ["read_embedded"]


def read_embedded(embedded: EmbeddedConfiguration, *, version: str | None = None) -> Configuration:
    """Read it as NeMo would; the places in it are those of ``embedded.virtual``, see ``true_place``.

    The actions that the Python file around it defines or registers count as the configuration's.
    """
    catalogue = load_catalogue(version)
    texts = embedded.files
    patterns = _patterns(texts.get(".railsignore", "")) if embedded.kind == "config_map" else ()
    files = tuple(_file(embedded, name, patterns) for name in texts)
    found = assemble(
        embedded.path.parent,
        embedded.name,
        catalogue,
        files,
        lambda file, _shown, _problems: texts[file.relative],
    )
    found.texts.update(embedded.sources)
    if embedded.path.suffix == ".py":
        outline = PythonFile(embedded.host.file, embedded.actions)
        found.python_files = (*found.python_files, outline)
    if embedded.kind == "from_path":
        _read_alone(found, catalogue)
    return found


def _file(embedded: EmbeddedConfiguration, name: str, patterns: tuple[str, ...]) -> WalkedFile:
    path = str(Path(embedded.virtual(name)))
    if embedded.kind != "config_map":
        return WalkedFile(path, name, "colang" if name.endswith(".co") else "yaml")
    pattern = next((pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)), None)
    if pattern is not None:
        return WalkedFile(path, name, "ignored", pattern)
    kind = kind_of(name)
    if kind == "document" and not name.endswith(".md"):
        # A volume holds every key twice: as a link, and in the folder of the links' targets, where the
        # name does not begin with kb.
        kind = kind_of(f"..data/{name}")
    return WalkedFile(path, name, kind)


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip() and line[0] != "#")


def _read_alone(found: Configuration, catalogue: Catalogue) -> None:
    """``from_path`` gives what stands in a lone file to its model as it is: nothing is joined or imported."""
    known = {key for keys in catalogue.data["joining"].values() if isinstance(keys, list) for key in keys}
    for file in found.yaml_files:
        found.joined = _as_it_is(catalogue, file, known)
        if "models" not in file.data:
            problem = FileProblem(
                "lacks `models`, which NeMo demands of a file that is loaded alone",
                Place.at(file.file),
                help="add `models:` (`models: []` where the application brings the model)",
            )
            found.problems = (*found.problems, problem)


def _as_it_is(catalogue: Catalogue, file: YamlFile, known: set[str]) -> Joined:
    joined = Joined(catalogue.data["joining"])
    for key, value in file.data.items():
        if key == "import_paths":
            continue  # never followed
        if key in known:
            joined.raw[key] = value
            joined.origins[(key,)] = (file, (key,))
        else:
            joined.dropped.append((file, key))
    return joined
