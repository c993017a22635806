"""A code frame: the line, and a mark under the exact span."""

from __future__ import annotations

from guardlint.source.place import Place
from guardlint.source.redact import redact_line

__all__ = ["code_frame", "width_of"]

_TAB = "    "
_WIDEST = 160


def code_frame(place: Place, text: str | None, mark: str = "^") -> tuple[str, str] | None:
    """The source line and the line of marks under it, or None where there is no such line.

    Secrets are hidden, tabs are four blanks, wide characters count as two columns, and of a very long line
    the part around the span is shown.
    """
    lines = (text or "").split("\n")
    if not 1 <= place.line <= len(lines) or not lines[place.line - 1].strip():
        return None
    line = lines[place.line - 1].lstrip("\ufeff")
    start = min(place.column - 1, len(line))
    end = place.end_column - 1 if place.end_line == place.line else len(line)
    end = max(min(end, len(line.rstrip())), start + 1)
    hidden = redact_line([*lines[: place.line - 1], line], place.line)
    cut = 0
    if len(hidden) > _WIDEST:
        cut = max(0, min(start - 20, len(hidden) - _WIDEST))
        hidden = hidden[cut : cut + _WIDEST]
        end = min(end, cut + _WIDEST)
    shown = _printable(hidden).replace("\t", _TAB)
    lead = width_of(_printable(hidden[: start - cut]).replace("\t", _TAB))
    span = width_of(_printable(hidden[start - cut : end - cut]).replace("\t", _TAB))
    return shown.rstrip(), " " * lead + mark * max(span, 1)


def width_of(text: str) -> int:
    """Columns that a terminal needs for ``text``."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _printable(text: str) -> str:
    """Control characters and invisible marks as ``·``: a file must not drive the reader's terminal."""
    if text.isprintable():
        return text
    import unicodedata

    return "".join(
        character if character == "\t" or unicodedata.category(character)[0] != "C" else "·"
        for character in text
    )
