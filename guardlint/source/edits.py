"""Changes to a text that leave the rest of it as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["Edit", "OverlappingEdits", "apply_edits"]

_LINE_END = lazy_pattern("\r\n|\r|\n")


class OverlappingEdits(ValueError):
    """Two edits want the same characters, or one stands outside of the text."""


@record
class Edit:
    """Put ``text`` in the place of what stands at ``place``; an empty span inserts.

    Places count as everywhere: a line ends with ``\\n``, ``\\r\\n`` or ``\\r``, and a byte order mark has no
    column. ``\\n`` in ``text`` is written as the line ends of the file are.
    """

    place: Place
    text: str

    @classmethod
    def insert(cls, file: str, line: int, column: int, text: str) -> Edit:
        """An edit that takes nothing away."""
        return cls(Place(file, line, column, line, column), text)


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """``text``, read without changing its line ends, with all ``edits`` of one file made.

    Insertions at one point keep their order. Raises OverlappingEdits when they cannot all be made.
    """
    starts, ends = _lines(text)
    line_end = _usual_end(text)
    spans = []
    for number, edit in enumerate(edits):
        place = edit.place
        start = _offset(starts, ends, place.line, place.column)
        end = _offset(starts, ends, place.end_line, place.end_column)
        if start is None or end is None or end < start:
            raise OverlappingEdits(f"no such place: {place}")
        spans.append((start, end, number, edit.text.replace("\n", line_end)))
    pieces, at = [], 0
    for start, end, _, new in sorted(spans):
        if start < at:
            raise OverlappingEdits("two edits overlap")
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _lines(text: str) -> tuple[list[int], list[int]]:
    """Where each line begins, and where its text ends."""
    starts, ends = [1 if text.startswith("\ufeff") else 0], []
    for found in _LINE_END.finditer(text):
        ends.append(found.start())
        starts.append(found.end())
    return starts, [*ends, len(text)]


def _offset(starts: list[int], ends: list[int], line: int, column: int) -> int | None:
    if not 1 <= line <= len(starts) or column < 1:
        return None
    offset = starts[line - 1] + column - 1
    return offset if offset <= ends[line - 1] else None


def _usual_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"
