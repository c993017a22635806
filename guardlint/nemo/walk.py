"""The files that NeMo takes from a configuration directory (``rails/llm/config.py``, ``_load_path``)."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from guardlint.source.files import entries_of, shown_path
from guardlint.source.record import record

__all__ = ["Kind", "WalkedFile", "kind_of", "railsignore", "walk"]

Kind = Literal["yaml", "colang", "document", "ignored", "python", "other"]


@record
class WalkedFile:
    """One file below the root, with its whole path as text. ``relative`` uses ``/``; ``ignored_by`` names a
    .railsignore pattern; code that it fits is run all the same.

    ``source``: 0 for the configuration's own files, else the how-manieth import brought the file in;
    ``relative`` then counts from what was imported.
    """

    name: str
    relative: str
    kind: Kind
    ignored_by: str | None = None
    source: int = 0

    @property
    def path(self) -> Path:
        """Its path; made when it is asked for, which it is for few files."""
        return Path(self.name)

    @property
    def shown(self) -> str:
        """Its path as reports show it."""
        return shown_path(self.name)

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
        name = f"{folder.rstrip('/')}/.railsignore" if folder else ".railsignore"
        if os.path.isfile(name):  # noqa: PTH113 - asked for every folder up to the top
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
    for folder, above, names in _folders(root):
        in_git = ".git" in above.split("/")
        for name in names:
            # NeMo looks into .git as well, where nothing else matters and a great deal lies.
            if in_git and not name.endswith((".yml", ".yaml", ".co")):
                continue
            relative = above + name
            kind = kind_of(relative)
            pattern = next((pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)), None)
            if pattern is not None and kind != "python":
                kind = "ignored"  # code is run whatever the patterns say
            found.append(WalkedFile(folder + name, relative, kind, pattern, source))
    return tuple(found)


def _folders(root: Path) -> Iterator[tuple[str, str, list[str]]]:
    """``os.walk``: every folder as text, from the root and from nowhere, and the files directly in it."""
    top = str(root)
    waiting = [("" if top == "." else os.path.join(top, ""), "", False)]  # noqa: PTH118 - hot, as all below
    visited: list[str] = []
    seen: set[str] = set()
    while waiting:
        folder, above, is_link = waiting.pop()
        if is_link or seen:
            # Only links lead to a folder twice.
            seen = seen or {os.path.realpath(name) for name in visited}
            real = os.path.realpath(folder)
            if real in seen:
                continue
            seen.add(real)
        visited.append(folder)
        try:
            listed = entries_of(folder)
        except OSError:
            continue
        yield folder, above, [name for name, is_folder, _ in listed if not is_folder]
        waiting += [
            (f"{folder}{name}{os.sep}", f"{above}{name}/", is_link)
            for name, is_folder, is_link in reversed(listed)
            if is_folder
        ]


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
