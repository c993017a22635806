"""The names in a folder that fit patterns, with one look at the folder.

The cache asks the same again before anything else is imported, so nothing is that takes long.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["fitting", "is_like", "names_like"]


def names_like(folder: Path | str, *patterns: str) -> list[str]:
    """The names that fit one of the patterns (``requirements*.txt``), sorted; none without a folder.

    The audit event ``guardlint.names_like`` tells the cache what was asked and what the answer was (None
    where the folder cannot be read): other names do not matter.
    """
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208 - names are all that is wanted
    except OSError:
        sys.audit("guardlint.names_like", str(folder), patterns, None)
        return []
    found = fitting(names, patterns)
    sys.audit("guardlint.names_like", str(folder), patterns, found)
    return found


def fitting(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Those of the names that fit one of the patterns, sorted."""
    key = tuple(patterns)
    if key not in _known:
        _known[key] = _needed(patterns)
    begins, ends, inside = _known[key]
    possible = [
        name
        for name in names
        if name.startswith(begins) or name.endswith(ends) or (inside and any(part in name for part in inside))
    ]
    if not possible:
        return possible
    return sorted(name for name in possible if any(is_like(name, pattern) for pattern in patterns))


_Needed = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_known: dict[tuple[str, ...], _Needed] = {}


def _needed(patterns: Sequence[str]) -> _Needed:
    """A text for each pattern with which a name must begin, or end, or which must be in it.

    A folder can hold thousands of names, and next to none of them is worth a closer look.
    """
    begins, ends, inside = [], [], []
    for pattern in patterns:
        parts = pattern.replace("?", "*").replace("[", "*").split("*")
        if parts[0]:
            begins.append(parts[0])
        elif parts[-1] and "[" not in pattern:
            ends.append(parts[-1])
        else:
            inside.append("" if "[" in pattern else max(parts, key=len))
    return tuple(begins), tuple(ends), tuple(inside)


def is_like(name: str, pattern: str) -> bool:
    """``fnmatch.fnmatchcase``, which compiles a pattern, for names and for what holds one star."""
    first, star, last = pattern.partition("*")
    if "*" in last or "[" in pattern or "?" in pattern:
        from fnmatch import fnmatchcase

        return fnmatchcase(name, pattern)
    if not star:
        return name == pattern
    return len(name) >= len(first) + len(last) and name.startswith(first) and name.endswith(last)
