"""Dotted paths of the effective configuration, as policies write them.

``rails.output.streaming.enabled`` names one value; ``[*]`` stands for every entry of a list and ``*`` inside
a name for any characters, as in ``models[*].parameters.*api_key``.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Protocol

__all__ = ["HasValues", "Path", "path_text", "setting_parts", "setting_values"]

Path = tuple[str | int, ...]


class HasValues(Protocol):
    """An effective configuration, as far as paths need it."""

    def value(self, path: Path) -> object | None:
        """The value at a path with NeMo's defaults applied, or None when there is none."""


def setting_values(view: HasValues, setting: str) -> Iterator[tuple[Path, object]]:
    """Every place that a dotted path with ``[*]`` and ``*`` means, with its value.

    A path without them gives exactly one place, with None where nothing is set.
    """
    parts = setting_parts(setting)
    fixed = next((i for i, part in enumerate(parts) if "*" in str(part)), len(parts))
    if fixed == len(parts):
        yield parts, view.value(parts)
    else:
        yield from _spread(parts[:fixed], view.value(parts[:fixed]), parts[fixed:])


def path_text(path: Path) -> str:
    """A path as policies and findings write it: ``models[0].engine``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def setting_parts(setting: str) -> Path:
    """The parts of a dotted path; ``[*]`` is a part of its own."""
    parts: list[str] = []
    for part in setting.split("."):
        parts.extend((part[:-3], "[*]") if part.endswith("[*]") else (part,))
    return tuple(parts)


def _spread(path: Path, value: object, rest: Path) -> Iterator[tuple[Path, object]]:
    if not rest:
        yield path, value
        return
    part = str(rest[0])
    if part == "[*]":
        for index, item in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _spread((*path, index), item, rest[1:])
    elif isinstance(value, dict):
        for key, item in value.items():
            if fnmatchcase(str(key), part):
                yield from _spread((*path, key), item, rest[1:])
