"""Did-you-mean for keys, flows, entities, rule ids and options."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["closest"]


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` was most likely meant to be, or None when none is near.

    Case, hyphens, underscores, blanks and a plural s do not count; else at most a fifth of the letters may
    differ, or one word may be missing at an end (``threshold`` for ``score_threshold``).
    """
    from difflib import SequenceMatcher

    if not word:
        return None
    folded = _fold(word)
    best: tuple[float, str | None] | None = None
    for candidate in sorted(set(candidates)):
        other = _fold(candidate)
        if folded == other:
            return candidate
        matcher = SequenceMatcher(None, folded, other)
        ratio = matcher.ratio() if matcher.real_quick_ratio() >= 0.7 else 0.0
        if _one_letter(folded, other, ratio):
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
