"""Which directories are NeMo Guardrails configurations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from guardlint.source.files import entries_of, read_bytes
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import YamlProblem, parse_yaml

__all__ = ["find_roots", "is_configuration", "is_root", "survey"]

_SKIP = frozenset(
    {"node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "env", "build", "dist", "kb"}
)
_MAIN_FILES = ("config.yml", "config.yaml")
_LOOKS_LIKE_ONE = lazy_pattern(
    r"^\ufeff?[\"']?(models|rails|colang_version|prompts|instructions|rail|import_paths|passthrough)"
    r"[\"']?[ \t]*:",
    re.MULTILINE,
)
# Whatever follows: a main file is one where it cannot be read, too.
_SURELY_ONE = lazy_pattern(r"(?:[ \t]*(?:#.*)?\n)*models: *\n *- (?:type: +\w+\n +)?engine: +\w+ *\n")
_APPROVED = lazy_pattern(r"^\ufeff?[\"']?schema[\"']?[ \t]*:[ \t]*[\"']?guardlint/rail/", re.MULTILINE)
_RAIL_SECTIONS = frozenset(
    "input output dialog retrieval config actions tool_input tool_output inputs outputs".split()
)


def find_roots(start: Path) -> list[Path]:
    """The outermost configurations at or below ``start``, sorted.

    ``start`` itself, else the first directory on each way down that holds a configuration file; hidden
    folders, virtual environments and what git ignores are passed over. Where no YAML file is one, folders
    that hold Colang files count, but not those of an approved rail (beside or below its ``rail.yml``): they
    are parts of what a bundle compiles. A folder of configurations is none itself, whatever file lies beside
    them.
    """
    return survey(start)[0]


def survey(start: Path, *suffixes: str) -> tuple[list[Path], list[str]]:
    """What :func:`find_roots` finds, and every file with one of the suffixes in the folders on the way.

    Files in the folders of configurations are among them. All of it by one walk.
    """
    top = str(start)
    is_one = is_root(start) and not _is_shelf(top)
    if is_one and not suffixes:
        return [start], []
    roots: list[Path] = [start] if is_one else []
    colang: list[Path] = []
    sources: list[str] = []
    # What all folders below the configuration that was found last begin with.
    within = _inside(top, "") if is_one else None
    for folder, folders, files in _folders(start):
        sources += [_inside(folder, name) for name in files if name.endswith(suffixes)]
        if is_one or (within is not None and folder.startswith(within)):
            if not suffixes:
                folders.clear()
        elif folder != top and _is_root(folder, files) and not _is_shelf(folder):
            roots.append(Path(folder))
            within = _inside(folder, "")
            if not suffixes:
                folders.clear()
        elif not roots and any(name.endswith(".co") for name in files):
            colang.append(Path(folder))
    if roots:
        return sorted(roots), sources
    known: dict[Path, bool] = {}
    return _outermost(folder for folder in colang if not _is_part(folder.resolve(), known)), sources


def _outermost(folders: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in folders:
        if not any(above in folder.parents for above in found):
            found.append(folder)
    return sorted(found)


def _is_part(folder: Path, known: dict[Path, bool]) -> bool:
    """Whether an approved rail lies in the folder or above it, wherever the search began."""
    if folder not in known:
        known[folder] = _holds_a_rail(folder) or (folder.parent != folder and _is_part(folder.parent, known))
    return known[folder]


def _holds_a_rail(folder: Path) -> bool:
    """Whether the manifest of an approved rail lies in it."""
    try:
        text = read_bytes(str(folder / "rail.yml")).decode("utf-8", "replace")
    except OSError:
        return False
    return _APPROVED.search(text) is not None


def _folders(start: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk`` in order, without hidden folders, environments, and what git ignores."""
    ignored = _ignored_by_git(start)
    waiting = [str(start)]
    while waiting:
        folder = waiting.pop()
        try:
            listed = entries_of(folder)
        except OSError:
            continue
        links = {name for name, is_folder, is_link in listed if is_folder and is_link}
        folders = [
            name
            for name, is_folder, _ in listed
            if is_folder
            and not name.startswith(".")
            and name not in _SKIP
            and _inside(folder, name) not in ignored
            and not os.path.exists(_inside(folder, name, "pyvenv.cfg"))  # noqa: PTH110
        ]
        yield folder, folders, [name for name, is_folder, _ in listed if not is_folder]
        waiting += [_inside(folder, name) for name in reversed(folders) if name not in links]


def _inside(folder: str, *names: str) -> str:
    """The path as a Path writes it; there are thousands, and few are worth a Path."""
    return os.path.join("" if folder == "." else folder, *names)  # noqa: PTH118


def is_root(folder: Path) -> bool:
    """Whether a YAML file directly in ``folder`` is a configuration file of NeMo."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return False
    return _is_root(str(folder), names)


def _is_root(folder: str, names: list[str]) -> bool:
    return any(
        _is_configuration_file(_inside(folder, name)) for name in names if name.endswith((".yml", ".yaml"))
    )


def _is_shelf(folder: str) -> bool:
    """Whether it has no ``config.yml``, and two folders or more below it have one of their own.

    NeMo's server decides the same way: a folder without ``config.yml`` is one of configurations
    (``server/api.py``). With one such folder below, the files beside it are more likely a part of it.
    """
    if any(os.path.isfile(_inside(folder, name)) for name in _MAIN_FILES):  # noqa: PTH113
        return False
    found = 0
    for here, folders, files in _folders(Path(folder)):
        if any(name in files and _is_configuration_file(_inside(here, name)) for name in _MAIN_FILES):
            folders.clear()
            found += 1
            if found == 2:
                return True
    return False


def _is_configuration_file(path: str) -> bool:
    is_main = os.path.basename(path) in _MAIN_FILES  # noqa: PTH119
    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except OSError:
        return is_main
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if is_main and text.count("models") == 1 and _SURELY_ONE.match(text) and "schema: guardlint/" not in text:
        return True
    if not _LOOKS_LIKE_ONE.search(text) or "\nschema: guardlint/" in f"\n{text}":
        return False
    try:
        data = parse_yaml(text, path).data
    except YamlProblem:
        return is_main or len(set(_LOOKS_LIKE_ONE.findall(text))) > 1
    return isinstance(data, dict) and is_configuration(data)


def is_configuration(data: dict[Any, Any]) -> bool:
    """Whether NeMo's keys are in it.

    That is ``models`` with engines (or none at all), ``rails`` with NeMo's parts, or a Colang version.
    """
    models = data.get("models")
    if models == [] or (
        isinstance(models, list)
        and any(
            isinstance(model, dict) and ("engine" in model or model.get("type") in ("main", "embeddings"))
            for model in models
        )
    ):
        return True
    if "colang_version" in data or {"rails", "models"} <= data.keys():
        return True
    rails = data.get("rails", data.get("rail"))
    return isinstance(rails, dict) and bool(_RAIL_SECTIONS & set(map(str, rails)))


def _ignored_by_git(start: Path) -> frozenset[str]:
    """Directories below ``start`` that git ignores; none outside a repository or without git."""
    if not any((folder / ".git").exists() for folder in (start, *start.parents)):
        return frozenset()
    import subprocess

    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"],
            cwd=start, capture_output=True, check=True, timeout=30,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    names = listed.decode("utf-8", "surrogateescape").split("\0")
    return frozenset(str(start / name.rstrip("/")) for name in names if name.endswith("/"))
