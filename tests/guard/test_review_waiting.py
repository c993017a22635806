"""Nobody waits for ever, and nobody's long history holds up the others."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from guardlint.guard import Guard
from guardlint.guard.choosing import turns_before


def test_a_sink_that_calls_the_guard(workshop: Any) -> None:
    """What takes the records may not make a guarded call: its call is blocked, and nobody hangs."""
    inner: list[Any] = []

    def sink(record: Any) -> None:
        if not inner:
            inner.append(None)
            inner[0] = guard.check_input("hello").verdict

    guard: Guard = workshop.guard(audit=sink)
    done: list[Any] = []
    thread = threading.Thread(
        target=lambda: done.append(guard.call(lambda messages: "fine", "hello")), daemon=True
    )
    thread.start()
    thread.join(20)
    assert done
    assert done[0].reply == "fine"
    assert inner[0].reason == "audit-failed"


def test_a_turn_that_is_thrown_away(regex_guard: Guard) -> None:
    """A coroutine that is closed in another context leaves its place in the session."""
    session = regex_guard.session()

    async def chat(messages: Any) -> str:
        await asyncio.sleep(60)
        return "fine"

    turn: Any = session.acall(chat, "hello")

    async def begin() -> None:
        started = asyncio.ensure_future(asyncio.sleep(0.05))
        steps = asyncio.get_running_loop().create_task(turn)
        await started
        assert not steps.done()

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # it says that a task was destroyed, as it should be
    loop.run_until_complete(begin())
    loop.close()
    turn.close()
    done: list[Any] = []
    thread = threading.Thread(
        target=lambda: done.append(session.call(lambda messages: "next", "hello").reply), daemon=True
    )
    thread.start()
    thread.join(20)
    assert done == ["next"]


def test_a_long_history_is_not_shown_as_often_as_it_is_long() -> None:
    """Old messages have some turns before them, the newest has all."""
    messages = [{"role": "user", "content": str(number)} for number in range(1000)]
    before = turns_before(messages, [(number, ("content",)) for number in range(1000)] + [(-1, (0,))])
    assert sum(map(len, before)) < 1000 * 34
    assert [turn["content"] for turn in before[999]] == [str(number) for number in range(999)]
    assert [turn["content"] for turn in before[500]] == [str(number) for number in range(468, 500)]
    assert before[-1] == []
