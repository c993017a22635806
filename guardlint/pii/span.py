"""What a detector returns, and what recognisers hand to arbitration."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from guardlint.source.record import record

__all__ = ["Hit", "Rank", "Span"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Personal data at ``text[start:end]`` of the text that was given.

    ``entity`` is Presidio's name or one of ours (DESIGN §7); ``score`` is a confidence in 0..1.
    """

    start: int
    end: int
    entity: str
    score: float


class Rank(enum.IntEnum):
    """How much a candidate's origin is worth when two overlap; the higher one keeps the text."""

    GUESSED = 0
    """Named by the statistical model."""
    LIKELY = 1
    """A shape that many harmless numbers share, such as a telephone number."""
    SHAPED = 2
    """A pattern with structure, or one that context words support."""
    PROVEN = 3
    """A check digit, a registered prefix or a cue leaves little doubt."""


@record
class Hit:
    """A candidate, in offsets of the text that was scanned."""

    start: int
    end: int
    entity: str
    score: float
    rank: Rank
