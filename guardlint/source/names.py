"""Did-you-mean for keys, flows, entities, rule ids and options."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

__all__ = ["closest"]


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` was most likely meant to be, or None when none is near.

    Case, hyphens, underscores, blanks and a plural s do not count; else at most a fifth of the letters may
    differ, or one word may be missing at an end (``threshold`` for ``score_threshold``).
    """
    if not word:
        return None
    own = _shape(word)
    best: tuple[float, str | None] | None = None
    for candidate in sorted(set(candidates)):
        other = _shape(candidate)
        if own.folded == other.folded:
            return candidate
        near = _may_be_near(own, other)
        part = other.joined.startswith(own.joined) or other.joined.endswith(own.joined)
        if not near and not part:
            continue
        ratio = _ratio(own.folded, other.folded) if near else 0.0
        if _one_letter(own.folded, other.folded, ratio):
            ratio = max(ratio, _NEAR + 0.01)
        elif ratio < _NEAR and _is_part(word, candidate):
            ratio = _NEAR
        if ratio < _NEAR:
            continue
        if best is None or ratio > best[0]:
            best = (ratio, candidate)
        elif ratio == best[0] == _NEAR:
            best = (_NEAR, None)  # two are equally far: a guess would mislead
    return best[1] if best else None


_NEAR = 0.8


class _Shape(NamedTuple):
    """A name without what does not count, the letters that it has, and its words in one."""

    folded: str
    letters: int
    joined: str


@lru_cache(maxsize=4096)
def _shape(name: str) -> _Shape:
    folded = _fold(name)
    letters = 0
    for letter in folded:
        letters |= 1 << (ord(letter) & 63)
    return _Shape(folded, letters, "".join(_words(name)))


def _may_be_near(one: _Shape, other: _Shape) -> bool:
    """False only where so many letters stand in one name alone that no order of them would be near."""
    first, second = len(one.folded), len(other.folded)
    common = min(
        first - (one.letters & ~other.letters).bit_count(),
        second - (other.letters & ~one.letters).bit_count(),
    )
    return 2 * common >= _NEAR * (first + second) or common >= max(first, second) - 1


def _ratio(word: str, other: str) -> float:
    # Below 0.7 nothing is near, and the letters in common, in any order, are never fewer than in this one.
    common = sum(min(word.count(letter), other.count(letter)) for letter in set(word))
    if 2 * common < 0.7 * (len(word) + len(other)):
        return 0.0
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, other).ratio()


def _fold(name: str) -> str:
    folded = name.casefold().replace("-", "").replace("_", "").replace(" ", "")
    return folded[:-3] + "y" if folded.endswith("ies") else folded.rstrip("s")


def _one_letter(word: str, other: str, ratio: float) -> bool:
    """Whether all letters but one of the longer name match, in a name of four or more."""
    longer = max(len(word), len(other))
    return longer >= 4 and ratio * (len(word) + len(other)) / 2 >= longer - 1


def _is_part(word: str, candidate: str) -> bool:
    """Whether ``candidate`` has one word more than ``word``, at either end."""
    short, long = _words(word), _words(candidate)
    if len(_fold(word)) < 5 or len(long) != len(short) + 1:
        return False
    return short in (long[1:], long[:-1])


def _words(name: str) -> list[str]:
    return name.casefold().replace("-", " ").replace("_", " ").split()
