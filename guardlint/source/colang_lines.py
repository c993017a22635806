"""The lines of a Colang file of either version that say something, as the tolerant outline reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LogicalLine", "logical_lines"]


@dataclass(slots=True)
class LogicalLine:
    """Text without comments; ``number`` is that of its first line, from 1."""

    number: int
    indent: int
    text: str


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Lines without comments, docstrings and blank lines; a string may run over several lines."""
    in_docstring = False
    pending: LogicalLine | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        stripped = raw.strip().lstrip("\ufeff")
        if in_docstring:
            in_docstring = '"""' not in stripped
            continue
        if pending is not None:
            pending.text += "\n" + stripped
            if _balanced(pending.text):
                yield pending
                pending = None
            continue
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith('"""'):
            in_docstring = '"""' not in stripped[3:]
            continue
        line = LogicalLine(number, len(raw) - len(raw.lstrip()), _without_comment(stripped))
        if not line.text:
            continue
        if _opens_long_string(line.text):
            pending = line
            continue
        yield line
    if pending is not None:
        yield pending


def _without_comment(text: str) -> str:
    if "#" not in text:
        return text.rstrip()
    quote = ""
    for index, character in enumerate(text):
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "\"'" and not (index and text[index - 1].isalnum()):
            quote = character
        elif character == "#":
            return text[:index].rstrip()
    return text.rstrip()


def _opens_long_string(text: str) -> bool:
    """A line that starts a double-quoted text and does not end it goes on below (Colang 1.0)."""
    return text.startswith('"') and not _balanced(text)


def _balanced(text: str) -> bool:
    if "\\" not in text:
        return text.count('"') % 2 == 0
    return len(re.findall(r'(?<!\\)"', text)) % 2 == 0
