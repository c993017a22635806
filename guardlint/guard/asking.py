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
from typing import Final

from guardlint.engines import Direction, Rails, RailsVerdict, Turn, Unit
from guardlint.guard.crossing import Deadline, finished, fits_here
from guardlint.guard.handling import Handling, together

__all__ = ["Asker"]

_DEGRADING_SHARE: Final = 0.5  # of the plan's time, where a rail that may be left out has no time of its own

_Handlings = Mapping[Direction, Mapping[str, Handling]]


class Asker:
    """The rails of one half of a bundle, with what is known of their recent failures."""

    def __init__(self, rails: Rails, handlings: _Handlings, timeout: float) -> None:
        self.rails = rails
        self._lines = {
            (direction, unit): _Line(_of(unit, handlings.get(direction, {}), timeout))
            for direction, units in rails.units.items()
            for unit in units
        }

    def waits(self, direction: Direction) -> bool:
        """Whether any rail of the direction asks a model or a service."""
        return any(unit.waits for unit in self.rails.units.get(direction, ()))

    async def ask(self, direction: Direction, turns: Sequence[Turn], deadline: Deadline) -> RailsVerdict:
        """The verdict of all rails of the direction on the last turn.  Never raises but for cancellation."""
        units = self.rails.units[direction]
        together_ = [unit for unit in units if unit.waits and not unit.rewrites]
        verdicts: list[RailsVerdict] = []
        for unit in units:
            if unit in together_:
                continue
            verdict = await self._ask(direction, turns, unit, deadline)
            verdicts.append(verdict)
            if verdict.status == "blocked":
                return _joined(turns, verdicts)
            if verdict.status == "modified":
                turns = [*turns[:-1], {**turns[-1], "content": verdict.text}]
        if len(together_) == 1:
            verdicts.append(await self._ask(direction, turns, together_[0], deadline))
        elif together_:
            verdicts += await self._ask_together(direction, turns, together_, deadline)
        return _joined(turns, verdicts)

    async def _ask_together(
        self, direction: Direction, turns: Sequence[Turn], units: Sequence[Unit], deadline: Deadline
    ) -> list[RailsVerdict]:
        """The verdicts in the order of the units, up to the first that blocks; the rest is called off."""
        await deadline.cross()
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._ask(direction, turns, unit, deadline)) for unit in units]
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
        self, direction: Direction, turns: Sequence[Turn], unit: Unit, deadline: Deadline
    ) -> RailsVerdict:
        line = self._lines[direction, unit]
        verdict = RailsVerdict.broken(unit.flows[0])
        started = monotonic()
        if line.closed():
            try:
                verdict = await self._asked(direction, turns, unit, line, deadline)
            except BaseException:
                # Whoever gave up says nothing about the rail; a deadline that passed over it does.
                line.learn(failed=True if deadline.over else None)
                raise
            line.learn(failed=verdict.error)
        if verdict.error and line.handling.degrade:
            verdict = RailsVerdict("passed", turns[-1]["content"], degraded=unit.flows)
        if len(unit.flows) > 1:
            return verdict
        return replace(verdict, took=((unit.flows[0], (monotonic() - started) * 1000),))

    async def _asked(
        self, direction: Direction, turns: Sequence[Turn], unit: Unit, line: _Line, deadline: Deadline
    ) -> RailsVerdict:
        limit = line.handling.timeout
        if not unit.waits and fits_here((turns[-1]["content"],)):
            started = monotonic()
            work = self.rails.check(direction, turns, unit)
            answer = finished(work)
            if answer is None:
                work.close()  # it waits after all: below it may
            elif limit is not None and monotonic() - started > limit:
                return RailsVerdict.late(unit.flows[0])
            elif not answer[0].error:
                return answer[0]
        await deadline.cross()
        if line.gate is None:
            return await self._in_time(direction, turns, unit, limit)
        async with line.gate:  # waiting for a turn is not the rail's fault: its own time begins here
            return await self._in_time(direction, turns, unit, limit)

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


class _Line:
    """The way to one unit: how many go at once, and the circuit breaker."""

    def __init__(self, handling: Handling) -> None:
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
    last = verdicts[-1]
    if last.status != "blocked":
        changed = any(verdict.status == "modified" for verdict in verdicts)
        last = RailsVerdict("modified" if changed else "passed", turns[-1]["content"])
    return replace(last, rails=rails, llm_calls=calls, degraded=degraded, took=took)
