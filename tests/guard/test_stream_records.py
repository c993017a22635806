"""The record of a stream says as much as that of a whole reply: what a step did, how long each part took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from guardlint.guard import Guard
from guardlint.guard.streaming.steps import joined
from guardlint.guard.verdict import StepRecord
from guardlint.harness.misbehaving import MisbehavingServer

DELAY = 0.08
CONSUMER = 0.05
FUNCTION = 0.03
SENTENCES = [
    f"Sentence {number} has a few more words in it than eight, from bo{number}@example.com here. "
    for number in range(4)
]


def sync(messages: Any) -> Iterator[str]:
    for sentence in SENTENCES:
        time.sleep(FUNCTION)
        yield sentence


async def later(messages: Any) -> AsyncIterator[str]:
    for sentence in SENTENCES:
        await asyncio.sleep(FUNCTION)
        yield sentence


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def guard(workshop: Any, shared_configs: Any, records: list[dict[str, Any]]) -> Iterator[Guard]:
    with MisbehavingServer(delay=DELAY) as judge:
        judge.mode = "slow"
        yield workshop.guard(
            company=shared_configs.self_check(judge.base_url),
            plan_data=shared_configs.plan(pii=True, stream={"sentence": True}),
            audit=records.append,
        )


@pytest.mark.parametrize("way", ["sync", "async"])
def test_times_and_verdicts(guard: Guard, records: list[dict[str, Any]], way: str) -> None:
    """Of all looks together; the time of the function is neither the guard's nor the consumer's."""

    async def consume() -> str:
        parts = []
        async for piece in guard.wrap(later)("hi"):
            await asyncio.sleep(CONSUMER)
            parts.append(piece)
        return "".join(parts)

    started = time.perf_counter()
    if way == "async":
        text = asyncio.run(consume())
    else:
        text = "".join(piece for piece in guard.wrap(sync)("hi") if time.sleep(CONSUMER) is None)
    wall = (time.perf_counter() - started) * 1000
    record = records[-1]
    masks, judge = (
        next(step for step in record["steps"] if (step["hook"], step["step"]) == ("output", name))
        for name in ("pii", "company")
    )
    assert 4 == text.count("<EMAIL_ADDRESS>") == record["entities"]["EMAIL_ADDRESS"]
    assert ("modified", "modified") == (record["verdict"], masks["verdict"])
    assert judge["llm_calls"] >= 4
    spent = judge["rails_ms"]["self check output"]
    assert judge["llm_calls"] * DELAY * 1000 <= spent <= judge["latency_ms"] + 1
    took = record["latency_ms"]
    assert len(SENTENCES) * FUNCTION * 1000 <= took["function"]
    assert took["function"] + took["guard"] <= wall - 2 * CONSUMER * 1000


def test_a_function_that_raises(guard: Guard, records: list[dict[str, Any]]) -> None:
    """Its time counts up to there."""

    def broken(messages: Any) -> Iterator[str]:
        time.sleep(FUNCTION)
        raise LookupError
        yield ""

    with pytest.raises(LookupError):
        list(guard.wrap(broken)("hi"))
    assert "raised" == records[-1]["function"]
    assert FUNCTION * 1000 <= records[-1]["latency_ms"]["function"] < FUNCTION * 1000 + 500


def test_nothing_in_a_reply_to_mask(guard: Guard, records: list[dict[str, Any]]) -> None:
    """Then the step has passed it, as it came."""

    def plain(messages: Any) -> Iterator[str]:
        yield "Nothing in here is about anybody, as far as anybody can see."

    list(guard.wrap(plain)("hi"))
    assert {"passed"} == {step["verdict"] for step in records[-1]["steps"]}


def test_a_stream_that_is_blocked_for_personal_data(
    workshop: Any, shared_configs: Any, records: list[dict[str, Any]]
) -> None:
    """The step says that it was the one."""
    plan = shared_configs.plan(pii=True)
    plan["output"] = [{**plan["output"][-1], "action": "block"}, {"step": "company"}]
    guard = workshop.guard(plan_data=plan, audit=records.append)
    list(guard.stream(sync, "hi"))
    (step,) = [step for step in records[-1]["steps"] if step["step"] == "pii" and step["hook"] == "output"]
    assert ("blocked", "blocked", "mask-personal-data") == (
        records[-1]["verdict"],
        step["verdict"],
        step["rail"],
    )


def test_looks_are_added_up() -> None:
    """Times by rail, and the rails that were left out in any of them."""

    def look(**more: Any) -> StepRecord:
        return StepRecord(
            "output", "company", "iorails", ("a", "b"), "passed", None, False, 1, 1, 5.0, **more
        )

    (step,) = joined(
        [
            look(rails_ms=(("a", 1.0), ("b", 2.0))),
            look(rails_ms=(("a", 3.0),), degraded=("b",)),
            look(rails_ms=(("b", 0.5),), degraded=("b", "a")),
        ]
    )
    assert (("a", 4.0), ("b", 2.5)) == step.rails_ms
    assert ("b", "a") == step.degraded
    assert (3, 3, 15.0) == (step.checked, step.llm_calls, step.latency_ms)
