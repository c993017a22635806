"""The name under which findings know a configuration, from wherever guardlint is run."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from guardlint.source.files import shown_path

__all__ = ["identity_of", "repository_of"]


def repository_of(folder: Path) -> Path | None:
    """The nearest folder from ``folder`` upwards that git keeps (a ``.git`` stands in it), or None."""
    top = _top(str(folder))
    return None if top is None else Path(top)


def identity_of(path: Path) -> str:
    """The path from the repository's top, with ``/``; without a repository the path as reports show it."""
    return _identity(os.getcwd(), str(path))  # noqa: PTH109 - asked for every finding


@cache
def _identity(here: str, path: str) -> str:
    absolute = os.path.join(here, "" if path == "." else path).rstrip(os.sep) or os.sep  # noqa: PTH118
    top = _top(absolute)
    if top is None:
        return shown_path(path)
    return absolute[len(top) :].replace(os.sep, "/").strip("/") or "."


@cache
def _top(folder: str) -> str | None:
    if os.path.exists(os.path.join(folder, ".git")):  # noqa: PTH110, PTH118
        return folder
    above = os.path.dirname(folder) or "."  # noqa: PTH120
    return _top(above) if above != folder else None
