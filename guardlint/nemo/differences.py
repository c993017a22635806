"""How one catalogue becomes another: what an older NeMo series lacks, has besides, or has otherwise.

A difference is a JSON object: for each section of the catalogue that is not the same, ``removed`` (paths)
and ``set`` (path to value). A path is a JSON pointer below the section. Surfaces stand in a list in a
catalogue and are addressed as ``/direction: flow``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["apply_difference", "difference"]

Section = dict[str, Any]
Path = tuple[str, ...]

_HEAD = frozenset(("schema", "nemo", "series"))


def difference(newer: Mapping[str, Any], older: Mapping[str, Any]) -> dict[str, Section]:
    """What makes ``older`` of ``newer``, by section; ``schema``, ``nemo`` and ``series`` are left out."""
    found: dict[str, Section] = {}
    before, after = _addressable(newer), _addressable(older)
    for section in sorted({*before, *after} - _HEAD):
        removed: list[str] = []
        changed: dict[str, Any] = {}
        for path, value in _changes(before.get(section, {}), after.get(section, {}), ()):
            if value is _GONE:
                removed.append(_pointer(path))
            else:
                changed[_pointer(path)] = value
        entry: Section = {}
        if removed:
            entry["removed"] = sorted(removed)
        if changed:
            entry["set"] = changed
        if entry:
            found[section] = entry
    return found


def apply_difference(newer: Mapping[str, Any], changes: Mapping[str, Section]) -> dict[str, Any]:
    """The older catalogue, with the newer one's head. ``newer`` is left as it is.

    Raises KeyError when a path is not in ``newer``: the two do not belong together.
    """
    made = _addressable(newer)
    for section, entry in changes.items():
        root = {section: made.get(section, {})}
        for pointer in entry.get("removed", ()):
            _without(root, (section, *_parts(pointer)))
        for pointer, value in entry.get("set", {}).items():
            _with(root, (section, *_parts(pointer)), value)
        made[section] = root[section]
    made["surfaces"] = [made["surfaces"][key] for key in sorted(made["surfaces"])]
    return made


class _Gone:
    """Stands for a value that is not there."""


_GONE = _Gone()


def _changes(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if type(before) is not type(after) or before != after:
            yield path, after
        return
    for key in sorted({*before, *after}):
        if key not in after:
            yield (*path, key), _GONE
        elif key not in before:
            yield (*path, key), after[key]
        else:
            yield from _changes(before[key], after[key], (*path, key))


def _addressable(catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """The catalogue with its surfaces by direction and flow."""
    rows = catalogue["surfaces"]
    return {**catalogue, "surfaces": {f"{row['direction']}: {row['flow']}": row for row in rows}}


def _with(root: dict[str, Any], path: Path, value: Any) -> None:
    *parents, last = path
    _parent(root, parents)[last] = value


def _without(root: dict[str, Any], path: Path) -> None:
    *parents, last = path
    del _parent(root, parents)[last]


def _parent(root: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """The mapping at ``path``, with every mapping on the way copied: the newer catalogue stays whole."""
    node = root
    for name in path:
        node[name] = dict(node[name])
        node = node[name]
    return node


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
