"""What the files of one folder say about the NeMo version: lock files, requirements, project files.

Nothing is run and nothing is raised: a file that cannot be read says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guardlint.lint.specifiers import Allowed, parse_allowed
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.listing import names_like

__all__ = ["allowed_in"]

_PACKAGE = "nemoguardrails"
# uv.lock, poetry.lock, pdm.lock and pylock.toml all put the version right below the name.
_LOCKED = lazy_pattern(r'^name = "nemoguardrails"\s+version = "([^"]+)"', re.MULTILINE | re.IGNORECASE)
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_FILES = (
    *_LOCKS, "Pipfile.lock", "Pipfile", "requirements*.txt", "requirements", "constraints*.txt",
    "pyproject.toml", "setup.cfg", "setup.py",
)  # fmt: skip
_REQUIREMENT = lazy_pattern(rf"\s*{_PACKAGE}(?![\w.-])\s*(?:\[[^\]]*\])?\s*(?P<rest>[^;#]*)", re.IGNORECASE)
_INCLUDED = lazy_pattern(r"\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)")
# A wheel's name or a tag, of a requirement that is an address.
_IN_ADDRESS = lazy_pattern(rf"{_PACKAGE}-(\d+(?:\.\d+)+)|@v?(\d+(?:\.\d+)+)", re.IGNORECASE)
_DEEPEST = 5


def allowed_in(name: str) -> Iterator[Allowed]:
    """Every requirement for NeMo that stands in the files of the folder: lock files first, then the rest."""
    if not names_like(name, *_FILES):
        return
    folder = Path(name)
    yield from _locks(folder)
    yield from _requirements(folder)
    yield from _pyproject(folder / "pyproject.toml")
    yield from _pipfile(folder / "Pipfile")
    yield from _setup_cfg(folder / "setup.cfg")
    yield from _setup_py(folder / "setup.py")


def _text(path: Path) -> str:
    """The file's text; empty where there is none, and then nothing to read it with is imported."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def _locks(folder: Path) -> Iterator[Allowed]:
    for name in _LOCKS:
        for version in _LOCKED.findall(_text(folder / name)):
            yield parse_allowed(f"=={version}")
    text = _text(folder / "Pipfile.lock")
    if not text:
        return
    import json

    try:
        locked = json.loads(text)
    except ValueError:
        return
    for group in ("default", "develop"):
        entry = _mapping(_mapping(locked).get(group)).get(_PACKAGE)
        yield from _table_entry(entry)


def _requirements(folder: Path) -> Iterator[Allowed]:
    named = [folder / "requirements.txt"]
    named += [folder / name for name in names_like(folder, "requirements*.txt")]
    named += [folder / "requirements" / name for name in names_like(folder / "requirements", "*.txt")]
    named += [folder / name for name in names_like(folder, "constraints*.txt")]
    seen: set[Path] = set()
    for path in named:
        yield from _requirements_file(path, seen, _DEEPEST)


def _requirements_file(path: Path, seen: set[Path], depth: int) -> Iterator[Allowed]:
    if path in seen or not depth:
        return
    seen.add(path)
    for line in _text(path).replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        included = _INCLUDED.match(line)
        if included is not None:
            yield from _requirements_file(path.parent / included[1], seen, depth - 1)
        else:
            yield from _requirement(line)


def _requirement(line: str) -> Iterator[Allowed]:
    """One line of a requirements file, or one entry of a list of dependencies."""
    found = _REQUIREMENT.match(line)
    if found is not None:
        # Hashes and other options follow the version.
        rest = re.split(r"\s--", found["rest"].strip())[0].strip()
        yield _address(rest) if rest.startswith("@") else parse_allowed(rest)
    elif f"egg={_PACKAGE}" in line.lower():
        yield _address(line)


def _address(text: str) -> Allowed:
    found = _IN_ADDRESS.search(text)
    return parse_allowed(f"=={found[1] or found[2]}") if found else Allowed(())


def _pyproject(path: Path) -> Iterator[Allowed]:
    data = _toml(path)
    project, tool = _mapping(data.get("project")), _mapping(data.get("tool"))
    lists = [project.get("dependencies"), *_mapping(project.get("optional-dependencies")).values()]
    lists += _mapping(data.get("dependency-groups")).values()
    lists += _mapping(_mapping(tool.get("pdm")).get("dev-dependencies")).values()
    lists.append(_mapping(tool.get("uv")).get("constraint-dependencies"))
    for listed in lists:
        yield from _listed(listed)
    poetry = _mapping(tool.get("poetry"))
    groups = [poetry, *map(_mapping, _mapping(poetry.get("group")).values())]
    for group in groups:
        for name in ("dependencies", "dev-dependencies"):
            yield from _table(group.get(name))


def _pipfile(path: Path) -> Iterator[Allowed]:
    data = _toml(path)
    for name in ("packages", "dev-packages"):
        yield from _table(data.get(name))


def _setup_cfg(path: Path) -> Iterator[Allowed]:
    text = _text(path)
    if not text:
        return
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    values = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        values += [value for _, value in parser.items("options.extras_require")]
    for value in values:
        yield from _listed(re.split(r"[\n]|;(?=\s*nemo)", value))


def _setup_py(path: Path) -> Iterator[Allowed]:
    """The texts in the file that are requirements; what is computed is not seen."""
    text = _text(path)
    if not text:
        return
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _listed([node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)])


def _listed(value: Any) -> Iterator[Allowed]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield from _requirement(item)


def _table(value: Any) -> Iterator[Allowed]:
    for name, entry in _mapping(value).items():
        if name.lower() == _PACKAGE:
            yield from _table_entry(entry)


def _table_entry(entry: Any) -> Iterator[Allowed]:
    """``"^0.21"``, ``{version = "^0.21"}``, ``{tag = "v0.21.0"}``, or several of them by marker."""
    for item in entry if isinstance(entry, list) else [entry]:
        if isinstance(item, str):
            yield parse_allowed(item)
        elif isinstance(item, dict):
            tag = item.get("tag") or item.get("ref")
            text = f"=={str(tag).removeprefix('v')}" if tag else str(item.get("version", ""))
            yield parse_allowed(text)


def _toml(path: Path) -> dict[str, Any]:
    text = _text(path)
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
