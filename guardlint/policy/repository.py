"""The name under which a company knows a repository: the path of its remote ``origin``, as ``bank/cards``.

It comes from git's own configuration, which no commit of a team can change; nothing is run.
"""

from __future__ import annotations

import re
from pathlib import Path

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["repository_name"]

_SECTION = lazy_pattern(r'\s*\[\s*remote\s+"origin"\s*\]\s*', re.IGNORECASE)
_ANY_SECTION = lazy_pattern(r"\s*\[")
_URL = lazy_pattern(r"\s*url\s*=\s*(\S+)\s*", re.IGNORECASE)
_ADDRESS = lazy_pattern(r"(?:[a-z][a-z0-9+.-]*://(?:[^/@]*@)?[^/]+/|[^/@:]+@[^/:]+:)(.+)", re.IGNORECASE)


def repository_name(folder: Path) -> str | None:
    """``owner/name`` of the repository that ``folder`` is in; None without git or an origin elsewhere."""
    here = folder.resolve()
    for above in (here, *here.parents):
        git = above / ".git"
        if git.exists():
            return _origin(git)
    return None


def _origin(git: Path) -> str | None:
    try:
        if git.is_file():
            # A work tree or submodule: its own folder, and of a work tree the one that all of them share.
            git = (git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
            shared = git / "commondir"
            if shared.is_file():
                git = (git / shared.read_text(encoding="utf-8").strip()).resolve()
        lines = (git / "config").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    inside = False
    for line in lines:
        if _ANY_SECTION.match(line):
            inside = _SECTION.fullmatch(line) is not None
        elif inside and (found := _URL.fullmatch(line)) is not None:
            address = _ADDRESS.fullmatch(found[1].strip('"'))
            return address[1].strip("/").removesuffix(".git") if address is not None else None
    return None
