"""The pattern that was meant by one that matches nothing, where that is certain."""

from __future__ import annotations

import re

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["meant_pattern"]

_RAW = lazy_pattern(r"r(?P<quote>['\"])(?P<inside>.+)(?P=quote)", re.DOTALL)
_SLASHES = lazy_pattern(r"/(?P<inside>.+)/(?P<flags>[gimsuy]{1,5})", re.DOTALL)
_POSIX = {
    "digit": r"\d",
    "space": r"\s",
    "word": r"\w",
    "alpha": "a-zA-Z",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = lazy_pattern(r"\[:(\w+):\]")
_DOUBLED = lazy_pattern(r"\\\\(?=[AbBdDwWsSZ.])")


def meant_pattern(pattern: str) -> str | None:
    """``pattern`` with one fault of its writing taken out; None where what was meant may be otherwise."""
    meant = _meant(pattern)
    if meant is None or meant == pattern:
        return None
    try:
        re.compile(meant)
    except (re.error, RecursionError, OverflowError):
        return None
    return meant


def _meant(pattern: str) -> str | None:
    if "\b" in pattern:
        return pattern.replace("\b", r"\b")
    if pattern.endswith("\n"):
        bare = pattern.rstrip("\n")
        return bare if "\n" not in bare else None
    raw, slashes = _RAW.fullmatch(pattern), _SLASHES.fullmatch(pattern)
    if raw is not None:
        return raw["inside"]
    if slashes is not None:
        flags = "".join(sorted(set(slashes["flags"]) & set("ims")))
        return (f"(?{flags})" if flags else "") + slashes["inside"]
    classes = _CLASS.findall(pattern)
    if classes:
        if any(name not in _POSIX for name in classes):
            return None
        return _CLASS.sub(lambda found: _POSIX[found[1]], pattern)
    single = _DOUBLED.sub(lambda _: "\\", pattern)
    return single if "\\\\" not in single else None
