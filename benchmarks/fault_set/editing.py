"""Small rewrites of the texts of a base, from which the guises are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch

from .records import Base, Files, Rewrite, fill

__all__ = ["add", "both", "drop", "every", "only", "rename", "swap", "without"]


def swap(old: str, new: str, where: str = "*", *, times: int = 1) -> Rewrite:
    """Replace the pattern ``old`` (multi-line) by ``new`` in each file that has it, one file a variant."""

    def rewrite(base: Base) -> Iterator[Files]:
        pattern = re.compile(fill(old, base.words), re.MULTILINE)
        for path, text in base.files.items():
            if fnmatch(path, where):
                changed = _edit(text, lambda plain: pattern.sub(fill(new, base.words), plain, count=times))
                if changed != text:
                    yield {**base.files, path: changed}

    return rewrite


def every(old: str, new: str, where: str = "*") -> Rewrite:
    """As :func:`swap`, at every place of all files at once."""

    def rewrite(base: Base) -> Iterator[Files]:
        pattern = re.compile(fill(old, base.words), re.MULTILINE)
        files = {
            path: _edit(text, lambda plain: pattern.sub(fill(new, base.words), plain))
            if fnmatch(path, where)
            else text
            for path, text in base.files.items()
        }
        if files != dict(base.files):
            yield files

    return rewrite


def add(path: str, text: str, *, shapes: str = "*", end: bool = False) -> Rewrite:
    """A new file, or with ``end`` more text at the end of a file that is there."""

    def rewrite(base: Base) -> Iterator[Files]:
        name = fill(path, base.words)
        if not any(fnmatch(base.shape, shape) for shape in shapes.split("|")) or (name in base.files) != end:
            return
        more = fill(text, base.words)
        yield {**base.files, name: _edit(base.files[name], lambda plain: plain + more) if end else more}

    return rewrite


def drop(path: str, shapes: str = "*") -> Rewrite:
    """Without the files of a pattern."""

    def rewrite(base: Base) -> Iterator[Files]:
        kept = {name: text for name, text in base.files.items() if not fnmatch(name, path)}
        if fnmatch(base.shape, shapes) and len(kept) < len(base.files):
            yield kept

    return rewrite


def rename(old: str, new: str) -> Rewrite:
    """A file under another name; in ``new`` a star is the old name."""

    def rewrite(base: Base) -> Iterator[Files]:
        for path in base.files:
            if fnmatch(path, old):
                name = fill(new, base.words).replace("*", path)
                yield {name if other == path else other: text for other, text in base.files.items()}

    return rewrite


def only(shapes: str, rewrite: Rewrite) -> Rewrite:
    """A rewrite for some shapes (patterns with ``|`` between them)."""

    def rewritten(base: Base) -> Iterator[Files]:
        if any(fnmatch(base.shape, shape) for shape in shapes.split("|")):
            yield from rewrite(base)

    return rewritten


def without(shapes: str, rewrite: Rewrite) -> Rewrite:
    """A rewrite for all other shapes."""

    def rewritten(base: Base) -> Iterator[Files]:
        if not any(fnmatch(base.shape, shape) for shape in shapes.split("|")):
            yield from rewrite(base)

    return rewritten


def both(first: Rewrite, second: Rewrite) -> Rewrite:
    """One rewrite after the other, where both fit."""

    def rewritten(base: Base) -> Iterator[Files]:
        for files in first(base):
            again = Base(base.name, base.shape, base.words, files, base.probes)
            yield from second(again)

    return rewritten


def _edit(text: str, change: Callable[[str], str]) -> str:
    if "\r\n" in text:
        return change(text.replace("\r\n", "\n")).replace("\n", "\r\n")
    return change(text)
