"""What git knows of the tree that a configuration was compiled from."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

__all__ = ["Source", "source_of"]


class Source(TypedDict):
    """``commit`` in full and whether what went in is exactly that commit; None outside git."""

    commit: str | None
    clean: bool | None


def source_of(root: Path, beside: Sequence[Path] = ()) -> Source:
    """The commit that ``root`` stands in; ``clean`` speaks of it and of the paths ``beside`` it.

    Both are None where there is no repository, commit or git.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    inside = [str(path.absolute()) for path in beside if path.exists()]
    changes = (
        _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".", *inside) if commit else None
    )
    if commit is None or changes is None:
        return {"commit": None, "clean": None}
    return {"commit": commit.strip(), "clean": not changes.strip()}


def _git(root: Path, *arguments: str) -> str | None:
    # A repository may name a program that git runs to watch it; whose repository it is, nobody has asked.
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
