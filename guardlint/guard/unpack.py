"""The files of one half of a bundle on disk, for as long as an engine needs them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Self

from guardlint.errors import VerificationError

__all__ = ["Folder", "half_of"]


def half_of(files: Mapping[str, bytes], half: str) -> dict[str, bytes]:
    """The files below ``half/``, by the rest of their names."""
    prefix = f"{half}/"
    return {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}


class Folder:
    """A private temporary folder (mode 0700): empty ``work`` to run in, ``tmp``, and ``files`` to load from.

    ``.railsignore`` is looked for from the configuration up to the root of the file system
    (``nemoguardrails/utils.py``, ``get_railsignore_path``): an empty one here ends the search, so that a
    stranger's file in the temporary folder cannot hide a rail.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="guardlint-")).resolve()
        self.files = self.root / "files"
        self.work = self.root / "work"
        self.work.mkdir(mode=0o700)
        self.temporary = self.root / "tmp"
        self.temporary.mkdir(mode=0o700)
        (self.root / ".railsignore").touch(mode=0o600)
        self._owner = os.getpid()

    def fill(self, files: Mapping[str, bytes]) -> Self:
        """Write ``files`` below ``files/``.  Raises VerificationError for a name that leaves it."""
        self.files.mkdir(mode=0o700, exist_ok=True)
        for name, data in files.items():
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
                raise VerificationError("a file name in the bundle leaves its folder")
            path = self.files.joinpath(*parts)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
        return self

    def remove(self) -> None:
        """Remove it all.  A process forked from the one that made it leaves it alone."""
        if os.getpid() == self._owner:
            shutil.rmtree(self.root, ignore_errors=True)
