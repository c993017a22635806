"""The texts that string literals of Python and scalars of YAML stand for, character by character.

Both readers decode what the language's own parser has decoded already, because that one forgets where the
characters came from; the caller gives its result, and where the two disagree nothing is returned.
"""

from __future__ import annotations

import re
import sys
import unicodedata

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.mapped_text import MappedText

__all__ = ["python_text", "yaml_text"]

_Piece = tuple[str, int, int]

_OPENING = lazy_pattern(r"([A-Za-z]{0,2})(\'\'\'|\"\"\"|'|\")")
_BETWEEN = lazy_pattern(r"(?:[ \t\f\n]|\\\n|#[^\n]*)+")
_PYTHON_ESCAPE = lazy_pattern(
    r"\\(?:\n|[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{2}|N\{[^}]+\}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
)
_BRACES = lazy_pattern(r"\{\{|\}\}")
_YAML_BREAKS = lazy_pattern(r"[ \t]*\n[ \t\n]*")
_YAML_DOUBLE = lazy_pattern(
    r"[ \t]*\n[ \t\n]*|\\(?:\n[ \t\n]*|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)"
)
_YAML_SINGLE = lazy_pattern(r"[ \t]*\n[ \t\n]*|''")
_PYTHON_SIMPLE = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))
_YAML_SIMPLE = dict(
    zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True)
)


def python_text(source: str, begin: int, end: int, value: str) -> MappedText | None:
    """The literal at ``source[begin:end]``, whose value is ``value``.

    Several literals side by side are one. None where the reading does not come to ``value``.
    """
    pieces: list[_Piece] = []
    at = begin
    while at < end:
        gap = _BETWEEN.match(source, at, end)
        if gap is not None:
            at = gap.end()
            continue
        opening = _OPENING.match(source, at, end)
        if opening is None:
            return None
        closing = _closing(source, opening.end(), end, opening[2])
        if closing is None:
            return None
        pieces += _python_body(source, opening.end(), closing, opening[1].lower())
        at = closing + len(opening[2])
    return _checked(pieces, value)


def yaml_text(source: str, begin: int, end: int, value: str, style: str | None) -> MappedText | None:
    """The scalar at ``source[begin:end]`` with PyYAML's ``style``; None where it does not come to ``value``.

    ``begin`` is its first character: the quote, the ``|`` or the ``>``.
    """
    if style == "|":
        return _checked(_block(source, begin, end, value), value)
    if style == ">":
        return _checked(_folded(_block_lines(source, begin, end, value), value), value)
    if style == '"':
        return _checked(_flow(source, begin + 1, end - 1, _YAML_DOUBLE), value)
    if style == "'":
        return _checked(_flow(source, begin + 1, end - 1, _YAML_SINGLE), value)
    return _checked(_flow(source, begin, end, _YAML_BREAKS), value)


def _checked(pieces: list[_Piece], value: str) -> MappedText | None:
    found = MappedText.of(pieces)
    return found if found.text == value else None


def _closing(source: str, at: int, end: int, quote: str) -> int | None:
    """Where the closing quotes begin. A backslash guards the next character, in raw literals too."""
    for match in re.compile(r"\\.|" + quote, re.DOTALL).finditer(source, at, end):
        if match[0] == quote:
            return match.start()
    return None


def _python_body(source: str, begin: int, end: int, prefix: str) -> list[_Piece]:
    patterns = [] if "r" in prefix else [_PYTHON_ESCAPE.pattern]
    patterns += [_BRACES.pattern] if "f" in prefix else []
    if not patterns:
        return [(source[begin:end], begin, end - begin)]
    pieces: list[_Piece] = []
    at = begin
    for match in re.compile("|".join(patterns)).finditer(source, begin, end):
        made = _python_character(match[0][1:]) if match[0][0] == "\\" else match[0][0]
        pieces.append((source[at : match.start()], at, match.start() - at))
        pieces.append((made, match.start(), len(match[0])))
        at = match.end()
    return [*pieces, (source[at:end], at, end - at)]


def _python_character(escape: str) -> str:
    """What an escape stands for; ``escape`` is what follows the backslash."""
    if escape == "\n":
        return ""
    if escape in _PYTHON_SIMPLE:
        return _PYTHON_SIMPLE[escape]
    if escape[0] == "N":
        try:
            return unicodedata.lookup(escape[2:-1])
        except KeyError:
            return ""
    return _character(escape[1:], 16) if escape[0] in "xuU" else _character(escape, 8)


def _character(digits: str, base: int) -> str:
    number = int(digits, base)
    return chr(number) if number <= sys.maxunicode else ""


def _flow(source: str, begin: int, end: int, special: re.Pattern[str]) -> list[_Piece]:
    """Plain and quoted scalars: one break is a blank, of several the first is dropped."""
    pieces: list[_Piece] = []
    at = begin
    for match in special.finditer(source, begin, end):
        pieces.append((source[at : match.start()], at, match.start() - at))
        pieces.append((_flow_character(match[0]), match.start(), len(match[0])))
        at = match.end()
    return [*pieces, (source[at:end], at, end - at)]


def _flow_character(special: str) -> str:
    if special == "''":
        return "'"
    if special[0] != "\\":
        return "\n" * (special.count("\n") - 1) or " "
    name = special[1:]
    if name[0] == "\n":
        # A backslash at the end of a line joins the next one; blank lines between stay as breaks.
        return "\n" * (name.count("\n") - 1)
    return _YAML_SIMPLE.get(name) or _character(name[1:] or "0", 16)


def _block_lines(source: str, begin: int, end: int, value: str) -> list[_Piece]:
    """The lines of a block scalar without header and indentation, each with its break."""
    at = source.find("\n", begin, end) + 1
    if at == 0:
        return []
    lines = source[at:end].split("\n")
    # With an indentation indicator (|2) the first line may be indented further than the block.
    indent = _indent(lines) - _indent(value.split("\n"))
    pieces: list[_Piece] = []
    for line in lines:
        pieces.append((line[indent:], at + indent, max(len(line) - indent, 0)))
        at += len(line) + 1
        # The last line of a file need not end, yet its text does.
        pieces.append(("\n", at - 1, 1 if at <= len(source) else 0))
    return pieces


def _indent(lines: list[str]) -> int:
    """Blanks before the first line that is not empty."""
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), 0)


def _block(source: str, begin: int, end: int, value: str) -> list[_Piece]:
    whole = MappedText.of(_block_lines(source, begin, end, value))
    return whole.pieces(0, len(value))


def _folded(lines: list[_Piece], value: str) -> list[_Piece]:
    """A block whose breaks may stand for blanks, or for nothing."""
    source = MappedText.of(lines)
    pieces: list[_Piece] = []
    at = 0
    for character in value:
        while at < len(source.text) and source.text[at] == "\n" and character not in "\n ":
            at += 1
        begin, end = source.origin_of(at)
        if source.text[at : at + 1] not in (character, "\n"):
            return []
        pieces.append((character, begin, end - begin))
        at += 1
    return pieces
