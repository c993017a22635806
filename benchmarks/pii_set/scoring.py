"""How well found spans meet the gold ones: partial, strict, per entity, false alarms.

Partial: an entity counts as found when findings of a compatible type cover at least half of its characters, a
finding as true when it touches a compatible gold span likewise. Strict: the same offsets and the same entity.
Soft entities (places, dates, nationalities, organisations, UUIDs) are neither asked for nor false alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .rows import Gold, Row

__all__ = ["SOFT", "Found", "Score", "score"]

SOFT = frozenset({"LOCATION", "DATE_TIME", "NRP", "ORGANIZATION", "UUID", "URL", "AGE", "TITLE"})
_ALIKE = (
    {"ADDRESS", "LOCATION", "UK_POSTCODE"},
    {"BANK_ACCOUNT", "US_BANK_NUMBER"},
    {"DATE_OF_BIRTH", "DATE_TIME"},
    {"API_KEY", "JWT", "PASSWORD", "AWS_SECRET_KEY", "AWS_ACCESS_KEY"},
    {"US_SSN", "US_ITIN"},
    {"US_PASSPORT", "UK_PASSPORT", "DE_PASSPORT"},
    {"EMAIL_ADDRESS", "URL"},
)


class Found(Protocol):
    """What a detector returns."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def entity(self) -> str: ...


@dataclass(slots=True)
class _Counts:
    gold: int = 0
    found: int = 0
    hit: int = 0
    true: int = 0
    exact: int = 0

    def f1(self) -> float:
        return _f1(self.true / self.found if self.found else 0.0, self.hit / self.gold if self.gold else 0.0)


@dataclass(slots=True)
class Score:
    """Sums over rows."""

    counts: dict[str, _Counts] = field(default_factory=dict)
    false_alarms: int = 0
    negatives: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def of(self, entity: str) -> _Counts:
        """The counts of one entity."""
        return self.counts.setdefault(entity, _Counts())

    def _sum(self, name: str) -> int:
        return sum(getattr(counts, name) for counts in self.counts.values())

    @property
    def precision(self) -> float:
        """Partial."""
        return self._sum("true") / max(1, self._sum("found"))

    @property
    def recall(self) -> float:
        """Partial."""
        return self._sum("hit") / max(1, self._sum("gold"))

    @property
    def partial(self) -> float:
        """F1 of the partial figures."""
        return _f1(self.precision, self.recall)

    @property
    def strict(self) -> float:
        """F1 of exact spans and entities."""
        exact = self._sum("exact")
        return _f1(exact / max(1, self._sum("found")), exact / max(1, self._sum("gold")))

    @property
    def macro(self) -> float:
        """Mean of the partial F1 of every entity that the set holds."""
        asked = [counts.f1() for counts in self.counts.values() if counts.gold]
        return sum(asked) / max(1, len(asked))

    @property
    def alarms(self) -> float:
        """False alarms per hundred messages without personal data."""
        return 100 * self.false_alarms / max(1, self.negatives)


def score(
    rows: Iterable[Row], answers: Iterable[Sequence[Found]], *, optional: frozenset[str] = SOFT
) -> Score:
    """The sums for what a detector answered to each row.

    ``optional`` entities are not asked for; findings of soft ones are never false alarms.
    """
    total = Score()
    for row, found in zip(rows, answers, strict=True):
        _add(total, row, found, optional)
    return total


def _add(total: Score, row: Row, found: Sequence[Found], optional: frozenset[str]) -> None:
    if row.section == "negative":
        total.negatives += 1
    for gold in row.gold:
        if gold.entity in optional:
            continue
        counts = total.of(gold.entity)
        counts.gold += 1
        covered = {
            index
            for span in found
            if _alike(span.entity, gold.entity)
            for index in range(max(span.start, gold.start), min(span.end, gold.end))
        }
        if 2 * len(covered) >= gold.end - gold.start:
            counts.hit += 1
        else:
            total.missed[f"{gold.entity}: {row.text[gold.start : gold.end]} | {row.text}"] += 1
    for span in found:
        touched = any(_touches(span, gold) for gold in row.gold)
        if span.entity in optional or (span.entity in SOFT and not touched):
            continue
        counts = total.of(span.entity)
        if touched:
            counts.true += 1
            counts.found += 1
            counts.exact += any(
                (span.start, span.end, span.entity) == (gold.start, gold.end, gold.entity)
                for gold in row.gold
            )
            continue
        counts.found += 1
        total.wrong[f"{span.entity}: {row.text[span.start : span.end]} | {row.text}"] += 1
        total.false_alarms += row.section == "negative"


def _touches(span: Found, gold: Gold) -> bool:
    shared = min(span.end, gold.end) - max(span.start, gold.start)
    return (
        _alike(span.entity, gold.entity)
        and 2 * shared >= min(span.end - span.start, gold.end - gold.start) > 0
    )


def _alike(one: str, two: str) -> bool:
    return one == two or any(one in alike and two in alike for alike in _ALIKE)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
