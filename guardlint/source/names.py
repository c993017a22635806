"""Did-you-mean for keys, flows, entities, rule ids and options."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["closest"]


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` was most likely meant to be, or None when none is near.

    Case, hyphens, underscores, blanks and a plural s do not count; else at most a third of the
    letters may differ.
    """
    from difflib import SequenceMatcher

    if not word:
        return None
    folded = _fold(word)
    best: tuple[float, str] | None = None
    for candidate in sorted(set(candidates)):
        other = _fold(candidate)
        if folded == other:
            return candidate
        matcher = SequenceMatcher(None, folded, other)
        if matcher.real_quick_ratio() < 0.7 or matcher.quick_ratio() < 0.7:
            continue
        ratio = matcher.ratio()
        if ratio >= 0.7 and (best is None or ratio > best[0]):
            best = (ratio, candidate)
    return best[1] if best else None


def _fold(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "").rstrip("s")
