"""A place for records that is slow: no event loop of the host waits for it, whatever is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from guardlint.errors import UsageError
from guardlint.guard import Guard

SLOW = 0.4
RULES = {"step": "tools", "rail": "tool-rules", "checks": ["calls", "results"], "tools": ["mail"]}
CALL = {"type": "function", "id": "1", "function": {"name": "shell", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "x"}
ANSWERED = [{"role": "user", "content": "hello"}, CALLS, RESULT]
Ways = dict[str, Callable[[Guard], Awaitable[object]]]


async def fine(messages: Any) -> str:
    return "fine"


async def calls(messages: Any) -> Any:
    return CALLS


async def unreadable(messages: Any) -> Any:
    return object()


async def raises(messages: Any) -> Any:
    raise LookupError


async def pieces(messages: Any) -> AsyncIterator[str]:
    yield "fine"


WAYS: Ways = {
    "passed": lambda guard: guard.acall(fine, "hello"),
    "a forbidden call": lambda guard: guard.acall(calls, "hello"),
    "a forbidden result": lambda guard: guard.acall(fine, ANSWERED),
    "an unreadable reply": lambda guard: guard.acall(unreadable, "hello"),
    "a function that raises": lambda guard: guard.acall(raises, "hello"),
    "a checked call": lambda guard: guard.acheck_tool_call("shell", "{}"),
    "a stream": lambda guard: anext(guard.astream(pieces, "hello")),
    "a stream that never began": lambda guard: anext(guard.astream(pieces, ANSWERED)),
    "a stream that is none": lambda guard: anext(guard.astream(fine, "hello")),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_the_loop_stays_free(workshop: Any, shared_configs: Any, way: str) -> None:
    """The record is there before the answer, and meanwhile the loop goes on."""
    records: list[dict[str, Any]] = []

    def sink(record: dict[str, Any]) -> None:
        time.sleep(SLOW)
        records.append(record)

    company = {"step": "company"}
    plan = shared_configs.plan(input=[company], output=[RULES, company])
    guard = workshop.guard(plan_data=plan, audit=sink)

    async def host() -> float:
        longest, last = 0.0, time.perf_counter()
        task = asyncio.ensure_future(WAYS[way](guard))
        while not task.done():
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        with contextlib.suppress(UsageError, LookupError):
            await task
        return longest

    assert asyncio.run(host()) < SLOW / 2
    assert len(records) == 1


def test_who_gives_up_meanwhile_has_a_record(workshop: Any) -> None:
    """Cancelled while the record waits for its turn: it is written all the same."""
    records: list[dict[str, Any]] = []

    def sink(record: dict[str, Any]) -> None:
        time.sleep(SLOW)
        records.append(record)

    guard = workshop.guard(audit=sink)

    async def host() -> None:
        before = asyncio.ensure_future(guard.acall(fine, "one"))
        await asyncio.sleep(SLOW / 4)
        task = asyncio.ensure_future(guard.acall(raises, "two"))
        await asyncio.sleep(SLOW / 8)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await before

    asyncio.run(host())
    end = time.monotonic() + 30
    while len(records) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert [record["function"] for record in records] == ["returned", "raised"]
