"""Rails that are slow or break: time-outs, the failure policy, how many at once, the circuit breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from guardlint.engines import Direction, RailsVerdict, Turn, Unit
from guardlint.guard.asking import Asker
from guardlint.guard.crossing import Deadline
from guardlint.guard.handling import Breaker, Handling

TEXT = "hello"
MASK = Unit(("mask",), rewrites=True, waits=True)
REGEX = Unit(("regex",), rewrites=False, waits=False)
ONE, TWO, THREE = (Unit((name,), rewrites=False, waits=True) for name in ("one", "two", "three"))


class Rails:
    """Rails that do what a test says: flow -> a function of the text that gives the verdict, or waits."""

    engine = "iorails"
    unused: tuple[str, ...] = ()

    def __init__(self, acts: Mapping[str, Callable[[str], Any]], *units: Unit) -> None:
        self.acts = acts
        self.units = MappingProxyType({"input": units})
        self.flows = MappingProxyType({"input": tuple(unit.flows[0] for unit in units)})
        self.asked: list[str] = []
        self.ended: list[str] = []

    async def check(
        self, direction: Direction, turns: Sequence[Turn], unit: Unit | None = None, /
    ) -> RailsVerdict:
        assert unit is not None
        (flow,) = unit.flows
        self.asked.append(flow)
        try:
            said = self.acts[flow](turns[-1]["content"])
            said = await said if asyncio.iscoroutine(said) else said
        finally:
            self.ended.append(flow)
        if said == "blocked":
            return RailsVerdict("blocked", rail=flow, rails=(flow,), llm_calls=1)
        if said == "broken":
            return RailsVerdict.broken(flow)
        text = turns[-1]["content"] if said is None else said
        return RailsVerdict("passed" if said is None else "modified", text, rails=(flow,), llm_calls=1)

    async def start(self) -> None: ...

    async def close(self) -> None: ...


def after(seconds: float, said: str | None = None) -> Callable[[str], Any]:
    async def wait() -> str | None:
        await asyncio.sleep(seconds)
        return said

    return lambda text: wait()


def says(said: str | None) -> Callable[[str], Any]:
    return lambda text: said


async def ask(asker: Asker, *, seconds: float = 5.0, text: str = TEXT) -> RailsVerdict:
    with Deadline(asyncio.get_running_loop(), seconds) as deadline:
        return await asker.ask("input", [{"role": "user", "content": text}], deadline)


def asker(rails: Rails, **handlings: Handling) -> Asker:
    return Asker(rails, {"input": handlings}, 2.0)  # type: ignore[arg-type]


class TestTogether:
    """Rails without an order between them."""

    def test_judges_run_at_the_same_time(self) -> None:
        """Three that take 0.2 seconds each take no 0.6."""
        rails = Rails({name: after(0.2) for name in ("one", "two", "three")}, ONE, TWO, THREE)
        started = time.monotonic()
        verdict = asyncio.run(ask(asker(rails)))
        assert time.monotonic() - started < 0.5
        assert verdict == RailsVerdict("passed", TEXT, rails=("one", "two", "three"), llm_calls=3)

    def test_rewriting_comes_first_and_one_by_one(self) -> None:
        """Whoever judges sees the rewritten text."""
        seen: list[str] = []
        acts = {"mask": says("masked"), "regex": seen.append, "one": seen.append}
        verdict = asyncio.run(ask(asker(Rails(acts, MASK, REGEX, ONE))))
        assert (verdict.status, verdict.text, seen) == ("modified", "masked", ["masked", "masked"])

    @pytest.mark.parametrize("slow", ["one", "two"])
    def test_the_first_in_order_decides(self, slow: str) -> None:
        """Both block; whichever answers first, the same rail is named."""
        acts = {name: after(0.1 if name == slow else 0.0, "blocked") for name in ("one", "two")}
        verdict = asyncio.run(ask(asker(Rails(acts, ONE, TWO))))
        assert (verdict.status, verdict.rail) == ("blocked", "one")

    def test_the_rest_is_called_off(self) -> None:
        """Who comes after the one that blocks is not waited for, and ends."""
        rails = Rails({"one": says("blocked"), "two": after(30)}, ONE, TWO)
        started = time.monotonic()
        assert asyncio.run(ask(asker(rails))).rail == "one"
        assert time.monotonic() - started < 1
        assert sorted(rails.ended) == ["one", "two"]

    def test_what_costs_nothing_comes_first(self) -> None:
        """A model is not asked about what a regular expression has blocked."""
        rails = Rails({"regex": says("blocked"), "one": says(None)}, REGEX, ONE)
        assert asyncio.run(ask(asker(rails))).rail == "regex"
        assert rails.asked == ["regex"]

    def test_each_rail_s_time_is_told(self) -> None:
        """Milliseconds by flow, where flows are asked one by one."""
        rails = Rails({"regex": says(None), "one": after(0.05)}, REGEX, ONE)
        took = dict(asyncio.run(ask(asker(rails))).took)
        assert list(took) == ["regex", "one"]
        assert took["one"] > 49 > took["regex"] >= 0


class TestTime:
    """Each rail has its own, within the plan's."""

    def test_late_blocks(self) -> None:
        """Closed by default, as an error, with the rail's name."""
        verdict = asyncio.run(ask(asker(Rails({"one": after(30)}, ONE), one=Handling(timeout=0.05))))
        assert verdict == RailsVerdict.late("one")

    def test_late_may_be_left_out(self) -> None:
        """The text passes, and the verdict names the rail."""
        rails = Rails({"one": after(30), "two": says(None)}, ONE, TWO)
        verdict = asyncio.run(ask(asker(rails, one=Handling(timeout=0.05, degrade=True))))
        assert verdict == RailsVerdict("passed", TEXT, rails=("two",), llm_calls=1, degraded=("one",))

    def test_a_rail_that_may_be_left_out_ends_before_the_plan(self) -> None:
        """Without a time of its own it has half of the plan's."""
        rails = Rails({"one": after(30)}, ONE)
        impatient = Asker(rails, {"input": {"one": Handling(degrade=True)}}, 0.2)  # type: ignore[arg-type]
        assert asyncio.run(ask(impatient, seconds=0.2)).degraded == ("one",)

    def test_slow_without_waiting(self) -> None:
        """A regular expression cannot be interrupted; that it took too long is seen afterwards."""

        def slow(text: str) -> None:
            time.sleep(0.1)

        rails = Rails({"regex": slow}, REGEX)
        assert asyncio.run(ask(asker(rails, regex=Handling(timeout=0.05)))) == RailsVerdict.late("regex")

    def test_the_plan_s_deadline_blocks_whatever_a_rail_may(self) -> None:
        """A deadline that passes over a rail is the whole call's."""
        rails = Rails({"one": after(30)}, ONE)
        with pytest.raises(TimeoutError):
            asyncio.run(ask(asker(rails, one=Handling(timeout=9, degrade=True)), seconds=0.05))


class TestAtOnce:
    """How many texts a rail looks at, at the same time."""

    def test_others_wait(self) -> None:
        """Never more than that, and waiting does not count as the rail's time."""
        running, most = 0, 0

        async def look() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.03)
            running -= 1

        limited = asker(Rails({"one": lambda text: look()}, ONE), one=Handling(timeout=0.2, at_once=2))

        async def many() -> list[RailsVerdict]:
            return list(await asyncio.gather(*(ask(limited) for _ in range(20))))

        assert {verdict.status for verdict in asyncio.run(many())} == {"passed"}
        assert most == 2


class TestBreaker:
    """After some failures in a row a rail is left alone."""

    @pytest.mark.parametrize("degrade", [False, True])
    def test_rests_and_recovers(self, degrade: bool) -> None:
        """It fails at once while it rests; then one caller tries, and success closes the breaker."""
        state = "broken"
        rails = Rails({"one": lambda text: None if state == "well" else state}, ONE)
        handled = Handling(degrade=degrade, timeout=1, breaker=Breaker(3, 0.2))
        fragile = asker(rails, one=handled)

        def outcome(verdict: RailsVerdict) -> str:
            return "degraded" if verdict.degraded else verdict.status

        async def story() -> list[str]:
            nonlocal state
            said = [outcome(await ask(fragile)) for _ in range(6)]
            assert rails.asked == ["one"] * 3
            await asyncio.sleep(0.25)
            said.append(outcome(await ask(fragile)))  # the probe: still broken, so it rests again
            said.append(outcome(await ask(fragile)))
            assert rails.asked == ["one"] * 4
            await asyncio.sleep(0.25)
            state = "well"
            return [*said, outcome(await ask(fragile)), outcome(await ask(fragile))]

        failed = "degraded" if degrade else "blocked"
        assert asyncio.run(story()) == [failed] * 8 + ["passed"] * 2
        assert rails.asked == ["one"] * 6

    def test_one_probe_at_a_time(self) -> None:
        """While one caller tries, the others fail at once."""
        rails = Rails({"one": says("broken")}, ONE)
        fragile = asker(rails, one=Handling(breaker=Breaker(1, 0.05)))

        async def story() -> list[str]:
            await ask(fragile)
            await asyncio.sleep(0.06)
            rails.acts = {"one": after(0.1)}
            return [verdict.status for verdict in await asyncio.gather(*(ask(fragile) for _ in range(5)))]

        assert asyncio.run(story()) == ["passed", *["blocked"] * 4]

    def test_success_forgets(self) -> None:
        """Only failures in a row count."""
        said = iter(["broken", None, "broken", None, "broken", None])
        rails = Rails({"one": lambda text: next(said)}, ONE)
        fragile = asker(rails, one=Handling(breaker=Breaker(2, 60)))

        async def story() -> list[str]:
            return [(await ask(fragile)).status for _ in range(6)]

        assert asyncio.run(story()) == ["blocked", "passed"] * 3

    def test_a_caller_who_gives_up_says_nothing(self) -> None:
        """Cancelled by its caller is no failure; the plan's deadline that passes over it is one."""
        rails = Rails({"one": after(30)}, ONE)
        fragile = asker(rails, one=Handling(breaker=Breaker(1, 60)))

        async def story() -> None:
            task = asyncio.ensure_future(ask(fragile))
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with pytest.raises(TimeoutError):
                await ask(fragile, seconds=0.05)
            assert (await ask(fragile)).error

        asyncio.run(story())
        assert rails.asked == ["one"] * 2


def test_rails_that_only_run_together() -> None:
    """The tightest of each: left out only when all of them may be."""
    unit = Unit(("one", "two"))
    handlings = {"one": Handling(timeout=3, degrade=True), "two": Handling(timeout=2, at_once=4)}
    rails = Rails({}, unit)
    (line,) = Asker(rails, {"input": handlings}, 30)._lines.values()  # type: ignore[arg-type]
    assert line.handling == Handling(timeout=2, degrade=False, at_once=4)
