"""What git knows of the tree that a configuration was compiled from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TypedDict

__all__ = ["Source", "source_of"]


class Source(TypedDict):
    """``commit`` in full and whether the directory is exactly that commit; None outside git."""

    commit: str | None
    clean: bool | None


def source_of(root: Path) -> Source:
    """The commit that ``root`` stands in; both None where there is no repository, commit or git."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".") if commit else None
    if commit is None or changes is None:
        return {"commit": None, "clean": None}
    return {"commit": commit.strip(), "clean": not changes.strip()}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
