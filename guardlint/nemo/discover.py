"""Which directories are NeMo Guardrails configurations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import YamlProblem, parse_yaml

__all__ = ["find_roots", "is_configuration", "is_root", "source_files"]

_SKIP = frozenset(
    {"node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "env", "build", "dist", "kb"}
)
_MAIN_FILES = ("config.yml", "config.yaml")
_LOOKS_LIKE_ONE = lazy_pattern(
    r"^\ufeff?[\"']?(models|rails|colang_version|prompts|instructions|rail|import_paths|passthrough)"
    r"[\"']?[ \t]*:",
    re.MULTILINE,
)
_RAIL_SECTIONS = frozenset(
    "input output dialog retrieval config actions tool_input tool_output inputs outputs".split()
)


def find_roots(start: Path) -> list[Path]:
    """The outermost configurations at or below ``start``, sorted.

    ``start`` itself, else the first directory on each way down that holds a configuration file; hidden
    folders, virtual environments and what git ignores are passed over. Where no YAML file is one, folders
    that hold Colang files count. A folder of configurations is none itself, whatever file lies beside them.
    """
    if is_root(start) and not _is_shelf(start):
        return [start]
    roots: list[Path] = []
    colang: list[Path] = []
    for here, folders, files in _folders(start):
        if here != start and is_root(here) and not _is_shelf(here):
            roots.append(here)
            folders.clear()
            continue
        if any(name.endswith(".co") for name in files) and not any(root in here.parents for root in colang):
            colang.append(here)
    lone = [
        folder for folder in colang if not any(folder in root.parents or folder == root for root in roots)
    ]
    return sorted([*roots, *(folder for folder in lone if not roots)])


def source_files(start: Path) -> Iterator[Path]:
    """Every file below ``start`` in the folders that ``find_roots`` looks into, configurations included."""
    for here, _, files in _folders(start):
        yield from (here / name for name in sorted(files))


def _folders(start: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """``os.walk`` without hidden folders, environments, and what git ignores."""
    ignored = _ignored_by_git(start)
    for folder, folders, files in os.walk(start):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIP and str(here / name) not in ignored
        )
        folders[:] = [name for name in folders if not (here / name / "pyvenv.cfg").exists()]
        yield here, folders, files


def is_root(folder: Path) -> bool:
    """Whether a YAML file directly in ``folder`` is a configuration file of NeMo."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith((".yml", ".yaml")))
    except OSError:
        return False
    return any(_is_configuration_file(folder / name) for name in names)


def _is_shelf(folder: Path) -> bool:
    """Whether it has no ``config.yml``, and two folders or more below it have one of their own.

    NeMo's server decides the same way: a folder without ``config.yml`` is one of configurations
    (``server/api.py``). With one such folder below, the files beside it are more likely a part of it.
    """
    if any((folder / name).is_file() for name in _MAIN_FILES):
        return False
    found = 0
    for here, folders, files in _folders(folder):
        if any(name in files and _is_configuration_file(here / name) for name in _MAIN_FILES):
            folders.clear()
            found += 1
            if found == 2:
                return True
    return False


def _is_configuration_file(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return path.stem == "config"
    if not _LOOKS_LIKE_ONE.search(text) or "\nschema: guardlint/" in f"\n{text}":
        return False
    try:
        data = parse_yaml(text, str(path)).data
    except YamlProblem:
        return path.stem == "config" or len(set(_LOOKS_LIKE_ONE.findall(text))) > 1
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
