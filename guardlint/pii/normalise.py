"""The text as recognisers should see it, with the way back to the text that was given.

Undone are tricks that a reader does not notice: compatibility forms (full width, circled, superscript),
digits of other scripts, invisible characters, odd spaces and dashes, decomposed accents, and Cyrillic or
Greek look-alikes inside a word that is otherwise Latin.
A word written wholly in Cyrillic, Greek or any other script stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from guardlint.source.record import record

__all__ = ["LOOKALIKES", "View", "normalise"]

# Drawn as nothing, yet not of the format category: combining grapheme joiner, Hangul fillers, Khmer inherent
# vowels, Mongolian and other variation selectors, and the keycap that encloses a digit.
_INVISIBLE = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20e3\u3164\ufe00-\ufe0f\uffa0]")
_PUNCTUATION = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201b": "'",
    "\u2032": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2212": "-",
    "\u2043": "-",
    "\u2800": " ",
}
LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһӏԛԝгпΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυχ",
    "ABESIJKMHOPCTYXaesijopcyxdhlqwrnABEZHIKMNOPTYXaivopux",
)
"""Cyrillic and Greek letters that are drawn like Latin ones."""
_WORD = re.compile(r"\w+")
# With the character before it, which the first mark may belong to.
_NOT_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")


@record
class View:
    """``text`` to scan; character ``i`` of it stands for ``starts[i]:ends[i]`` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the original of a non-empty ``text[start:end]``."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> View:
    """A view of ``text``; ASCII text is its own view."""
    if text.isascii():
        return View(text, range(len(text)), range(1, len(text) + 1))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for foreign in _NOT_ASCII.finditer(text):
        begin, behind = foreign.span()
        _keep(text, last, begin, out, starts, ends)
        for start, end in _clusters(text, begin, behind):
            plain = _plain(text[start:end])
            out.append(plain)
            starts.extend([start] * len(plain))
            ends.extend([end] * len(plain))
        last = behind
    _keep(text, last, len(text), out, starts, ends)
    return View(_WORD.sub(_unmix, "".join(out)), starts, ends)


def _keep(text: str, start: int, end: int, out: list[str], starts: list[int], ends: list[int]) -> None:
    out.append(text[start:end])
    starts.extend(range(start, end))
    ends.extend(range(start + 1, end + 1))


def _clusters(text: str, first: int, behind: int) -> Iterator[tuple[int, int]]:
    """Offsets of each character together with the combining marks that follow it."""
    start = first
    for index in range(first + 1, behind):
        if not unicodedata.combining(text[index]):
            yield start, index
            start = index
    yield start, behind


def _plain(cluster: str) -> str:
    if cluster.isascii():
        return cluster
    return "".join(map(_fold, unicodedata.normalize("NFKC", cluster)))


def _fold(char: str) -> str:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Cf" or _INVISIBLE.match(char):
        return ""
    if category == "Cs":
        return "\ufffd"  # half a surrogate pair cannot be encoded, and spaCy hashes UTF-8
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    digit = unicodedata.digit(char, None)
    return str(digit) if digit is not None else _PUNCTUATION.get(char, char)


def _unmix(word: re.Match[str]) -> str:
    found = word.group()
    if found.isascii() or not _CYRILLIC_OR_GREEK.search(found) or not _LATIN.search(found):
        return found
    return found.translate(LOOKALIKES)
