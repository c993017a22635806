"""The names in a folder that fit patterns, with one look at the folder."""

from __future__ import annotations

import os
import re
import sys
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from pathlib import Path

__all__ = ["is_like", "names_like"]

# So many names are worth the millisecond that a pattern of all patterns takes to compile.
_MANY = 100


def names_like(folder: Path, *patterns: str) -> list[str]:
    """The names that fit one of the patterns (``requirements*.txt``), sorted; none without a folder.

    The audit event ``guardlint.names_like`` tells the cache what was asked: other names do not matter.
    """
    sys.audit("guardlint.names_like", str(folder), patterns)
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []
    if len(names) > _MANY:
        fits = _fitting(patterns).match
        return sorted(name for name in names if fits(name))
    return sorted(name for name in names if any(is_like(name, pattern) for pattern in patterns))


def is_like(name: str, pattern: str) -> bool:
    """``fnmatch.fnmatchcase``, which compiles a pattern, for names and for what holds one star."""
    first, star, last = pattern.partition("*")
    if "*" in last or "[" in pattern or "?" in pattern:
        return fnmatchcase(name, pattern)
    if not star:
        return name == pattern
    return len(name) >= len(first) + len(last) and name.startswith(first) and name.endswith(last)


@lru_cache(maxsize=32)
def _fitting(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
