"""Where something stands in a file."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Place"]


class Place(NamedTuple):
    """A span of text in ``file``; lines and columns count from 1, the end column is exclusive.

    ``file`` is whatever path the reader was given; reports make it relative to the working directory.
    Places are made by the thousand and sorted, which tuples are best at.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def at(cls, file: str, line: int = 1, column: int = 1, width: int = 1) -> Place:
        """A place on one line, ``width`` characters wide."""
        return cls(file, line, column, line, column + width)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
