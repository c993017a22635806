"""Where in a growing text something may have begun that a pattern finds once more of the text has come.

A match that is still growing must not be released in part, however long it may become. So the text is asked,
by partial matching (the ``regex`` package, which Presidio needs too), for the first place from which it could
become a match. Where no pattern can have begun nothing waits, and no figure has to be guessed from a pattern.
Of a look-behind in the middle of a pattern partial matching may know too little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Final, Self

__all__ = ["Beginnings", "Pattern"]

_SECONDS: Final = 0.25  # for one pattern and one look; one that needs longer keeps back what it did not read
_NEVER: Final = "\U0010ffff"
"""Wanted behind each pattern: no text holds it, so a match that is whole counts as one that may go on."""
_MARGIN: Final = 1024
"""Characters before the place searched from that a pattern's look-behind can see."""

# What the two packages read differently: brackets in a set, braces that count nothing.
# And word boundaries, which partial matching takes for decided at the end of a text.
_TOKEN: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*\]|\{(?:\d*,\d*|\d+)\}|\{|.", re.DOTALL)
_COUNT: Final = re.compile(r"\{(?:\d+|\d+,\d*|,\d*)\}")
_VERBOSE: Final = re.compile(r"\(\?[aiLmsu]*x")
# A start that may be empty adds nothing to what is forbidden: `.*secret` forbids `secret`.
_EMPTY_START: Final = re.compile(
    r"(?P<flags>(?:\(\?[aiLmsux]+\))?)"
    r"(?:(?:\^|\\A)(?=\.[*+]|\[\\[sS]\\[sS]\][*+]))?"
    r"(?:(?:\.|\\[sSwWdD]|\[(?:[^\]\\^]|\\.)(?:[^\]\\]|\\.)*\]|[^\W\d_]|[ \"'@#:,-])"
    r"(?:[*?]|\{0?,\d*\})[?+]?)+"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as ``re`` reads it.

    ``whole``: every character of a match counts, since it is masked; else a match only has to exist, and
    what may be missing at its start is no part of what is forbidden.
    """

    text: str
    ignore_case: bool = False
    whole: bool = False


class Beginnings:
    """The patterns of some rails, or of a company's own recognisers."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(dict.fromkeys(patterns))

    def prepared(self) -> Self:
        """The same, compiled (milliseconds for each pattern): no event loop waits for it later."""
        _ = self._compiled
        return self

    def first(self, text: str, start: int, end: int) -> int:
        """Where in ``text[start:end]`` a match may have begun that needs more; ``end`` for nowhere."""
        for pattern in self._compiled:
            if start >= end:
                break
            end = _first(pattern, text, start, end)
        return end

    @cached_property
    def _compiled(self) -> tuple[Any, ...]:
        return tuple(map(_compiled, self.patterns))


def _first(pattern: Any, text: str, start: int, end: int) -> int:
    if pattern is None:
        return start
    margin = max(start - _MARGIN, 0)
    try:
        found = pattern.search(text[margin:end], start - margin, partial=True, timeout=_SECONDS)
    except (TimeoutError, MemoryError):
        return start
    return end if found is None else margin + int(found.start())


@cache
def _compiled(pattern: Pattern) -> Any:
    """For the search; None for what cannot be told, which keeps everything back until the end."""
    try:
        regex: Any = import_module("regex")
        text = "".join(map(_alike, _TOKEN.findall(pattern.text)))
        verbose = _VERBOSE.match(text)
        if not pattern.whole and not verbose and (start := _EMPTY_START.match(text)):
            text = start["flags"] + text[start.end() :]
        # A comment of a verbose pattern ends with its line.
        ending = "\n" if verbose else ""
        flags = regex.VERSION0 | (regex.IGNORECASE if pattern.ignore_case else 0)
        return regex.compile(f"(?:{text}{ending}){_NEVER}", flags)
    except Exception:  # noqa: BLE001 - whatever the reason, nothing is known of what it finds
        return None


def _alike(part: str) -> str:
    """A piece of a pattern, as ``regex`` must be told it to read what ``re`` does."""
    if part in (r"\b", r"\B"):
        return f"(?:{part}|(?={_NEVER}))"  # at the end nobody knows yet
    if part == "{" or (part.startswith("{") and not _COUNT.fullmatch(part)):
        return "\\" + part
    if part.startswith("[") and len(part) > 1:
        return "[" + re.sub(r"(?<!\\)((?:\\\\)*)\[", r"\1\\[", part[1:])
    return part
