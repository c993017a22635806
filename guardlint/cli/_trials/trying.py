"""One case, tried as often as it takes to know whether its verdict is to be relied on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

from guardlint.cli._trials.outcome import Mark, Outcome, Settings
from guardlint.policy.documents import Document
from guardlint.source.record import record, replace

__all__ = ["Attempt", "tolerance_of", "tried"]


@record
class Attempt:
    """One try: the verdict in words, what is wrong with it, and what it exercised."""

    verdict: str
    wrong: str | None
    marks: tuple[Mark, ...] = ()


def tolerance_of(document: Document, index: int) -> Mapping[str, Any] | None:
    """How many of how many tries of a case must go right, where it says so. Raises ConfigError."""
    given: Mapping[str, Any] = document.data["cases"][index].get("with_model", {})
    if "tries" not in given:
        return None
    if given["at_least"] > given["tries"]:
        raise document.error(
            f"'at_least' is more than the {given['tries']} tries", "cases", index, "with_model", "at_least"
        )
    return given


def tried(
    outcome: Outcome,
    attempt: Callable[[], Attempt],
    settings: Settings,
    *,
    by_model: bool = False,
    tolerance: Mapping[str, Any] | None = None,
) -> Outcome:
    """``outcome`` with the status that its tries have.

    ``by_model``: a real model decides it, so that once is not enough. ``tolerance``: how many of how many
    tries must go as the case says.
    """
    started = perf_counter()
    times = settings.repeat or (2 if by_model else 1)
    if tolerance is not None and by_model:
        times = max(times, int(tolerance["tries"]))
    tries = [attempt() for _ in range(times)]
    if len(tries) == 1 and tries[0].wrong is not None and settings.repeat is None:
        tries.append(attempt())
    marks = tuple(dict.fromkeys(mark for each in tries for mark in each.marks))
    ended = replace(outcome, marks=marks, seconds=perf_counter() - started)
    if tolerance is not None and by_model:
        return _tolerated(ended, tries, tolerance)
    if len({(each.verdict, each.wrong) for each in tries}) > 1:
        seen = ", ".join(dict.fromkeys(_told(each) for each in tries))
        return replace(ended, status="flaky", why=f"{len(tries)} runs differ: {seen}")
    wrong = tries[0].wrong
    return ended if wrong is None else replace(ended, status="failed", why=wrong)


def _tolerated(outcome: Outcome, tries: Sequence[Attempt], tolerance: Mapping[str, Any]) -> Outcome:
    right = sum(each.wrong is None for each in tries)
    needed = -(-int(tolerance["at_least"]) * len(tries) // int(tolerance["tries"]))
    if right >= needed:
        return outcome
    first = next(each.wrong for each in tries if each.wrong is not None)
    return replace(
        outcome, status="failed", why=f"{right} of {len(tries)} runs go right, not {needed}: {first}"
    )


def _told(attempt: Attempt) -> str:
    return attempt.verdict if attempt.wrong is None else f"{attempt.verdict} ({attempt.wrong})"
