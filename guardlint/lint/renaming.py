"""Files under other names: a configuration as it would be read after a mend that renames some."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from guardlint.nemo.walk import WalkedFile, kind_of, railsignore, walk
from guardlint.source.record import replace

__all__ = ["can_be_renamed", "walked_as"]


def walked_as(root: Path, renamed: Mapping[str, str]) -> tuple[WalkedFile, ...]:
    """The files of ``root`` as they would be walked once those of ``renamed`` have their new names."""
    files = walk(root)
    if not renamed:
        return files
    _, patterns = railsignore(root)
    named = [_named(file, renamed.get(file.shown), patterns) for file in files]
    # A folder's files stand together, sorted by name.
    return tuple(
        file
        for _, together in groupby(named, key=lambda file: file.relative.rpartition("/")[0])
        for file in sorted(together, key=lambda file: file.relative)
    )


def can_be_renamed(old: str, new: str) -> bool:
    """Whether a file of the old name is there, none of the new one, and the folder stays the same."""
    before, after = Path.cwd() / old, Path.cwd() / new
    if before.parent != after.parent or not before.is_file():
        return False
    # Where the disk knows no capitals, both names are one file, and that can be renamed too.
    return not after.exists() or (after.name.lower() == before.name.lower() and after.samefile(before))


def _named(file: WalkedFile, new: str | None, patterns: Sequence[str]) -> WalkedFile:
    if new is None:
        return file
    name = new.rpartition("/")[2]
    folder, slash, _ = file.relative.rpartition("/")
    relative = f"{folder}{slash}{name}"
    ignored = next((pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)), None)
    kind = kind_of(relative) if ignored is None else "ignored"
    path = str(file.path.with_name(name))
    return replace(file, name=path, relative=relative, kind=kind, ignored_by=ignored)
