"""The names in a folder that fit patterns, with one look at the folder."""

from __future__ import annotations

import os
import re
import sys
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

__all__ = ["names_like"]


def names_like(folder: Path, *patterns: str) -> list[str]:
    """The names that fit one of the patterns (``requirements*.txt``), sorted; none without a folder.

    The audit event ``guardlint.names_like`` tells the cache what was asked: other names do not matter.
    """
    sys.audit("guardlint.names_like", str(folder), patterns)
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []
    fits = _fitting(patterns).match
    return sorted(name for name in names if fits(name))


@lru_cache(maxsize=32)
def _fitting(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
