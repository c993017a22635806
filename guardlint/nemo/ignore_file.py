"""The lines of ``.railsignore``: what each hides, and which hide nothing.

NeMo compares a line with the bare names of files (``fnmatch``), never with a path, in every folder
(``utils.is_ignored_by_railsignore``). It takes the first file of that name from the root upwards.
"""

from __future__ import annotations

import fnmatch
import re
from pathlib import PurePosixPath

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.walk import WalkedFile, railsignore
from guardlint.source.files import read_text, shown_path
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["IgnoreLine", "ignore_lines"]


@record
class IgnoreLine:
    """One pattern with its place; ``hides`` are the files that only it hides."""

    pattern: str
    place: Place
    hides: tuple[WalkedFile, ...]

    @property
    def has_wildcard(self) -> bool:
        """Whether it can fit more names than one."""
        return any(sign in self.pattern for sign in "*?[")

    def means(self, relative: str) -> bool:
        """Whether git would take the line, which NeMo cannot fit, for this path: it has a folder in it."""
        pattern = re.split(r"\s+#", self.pattern)[0].strip()
        if pattern == self.pattern and "/" not in pattern:
            return False
        anchored = pattern.startswith("/") or "/" in pattern.strip("/")
        pattern = pattern.removeprefix("./").strip("/")
        parts = PurePosixPath(relative).parts
        paths = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        names = paths if anchored else [*paths, *parts]
        shapes = {pattern, pattern.removeprefix("**/"), pattern.removesuffix("/**").removesuffix("/*")}
        if pattern.startswith("**/"):
            names = [*names, *parts]
        return bool(pattern) and any(fnmatch.fnmatch(name, shape) for name in names for shape in shapes)


def ignore_lines(configuration: Configuration) -> list[IgnoreLine]:
    """The patterns in the order of the file; none where there is no file that can be read."""
    file, patterns = railsignore(configuration.root)
    if file is None or not patterns or not any(item.path.exists() for item in configuration.files[:1]):
        return []
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError):
        return []
    shown = shown_path(file)
    configuration.texts.setdefault(shown, text)
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        place = Place.at(shown, number, len(line) - len(line.lstrip()) + 1, len(pattern))
        hides = tuple(item for item in configuration.files if item.ignored_by == pattern)
        found.append(IgnoreLine(pattern, place, hides))
    return found
