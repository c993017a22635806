"""Canonical JSON of records, most of which are like one before but for some figures.

The encoder of the standard library takes most of the time that a record costs.  So what a record says in
words is spelled once, with marks where the figures stand, and for later ones only the figures are spelled.
Each outline is held to the encoder when it is made: what it fills in must be the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final, Protocol

__all__ = ["Alike", "Speller", "spelled"]

# As bundle.canonical.compact, without making an encoder, and looking for circles, for each record.
spelled = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode
_MARK: Final = re.compile(r'"\\u0000([0-9]+)"')
_MOST: Final = 200  # outlines; verdicts, rails and reasons make a dozen

_Outline = tuple[str, Callable[[Sequence[Any]], tuple[Any, ...]]]


class Alike(Protocol):
    """What a record is made of."""

    @property
    def time(self) -> str:
        """As in the record."""

    def words(self) -> Hashable:
        """Equal for two records that differ in figures only."""

    def figures(self) -> list[Any]:
        """The rest: any JSON with finite numbers, in an order that the words fix."""

    def record(self, figures: Sequence[Any]) -> dict[str, Any]:
        """The record with these figures in their places."""


class Speller:
    """Spells the records of one log.  Not safe between threads: its owner has a lock."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Outline] = {}

    def spell(self, made: Alike, more: Mapping[str, Any]) -> str:
        """The record with the fields of ``more``.

        Raises ValueError for what JSON does not have.
        """
        words = made.words(), *more
        figures = [*made.figures(), *more.values()]
        outline = self._known.get(words)
        if outline is not None:
            return _filled(outline, figures)
        plain = spelled({**made.record(figures), **more})
        outline = _outline(made, more, len(figures))
        if outline is not None and plain == _filled(outline, figures):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[words] = outline
        return plain


def _outline(made: Alike, more: Mapping[str, Any], count: int) -> _Outline | None:
    """The text with a ``%s`` for each figure, and what puts them into order; None where that is not clear."""
    marks = [f"\0{number}" for number in range(count)]
    marked = {**made.record(marks), **dict(zip(more, marks[count - len(more) :], strict=True))}
    pieces = _MARK.split(spelled(marked))
    places = [int(number) for number in pieces[1::2]]
    if len(places) < 2 or sorted(places) != list(range(count)):
        return None
    return "%s".join(piece.replace("%", "%%") for piece in pieces[::2]), itemgetter(*places)


def _filled(outline: _Outline, figures: Sequence[Any]) -> str:
    text, ordered = outline
    return text % ordered(
        [
            value if type(value) in _AS_THEY_ARE else "null" if value is None else _SPELL[type(value)](value)
            for value in figures
        ]
    )


class _Spell(dict[type, Callable[[Any], str]]):
    """How a figure is spelled: by the encoder where nothing quicker is known."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return spelled


_AS_THEY_ARE: Final = frozenset((int, float))
_SPELL: Final = _Spell({str: encode_basestring})
