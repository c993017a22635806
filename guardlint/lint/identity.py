"""The name under which findings know a configuration, from wherever guardlint is run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from guardlint.source.files import shown_path

__all__ = ["identity_of", "repository_of"]


@cache
def repository_of(folder: Path) -> Path | None:
    """The nearest folder from ``folder`` upwards that git keeps (a ``.git`` stands in it), or None."""
    if (folder / ".git").exists():
        return folder
    above = folder.parent
    return repository_of(above) if above != folder else None


def identity_of(path: Path) -> str:
    """The path from the repository's top, with ``/``; without a repository the path as reports show it."""
    return _identity(Path.cwd(), path)


@cache
def _identity(here: Path, path: Path) -> str:
    absolute = here / path
    top = repository_of(absolute)
    return absolute.relative_to(top).as_posix() if top is not None else shown_path(path)
