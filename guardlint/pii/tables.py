"""Cells of tables, read with the heading of their column before them.

In a table the word that says what a number is stands lines away, and no recogniser looks so far: CSV, tabs,
Markdown, and the columns of an SQL ``INSERT``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.pii.reading import BREAK, Change, Piece, Reader

__all__ = ["LIKELY_READERS", "READERS", "headings_of", "insert_in", "is_pair", "named", "tuple_at"]

_LINE = re.compile(r"[^\r\n]+")
_DELIMITERS = "\t|;,"
_PAIRING = "\t|;"
_HEADING = re.compile(r"[\"' ]*[^\W\d][\w ./()-]{1,30}[\"' ]*")
_RULE = re.compile(r"[\s|:+=-]+")
_LEAST_COLUMNS = 2
_INSERT = re.compile(r"(?i)\binsert\s+into\s+[\w.\"`]{1,80}\s*\((?P<columns>[^()]{3,500})\)\s*values\s*")
_TUPLE = re.compile(r"\s*,?\s*\((?P<values>(?:'(?:[^']|'')*'|[^()'])*)\)")
_VALUE = re.compile(r"(?:'(?:[^']|'')*'|[^,'])+")


def _wide(text: str) -> Iterator[Change]:
    """The cells of three columns and more."""
    return (change for columns, change in _cells(text) if columns > _LEAST_COLUMNS)


def _narrow(text: str) -> Iterator[Change]:
    """The cells of two columns, if the first line is one of headings."""
    return (change for columns, change in _cells(text) if columns == _LEAST_COLUMNS)


def _pairs(text: str) -> Iterator[Change]:
    """The second of two cells, if the first of every line is its heading."""
    for line in _LINE.finditer(text):
        for delimiter in _PAIRING:
            heading, found, value = line.group().strip("| ").partition(delimiter)
            if found and delimiter not in value and _HEADING.fullmatch(heading):
                change = named(
                    value, line.start() + line.group().index(delimiter + value) + 1, heading.strip()
                )
                if change:
                    yield change
                break


def _cells(text: str) -> Iterator[tuple[int, Change]]:
    """Columns, and a cell under a line of headings, as long as the lines have as many cells."""
    lines = list(_LINE.finditer(text))
    index = 0
    while index + 1 < len(lines):
        headings, delimiter = _headings(lines[index].group())
        index += 1
        if not headings:
            continue
        while index < len(lines):
            line = lines[index].group()
            if line.count(delimiter) != len(headings) - 1:
                break
            if not _RULE.fullmatch(line):
                for change in _row(line, lines[index].start(), delimiter, headings):
                    yield len(headings), change
            index += 1


def _headings(line: str) -> tuple[list[str], str]:
    for delimiter in _DELIMITERS:
        if delimiter not in line:
            continue
        cells = line.split(delimiter)
        named = [cell for cell in cells if cell.strip()]
        if len(named) >= _LEAST_COLUMNS and all(_HEADING.fullmatch(cell) for cell in named):
            return [cell.strip(" \"'") for cell in cells], delimiter
    return [], ""


def _row(line: str, start: int, delimiter: str, headings: list[str]) -> Iterator[Change]:
    for cell, heading in zip(line.split(delimiter), headings, strict=True):
        change = named(cell, start, heading)
        if change:
            yield change
        start += len(cell) + len(delimiter)


def _inserted(text: str) -> Iterator[Change]:
    """The values of an SQL INSERT that names its columns."""
    for insert in _INSERT.finditer(text):
        columns = [column.strip(' "`\n\t') for column in insert["columns"].split(",")]
        end = insert.end()
        while row := _TUPLE.match(text, end):
            values = list(_VALUE.finditer(row["values"]))
            if len(values) == len(columns):
                for value, column in zip(values, columns, strict=True):
                    change = named(value.group(), row.start("values") + value.start(), column)
                    if change:
                        yield change
            end = row.end()


def named(cell: str, start: int, heading: str) -> Change | None:
    """The value of a cell that begins at ``start``, with its heading before it."""
    value = cell.strip(" \"'")
    if not value or not heading:
        return None
    first = start + cell.index(value)
    pieces: list[Piece] = [(f"{BREAK}{heading.replace('_', ' ')}: ", first, first)]
    pieces += [(char, first + index, first + index + 1) for index, char in enumerate(value)]
    return first, first + len(value), pieces


READERS: tuple[Reader, ...] = (_wide, _inserted)
"""In what these read the heading decides."""
LIKELY_READERS: tuple[Reader, ...] = (_narrow, _pairs)
"""What two columns can be."""


def headings_of(line: str) -> tuple[list[str], str]:
    """The headings in a line and the sign between them; none when it is no line of headings."""
    return _headings(line)


def is_pair(line: str) -> bool:
    """Whether the line is a heading and one value."""
    return next(_pairs(line), None) is not None


def insert_in(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the next SQL INSERT that names its columns stands, without its tuples."""
    found = _INSERT.search(text, start, end)
    return found.span() if found else None


def tuple_at(text: str, start: int, end: int) -> int | None:
    """Where the tuple ends that begins at ``start``; None when there is no whole one."""
    found = _TUPLE.match(text, start, end)
    return found.end() if found else None
