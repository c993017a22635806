"""Asks the rails of one half about a text: in which order, for how long, how many at once, how often in vain.

Rails that may rewrite come first, one after the other, so that whatever judges sees what would be released;
then those that cost nothing; then those that ask a model, all at the same time.  The first in this order
that blocks decides, whichever answers first, so that the same text is always refused by the same rail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final, Literal

from guardlint.engines import Direction, Rails, RailsVerdict, Turn, Unit
from guardlint.engines.tries import counting
from guardlint.engines.usage import merged
from guardlint.guard.crossing import Deadline, finished, fits_here
from guardlint.guard.handling import Handling, together

__all__ = ["Asker", "Share", "asked_together", "summed"]

_DEGRADING_SHARE: Final = 0.5  # of the plan's time, where a rail that may be left out has no time of its own
_AT_ONCE: Final = 8  # texts of one conversation checked at the same time

Share = Literal["all", "each", "judges", "seams"]
"""Which rails of a half read a text: all of them; where it is a part of a message, those that read each part,
or the judges, who read all parts as one; where it is what stands at a seam, those that ask nobody and change
nothing."""

_Handlings = Mapping[Direction, Mapping[str, Handling]]
_Lines = tuple[list["_Line"], list["_Line"]]


class Asker:
    """The rails of one half of a bundle, with what is known of their recent failures."""

    def __init__(self, rails: Rails, handlings: _Handlings, timeout: float) -> None:
        self.rails = rails
        self._lines = {
            (direction, unit): _Line(unit, _of(unit, handlings.get(direction, {}), timeout))
            for direction, units in rails.units.items()
            for unit in units
        }
        self._shares: dict[tuple[Direction, Share], _Lines] = {}
        for direction, units in rails.units.items():
            lines = [self._lines[direction, unit] for unit in units]
            judges = [line for line in lines if line.unit.waits and not line.unit.rewrites]
            first = [line for line in lines if line not in judges]
            free = [line for line in first if not line.unit.waits and not line.unit.rewrites]
            self._shares |= {
                (direction, "all"): (first, judges),
                (direction, "each"): (first, []),
                (direction, "judges"): ([], judges),
                (direction, "seams"): (free, []),
            }
        self._flows = {
            key: tuple(flow for line in (*first, *judges) for flow in line.unit.flows)
            for key, (first, judges) in self._shares.items()
        }

    def waits(self, direction: Direction) -> bool:
        """Whether any rail of the direction asks a model or a service."""
        return any(unit.waits for unit in self.rails.units.get(direction, ()))

    def flows(self, direction: Direction, share: Share) -> tuple[str, ...]:
        """The flows of the direction that are of that share."""
        if share == "all":
            return self.rails.flows[direction]
        return self._flows[direction, share]

    async def ask(
        self, direction: Direction, turns: Sequence[Turn], deadline: Deadline, share: Share = "all"
    ) -> RailsVerdict:
        """The verdict of a share of the direction's rails on the last turn.

        Never raises but for cancellation.
        """
        first, judges = self._shares[direction, share]
        verdicts: list[RailsVerdict] = []
        for line in first:
            verdict = await self._ask(direction, turns, line, deadline)
            verdicts.append(verdict)
            if verdict.status == "blocked":
                return _joined(turns, verdicts)
            if verdict.status == "modified":
                turns = [*turns[:-1], {**turns[-1], "content": verdict.text}]
        if len(judges) == 1:
            verdicts.append(await self._ask(direction, turns, judges[0], deadline))
        elif judges:
            verdicts += await self._ask_together(direction, turns, judges, deadline)
        return _joined(turns, verdicts) if verdicts else RailsVerdict("passed", turns[-1]["content"])

    async def _ask_together(
        self, direction: Direction, turns: Sequence[Turn], lines: Sequence[_Line], deadline: Deadline
    ) -> list[RailsVerdict]:
        """The verdicts in the order of the lines, up to the first that blocks; the rest is called off."""
        await deadline.cross()
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._ask(direction, turns, line, deadline)) for line in lines]
        verdicts: list[RailsVerdict] = []
        try:
            for task in tasks:
                verdicts.append(await task)
                if verdicts[-1].status == "blocked":
                    break
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return verdicts

    async def _ask(
        self, direction: Direction, turns: Sequence[Turn], line: _Line, deadline: Deadline
    ) -> RailsVerdict:
        unit = line.unit
        verdict: RailsVerdict | None = None
        started = monotonic()
        if line.closed():
            try:
                if not unit.waits and fits_here((turns[-1]["content"],)):
                    verdict = self._at_once(direction, turns, line)
                if verdict is None:
                    verdict = await self._crossed(direction, turns, line, deadline)
            except BaseException:
                # Whoever gave up says nothing about the rail; a deadline that passed over it does.
                line.learn(failed=True if deadline.over else None)
                raise
            line.learn(failed=verdict.error)
        if verdict is None:
            verdict = RailsVerdict.broken(unit.flows[0])
        if verdict.error and line.handling.degrade:
            calls, usage = verdict.llm_calls, verdict.usage
            verdict = RailsVerdict(
                "passed", turns[-1]["content"], llm_calls=calls, degraded=unit.flows, usage=usage
            )
        if len(unit.flows) == 1:
            verdict.took = ((unit.flows[0], (monotonic() - started) * 1000),)
        return verdict

    def _at_once(self, direction: Direction, turns: Sequence[Turn], line: _Line) -> RailsVerdict | None:
        """The verdict of a rail that does not wait; None when it waits after all, or broke: there it may."""
        limit = line.handling.timeout
        latest = None if limit is None else monotonic() + limit
        work = self.rails.check(direction, turns, line.unit)
        answer = finished(work)
        if answer is None:
            work.close()
            return None
        if latest is not None and monotonic() > latest:
            return RailsVerdict.late(line.unit.flows[0])
        return None if answer[0].error else answer[0]

    async def _crossed(
        self, direction: Direction, turns: Sequence[Turn], line: _Line, deadline: Deadline
    ) -> RailsVerdict:
        """The verdict of a rail that may wait, in the guard's loop."""
        await deadline.cross()
        if line.gate is None:
            with counting(deadline.tries):
                return await self._in_time(direction, turns, line.unit, line.handling.timeout)
        async with line.gate:  # waiting for a turn is not the rail's fault: its own time begins here
            with counting(deadline.tries):
                return await self._in_time(direction, turns, line.unit, line.handling.timeout)

    async def _in_time(
        self, direction: Direction, turns: Sequence[Turn], unit: Unit, limit: float | None
    ) -> RailsVerdict:
        if limit is None:
            return await self.rails.check(direction, turns, unit)
        try:
            async with asyncio.timeout(limit):
                return await self.rails.check(direction, turns, unit)
        except TimeoutError:
            return RailsVerdict.late(unit.flows[0])


async def asked_together(
    asker: Asker,
    direction: Direction,
    turns: Sequence[Sequence[Turn]],
    deadline: Deadline,
    shares: Sequence[Share],
) -> list[RailsVerdict]:
    """The verdicts on several texts of one conversation, in the guard's loop."""
    await deadline.cross()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(text: Sequence[Turn], share: Share) -> RailsVerdict:
        async with gate:
            return await asker.ask(direction, text, deadline, share)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(text, share)) for text, share in zip(turns, shares, strict=True)]
    return [task.result() for task in tasks]


def summed(verdicts: Sequence[RailsVerdict]) -> RailsVerdict:
    """What the rails did on several texts, for the record; nothing on none."""
    modified = any(verdict.status == "modified" for verdict in verdicts)
    took: dict[str, float] = {}
    for flow, spent in (pair for verdict in verdicts for pair in verdict.took):
        took[flow] = took.get(flow, 0.0) + spent
    return RailsVerdict(
        "modified" if modified else "passed",
        rails=tuple(rail for verdict in verdicts for rail in verdict.rails),
        llm_calls=sum(verdict.llm_calls for verdict in verdicts),
        degraded=tuple(flow for verdict in verdicts for flow in verdict.degraded),
        took=tuple(took.items()),
        usage=merged(one for verdict in verdicts for one in verdict.usage),
    )


class _Line:
    """The way to one unit: how many go at once, and the circuit breaker."""

    def __init__(self, unit: Unit, handling: Handling) -> None:
        self.unit = unit
        self.handling = handling
        self.gate = None if handling.at_once is None else asyncio.Semaphore(handling.at_once)
        self._failures = 0
        self._rests_until = 0.0
        self._probing = False

    def closed(self) -> bool:
        """Whether the rail may be asked.  When its rest is over one caller may, to see whether it is well."""
        breaker = self.handling.breaker
        if breaker is None or self._failures < breaker.failures:
            return True
        if self._probing or monotonic() < self._rests_until:
            return False
        self._probing = True
        return True

    def learn(self, *, failed: bool | None) -> None:
        """What came of asking; None: nobody knows."""
        breaker = self.handling.breaker
        if breaker is None:
            return
        self._probing = False
        if failed:
            self._failures += 1
            self._rests_until = monotonic() + breaker.seconds
        elif failed is not None:
            self._failures = 0


def _of(unit: Unit, handlings: Mapping[str, Handling], timeout: float) -> Handling:
    handling = together([handlings.get(flow, Handling()) for flow in unit.flows])
    if handling.degrade and handling.timeout is None:
        return replace(handling, timeout=timeout * _DEGRADING_SHARE)
    return handling


def _joined(turns: Sequence[Turn], verdicts: Sequence[RailsVerdict]) -> RailsVerdict:
    """One verdict of several: the last one's decision, what all of them did."""
    if len(verdicts) == 1:
        return verdicts[0]
    rails = tuple(flow for verdict in verdicts for flow in verdict.rails)
    degraded = tuple(flow for verdict in verdicts for flow in verdict.degraded)
    calls = sum(verdict.llm_calls for verdict in verdicts)
    took = tuple(pair for verdict in verdicts for pair in verdict.took)
    usage = tuple(one for verdict in verdicts for one in verdict.usage)
    last = verdicts[-1]
    if last.status != "blocked":
        changed = any(verdict.status == "modified" for verdict in verdicts)
        last = RailsVerdict("modified" if changed else "passed", turns[-1]["content"])
    return replace(last, rails=rails, llm_calls=calls, degraded=degraded, took=took, usage=usage)
