"""Builds the fixes of what stands in lines of text: Colang, Python, and texts in YAML.

Each function returns None where the text is not what it is thought to be.
"""

from __future__ import annotations

import re

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import origin_of
from guardlint.rules.rule import Fix
from guardlint.source.colang import Flow, Statement
from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = [
    "add_import",
    "add_line",
    "ends_there",
    "remove_line",
    "rename_variable",
    "replace_text",
]


def replace_text(
    configuration: Configuration,
    place: Place,
    old: str,
    new: str,
    *,
    title: str = "",
    path: DataPath | None = None,
    safe: bool = True,
) -> Fix | None:
    """Write ``new`` for ``old``, which begins at ``place``; None where it does not stand there.

    ``path``: the value of the configuration that it is part of, where it stands in a YAML file.
    """
    text = configuration.texts.get(place.file)
    lines = text.removeprefix("\ufeff").split("\n") if text is not None else []
    if place.line > len(lines) or "\n" in old:
        return None
    start = place.column - 1
    if lines[place.line - 1][start : start + len(old)] != old:
        return None
    _, own = origin_of(configuration, path) if path is not None else (None, ())
    edit = Edit(Place.at(place.file, place.line, place.column, len(old)), new)
    return Fix(title or f"write `{new}` for `{old}`", (edit,), safe, (own,) if path is not None else ())


def rename_variable(
    configuration: Configuration, flow: Flow, name: str, new: str, *, safe: bool = True
) -> Fix | None:
    """Write ``$new`` for ``$name`` wherever the flow reads it."""
    edits: list[Edit] = []
    for statement in flow.statements:
        place = statement.place
        for found in re.finditer(rf"\${re.escape(name)}\b", statement.text):
            one = Place(place.file, place.line, place.column + found.start(), place.line, 0)
            fix = replace_text(configuration, one, f"${name}", f"${new}")
            if fix is None:
                return None
            edits += fix.edits
    return Fix(f"write `${new}` for `${name}`", tuple(edits), safe) if edits else None


def remove_line(configuration: Configuration, line: Place, title: str, *, safe: bool = True) -> Fix | None:
    """Take out the line at ``line`` of a Colang or Python file; None where a comment stands on it."""
    lines = _lines(configuration, line.file)
    if line.line >= len(lines) or "#" in lines[line.line - 1]:
        return None
    return Fix(title, (Edit(Place(line.file, line.line, 1, line.line + 1, 1), ""),), safe)


def add_line(
    configuration: Configuration,
    place: Place,
    text: str,
    *,
    title: str,
    above: bool = False,
    safe: bool = True,
) -> Fix | None:
    """Write ``text`` on lines of its own below (or above) that of ``place``, indented as it is."""
    lines = _lines(configuration, place.file)
    if place.line > len(lines):
        return None
    here = lines[place.line - 1]
    indent = here[: len(here) - len(here.lstrip())]
    text = "\n".join(f"{indent}{line}" for line in text.split("\n"))
    if above:
        return Fix(title, (Edit.insert(place.file, place.line, 1, f"{text}\n"),), safe)
    return Fix(title, (Edit.insert(place.file, place.line, len(here) + 1, f"\n{text}"),), safe)


def add_import(configuration: Configuration, module: str, *, safe: bool = True) -> Fix | None:
    """Write ``import module`` below the other imports of the Colang file that has most, else at the top."""
    if not configuration.read_colang:
        return None
    file = max(
        configuration.read_colang,
        key=lambda file: (len(file.imports), any(flow.name == "main" for flow in file.flows)),
    )
    title = f"add `import {module}`"
    if file.imports:
        return add_line(configuration, file.imports[-1].place, f"import {module}", title=title, safe=safe)
    return Fix(title, (Edit.insert(file.file, 1, 1, f"import {module}\n\n"),), safe)


def ends_there(configuration: Configuration, statement: Statement) -> bool:
    """Whether nothing below belongs to the line of a statement: no text of a message, no branch."""
    lines = _lines(configuration, statement.place.file)
    here = lines[statement.place.line - 1]
    below = next((line for line in lines[statement.place.line :] if line.strip()), "")
    deeper = len(below) - len(below.lstrip()) > len(here) - len(here.lstrip())
    return "\n" not in statement.text and not deeper and not below.lstrip().startswith(('"', "'"))


def _lines(configuration: Configuration, file: str) -> list[str]:
    return configuration.texts.get(file, "").removeprefix("\ufeff").split("\n")
