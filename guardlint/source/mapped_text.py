"""A text that was made out of another one, with the origin of every character.

A configuration written inside a Python literal or a ConfigMap is read as a text of its own; what is found
in it must be shown where it was typed: behind quotes, indentation, escapes and ``textwrap.dedent``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from guardlint.source.place import Place

__all__ = ["MappedText", "Origin", "Run", "dedented", "joined", "line_starts", "stripped"]


class Run(NamedTuple):
    """``length`` characters at ``start`` of the text, made of ``width`` characters at ``origin``.

    Where the two lengths agree every character stands for itself; else all of them stand for the whole
    (an escape such as ``\\x41``, or what was made up).
    """

    start: int
    length: int
    origin: int
    width: int


@dataclass(frozen=True)
class MappedText:
    """``text``, and its runs in the order of the text, without gaps."""

    text: str
    runs: tuple[Run, ...]

    @classmethod
    def whole(cls, text: str, origin: int = 0) -> MappedText:
        """A text that stands in the file just so."""
        return cls.of([(text, origin, len(text))])

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, int, int]]) -> MappedText:
        """Put together from pieces: text, where it comes from, how long it is there."""
        runs: list[Run] = []
        parts: list[str] = []
        at = 0
        for part, origin, width in pieces:
            if not part:
                continue
            last = runs[-1] if runs else None
            if (
                last is not None
                and last.length == last.width
                and len(part) == width
                and last.origin + last.width == origin
            ):
                runs[-1] = Run(last.start, last.length + width, last.origin, last.width + width)
            else:
                runs.append(Run(at, len(part), origin, width))
            parts.append(part)
            at += len(part)
        return cls("".join(parts), tuple(runs))

    @cached_property
    def _starts(self) -> list[int]:
        return [run.start for run in self.runs]

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.text)

    def origin_of(self, index: int) -> tuple[int, int]:
        """Begin and end in the file of what the character at ``index`` was made of.

        At and behind the end: the empty span after the last character.
        """
        if not self.runs:
            return 0, 0
        if index >= len(self.text):
            last = self.runs[-1]
            return last.origin + last.width, last.origin + last.width
        run = self.runs[bisect_right(self._starts, max(index, 0)) - 1]
        if run.length == run.width:
            begin = run.origin + max(index, 0) - run.start
            return begin, begin + 1
        return run.origin, run.origin + run.width

    def pieces(self, begin: int = 0, end: int | None = None) -> list[tuple[str, int, int]]:
        """The part from ``begin`` to ``end`` in the form that ``of`` takes."""
        end = len(self.text) if end is None else min(end, len(self.text))
        found: list[tuple[str, int, int]] = []
        if begin >= end:
            return found
        for number in range(max(bisect_right(self._starts, begin) - 1, 0), len(self.runs)):
            run = self.runs[number]
            first, last = max(run.start, begin), min(run.start + run.length, end)
            if first >= last:
                break
            if run.length == run.width:
                found.append((self.text[first:last], run.origin + first - run.start, last - first))
            else:
                found.append((self.text[first:last], run.origin, run.width))
        return found

    def index(self, line: int, column: int) -> int:
        """The index of a line and column (from 1) of the text; what lies outside is drawn to the edge."""
        number = min(max(line, 1), len(self._lines)) - 1
        begin = self._lines[number]
        end = self._lines[number + 1] - 1 if number + 1 < len(self._lines) else len(self.text)
        return min(begin + max(column, 1) - 1, end)


class Origin:
    """The file that texts were taken from; turns their places into its own."""

    __slots__ = ("_lines", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text.removeprefix("\ufeff")  # has no column
        self._lines = line_starts(self.text)

    def index(self, line: int, column: int = 0) -> int:
        """The index of a line (from 1) and a column (from 0) in the file."""
        return self._lines[line - 1] + column

    def place(self, begin: int, end: int) -> Place:
        """The place of the characters from ``begin`` to ``end``."""
        return Place(self.file, *self._position(begin), *self._position(max(end, begin + 1)))

    def place_of(self, mapped: MappedText, place: Place) -> Place:
        """Where that which stands at ``place`` of the text was written."""
        first = mapped.index(place.line, place.column)
        last = mapped.index(place.end_line, place.end_column)
        begin, end = mapped.origin_of(first)
        if last > first:
            end = max(mapped.origin_of(last - 1)[1], end)
        return self.place(begin, end)

    def _position(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._lines, index) - 1
        return line + 1, index - self._lines[line] + 1


def line_starts(text: str) -> list[int]:
    """The index at which every line begins; lines end with ``\\n`` only, as in editors."""
    return [0, *(found.end() for found in re.finditer("\n", text))]


def joined(texts: Iterable[MappedText]) -> MappedText:
    """One text after the other."""
    return MappedText.of(piece for text in texts for piece in text.pieces())


def stripped(text: MappedText, characters: str | None = None, sides: str = "both") -> MappedText:
    """``str.strip`` (``sides="left"``: ``lstrip``, ``"right"``: ``rstrip``)."""
    left, right = 0, len(text.text)
    if sides in ("both", "left"):
        left = right - len(text.text.lstrip(characters))
    if sides in ("both", "right"):
        right = max(len(text.text.rstrip(characters)), left)
    return MappedText.of(text.pieces(left, right))


def dedented(text: MappedText) -> MappedText:
    """``textwrap.dedent``: every line loses the blanks that all have, blank lines lose all."""
    from textwrap import dedent

    made = dedent(text.text)
    if made == text.text:
        return text
    pieces: list[tuple[str, int, int]] = []
    end = 0
    for old, new in zip(text.text.split("\n"), made.split("\n"), strict=True):
        end += len(old)
        pieces += text.pieces(end - len(new), end)
        pieces += text.pieces(end, end + 1)  # the line break
        end += 1
    return MappedText.of(pieces)
