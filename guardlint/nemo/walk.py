"""The files that NeMo takes from a configuration directory (``rails/llm/config.py``, ``_load_path``)."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import Literal

from guardlint.source.record import record

__all__ = ["WalkedFile", "kind_of", "railsignore", "walk"]

Kind = Literal["yaml", "colang", "document", "ignored", "python", "other"]


@record
class WalkedFile:
    """One file below the root. ``relative`` uses ``/``; ``ignored_by`` names a .railsignore pattern;
    code that it fits is run all the same.

    ``source``: 0 for the configuration's own files, else the how-manieth import brought the file in;
    ``relative`` then counts from what was imported.
    """

    path: Path
    relative: str
    kind: Kind
    ignored_by: str | None = None
    source: int = 0

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders down to the file, from what was walked."""
        return tuple(self.relative.split("/")[:-1])

    @property
    def is_text_of_kb(self) -> bool:
        """Whether NeMo reads it as a document (all others below ``kb`` it passes over)."""
        return self.kind == "document" and self.relative.endswith(".md")


def railsignore(root: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The nearest ``.railsignore`` from ``root`` up to the top of the file system, and its patterns."""
    folder, last = str(root), None
    while folder != last:
        name = os.path.join(folder, ".railsignore")  # noqa: PTH118 - asked for every folder up to the top
        if os.path.isfile(name):  # noqa: PTH113
            candidate = Path(name)
            try:
                lines = candidate.read_text(encoding="utf-8").split("\n")
            except (OSError, UnicodeDecodeError):
                return candidate, ()
            return candidate, tuple(line.strip() for line in lines if line.strip() and line[0] != "#")
        folder, last = os.path.dirname(folder), folder  # noqa: PTH120
    return None, ()


def walk(root: Path, *, source: int = 0) -> tuple[WalkedFile, ...]:
    """Every file, parents before sub-folders as NeMo walks; the order within a folder is sorted here.

    NeMo takes the files of one folder in directory order, which differs between machines. Links are
    followed, each real folder once.
    """
    _, patterns = railsignore(root)
    found: list[WalkedFile] = []
    seen: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        in_git = ".git" in Path(folder).relative_to(root).parts
        for name in sorted(files):
            # NeMo looks into .git as well, where nothing else matters and a great deal lies.
            if in_git and not name.endswith((".yml", ".yaml", ".co")):
                continue
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            kind = kind_of(relative)
            pattern = next((pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)), None)
            if pattern is not None and kind != "python":
                kind = "ignored"  # code is run whatever the patterns say
            found.append(WalkedFile(path, relative, kind, pattern, source))
    return tuple(found)


def kind_of(relative: str) -> Kind:
    """What NeMo takes a file for, by its path from the root."""
    if relative.startswith("kb"):
        return "document"
    if relative.endswith((".yml", ".yaml")):
        return "yaml"
    if relative.endswith(".co"):
        return "colang"
    in_actions = relative in ("actions.py", "config.py") or (
        relative.startswith("actions/") and relative.endswith(".py")
    )
    return "python" if in_actions else "other"
