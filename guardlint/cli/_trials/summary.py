"""What a run comes to: counts, what no case exercises, over-blocking, and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from guardlint.cli._trials.benign import LIMIT, Rate, rates
from guardlint.cli._trials.outcome import Aspect, Outcome, Settings, Status, Tried
from guardlint.source.record import record

__all__ = ["Covered", "Problem", "Summary", "summary"]

_NEVER = {
    "fires": "no case makes it fire",
    "holds": "every case makes it fire",
    "passed": "no case lets anything pass",
    "acted": "no case makes it act",
    "ran": "no case runs it",
    "true": "no case makes it true",
    "false": "no case makes it false",
    "reached": "no case reaches it",
}


@record
class Covered:
    """An aspect, how many cases took it each way, and the ways that none took."""

    aspect: Aspect
    counts: tuple[tuple[str, int], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The ways that no case took."""
        taken = dict(self.counts)
        return tuple(way for way in self.aspect.ways if not taken.get(way))

    @property
    def why(self) -> str:
        """What no case does, in words."""
        return ", ".join(_NEVER.get(way, f"no case is {way}") for way in self.missing)


@record
class Problem:
    """Something that no single case is to blame for: ``what`` names the rail, policy or configuration."""

    what: str
    name: str
    place: str
    message: str


@record
class Summary:
    """All of a run. ``errors`` are documents that are wrong; ``problems`` what else the run fails for."""

    tried: tuple[Tried, ...]
    outcomes: tuple[Outcome, ...]
    coverage: tuple[Covered, ...]
    rates: tuple[Rate, ...]
    problems: tuple[Problem, ...]
    partial: bool

    @property
    def errors(self) -> tuple[Tried, ...]:
        """The suites that could not be tried to their end."""
        return tuple(tried for tried in self.tried if tried.error is not None)

    def count(self, *statuses: Status) -> int:
        """How many cases ended so."""
        return sum(outcome.status in statuses for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """0 all as the cases say, 1 some are not, 2 a document is wrong, 4 guardlint itself failed."""
        codes = [tried.exit_code for tried in self.errors]
        if codes:
            return max(codes)
        return 1 if self.problems or self.count("failed", "flaky") else 0


def summary(tried: Sequence[Tried], settings: Settings, *, all_ways: bool) -> Summary:
    """The run in all. With ``all_ways``, every way that no case takes is a problem, required or not.

    Where the settings leave cases out, or a document is wrong, nothing is said of what no case exercises.
    """
    outcomes = tuple(outcome for each in tried for outcome in each.outcomes)
    coverage = tuple(_coverage(tried, outcomes))
    found = tuple(rates(outcomes))
    partial = settings.partial or any(each.error is not None for each in tried)
    problems = [] if partial else list(_uncovered(coverage, all_ways))
    for rate in found:
        if rate.too_high:
            first = next(o.place for o in outcomes if o.suite == rate.suite and o.counted)
            text = f"stops or changes {rate} benign texts, more than {LIMIT:.0%}"
            problems.append(Problem(rate.suite, "over-blocking", first, text))
    return Summary(tuple(tried), outcomes, coverage, found, tuple(problems), partial)


def _coverage(tried: Iterable[Tried], outcomes: Sequence[Outcome]) -> Iterable[Covered]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for outcome in outcomes:
        for suite, name, way in outcome.marks:
            counts.setdefault((suite, name), Counter())[way] += 1
    for each in tried:
        for aspect in each.aspects:
            taken = counts.get((aspect.suite, aspect.name), Counter())
            order = [*aspect.ways, *sorted(taken.keys() - set(aspect.ways))]
            yield Covered(aspect, tuple((way, taken[way]) for way in order))


def _uncovered(coverage: Sequence[Covered], all_ways: bool) -> Iterable[Problem]:
    for covered in coverage:
        aspect = covered.aspect
        if covered.missing and (aspect.required or all_ways):
            yield Problem(aspect.suite, aspect.name, aspect.place, covered.why)
