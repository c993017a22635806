"""What the lines before say of a line: headings of a table, the columns of an SQL ``INSERT``.

Both stand any number of lines above the value they speak of, and a row is only a row when it is whole.
So a line that may be a row is held to its end, and is read with its headings in front.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

from guardlint.pii.normalise import normalise
from guardlint.pii.tables import headings_of, insert_in, is_pair, tuple_at

__all__ = ["Inserts", "Line", "Lines"]

_MOST_HELD: Final = 4096
"""Characters of a line, or of a tuple, that are held until it is whole."""
_LONGEST_HEADER: Final = 1000
_BREAK: Final = re.compile(r"[\r\n]")
_UNFINISHED_TUPLE: Final = re.compile(r"\s*,?\s*(?:\((?:'(?:[^']|'')*'|[^()'])*(?:'(?:[^']|'')*)?)?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that begins at ``start``, and the line of headings above it, ``heading`` to ``heading_end``.

    ``columns`` is 0 where there is none.
    """

    start: int
    columns: int = 0
    delimiter: str = ""
    heading: int = 0
    heading_end: int = 0


class Lines:
    """The lines of a growing text."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = [Line(0)]

    def advance(self, text: str, end: int) -> None:
        """Read the lines that are whole in ``text[:end]``."""
        last = self._lines[-1]
        while (found := _BREAK.search(text, last.start, end)) is not None:
            last = _after(last, text, found.start())
            self._lines.append(last)

    def at(self, position: int) -> Line:
        """The line that holds ``position``."""
        return self._lines[bisect_right(self._lines, position, key=_start) - 1]

    def floor(self, text: str, position: int, end: int) -> int:
        """``position``, or the beginning of its line when that is or may become a row of a table."""
        index = bisect_right(self._lines, position, key=_start) - 1
        line = self._lines[index]
        whole = index + 1 < len(self._lines)
        stop = self._lines[index + 1].start - 1 if whole else end
        if position == line.start or stop - line.start > _MOST_HELD:
            return position
        seen = normalise(text[line.start : stop]).text
        cells = seen.count(line.delimiter) + 1 if line.columns else 0
        row = cells == line.columns if whole else cells <= line.columns
        return line.start if (cells and row) or is_pair(seen) else position


class Inserts:
    """The last SQL statement of a growing text that names its columns."""

    __slots__ = ("_bounds", "_header", "_open", "_searched")

    def __init__(self) -> None:
        self._header = (0, 0)
        self._bounds: list[int] = []  # the end of the header, then of each tuple
        self._open = False
        self._searched = 0

    def advance(self, text: str, end: int) -> None:
        """Read on to ``end``."""
        while self._open or self._next(text, end):
            while (bound := tuple_at(text, self._bounds[-1], end)) is not None:
                self._bounds.append(bound)
            last = self._bounds[-1]
            if _UNFINISHED_TUPLE.fullmatch(text, last, end) and end - last <= _MOST_HELD:
                return
            self._searched, self._open = last, False

    def header(self, position: int) -> tuple[int, int] | None:
        """The statement's beginning that speaks of the value at ``position``."""
        speaks = self._bounds and self._bounds[0] <= position and (self._open or position < self._bounds[-1])
        return self._header if speaks else None

    def floor(self, position: int) -> int:
        """``position``, or the beginning of its tuple."""
        index = bisect_right(self._bounds, position)
        inside = 0 < index < len(self._bounds) + self._open
        return self._bounds[index - 1] if inside else position

    def _next(self, text: str, end: int) -> bool:
        found = insert_in(text, self._searched, end)
        while found is not None and _in_a_word(text, found[0]):
            found = insert_in(text, found[1], end)
        if found is None:
            self._searched = max(self._searched, end - _LONGEST_HEADER)
            return False
        self._header, self._bounds, self._open = found, [found[1]], True
        return True


def _in_a_word(text: str, start: int) -> bool:
    """Whether a word goes on at ``start`` once signs that nobody sees are gone."""
    before = normalise(text[max(start - 8, 0) : start]).text
    return re.search(r"\w\Z", before) is not None


def _start(line: Line) -> int:
    return line.start


def _after(line: Line, text: str, end: int) -> Line:
    """The line that follows the one from ``line.start`` to ``end``."""
    seen = normalise(text[line.start : end]).text
    # Nothing between two breaks is no line at all.
    if not seen or (line.columns and seen.count(line.delimiter) == line.columns - 1):
        return replace(line, start=end + 1)
    names, delimiter = headings_of(seen)
    return Line(end + 1, len(names), delimiter, line.start, end) if names else Line(end + 1)
