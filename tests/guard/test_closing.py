"""A guard that is closed, or whose host ends, in the middle of calls."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.keys import write_public
from guardlint.errors import GuardlintError, UsageError
from guardlint.guard import Guard
from guardlint.guard.loop import OwnedLoop

REFUSAL = "I cannot help with that."
CLOSED = ("blocked", "guard-closed", True)
COLANG = """
define subflow team input
  $text = execute act_on(text=$user_message)
"""
ACTIONS = """
import asyncio
from nemoguardrails.actions import action

@action(name="act_on")
async def act_on(text: str):
    await asyncio.sleep(20 if "slow" in text else 0.3 if "while" in text else 0)
    return text
"""


@pytest.fixture(scope="module")
def team(shared_configs: Any) -> dict[str, str]:
    """Its rail takes a while over `a while`, and too long over `slow`."""
    config = shared_configs.regex().replace("[regex check input]", "[team input]")
    return {"config.yml": config, "rails.co": COLANG, "actions.py": ACTIONS}


@pytest.fixture
def opened(workshop: Any, team: dict[str, str]) -> Callable[..., tuple[Guard, list[Any]]]:
    """Makes a guard and the list that takes its records."""

    def make() -> tuple[Guard, list[Any]]:
        records: list[Any] = []
        return workshop.guard(team=team, audit=records.append), records

    return make


def told(verdict: Any) -> tuple[str, str | None, bool]:
    return (verdict.status, verdict.reason, verdict.error)


def of(records: list[Any]) -> Counter[tuple[str, str | None]]:
    return Counter((record["verdict"], record["reason"]) for record in records)


def begun(guard: Guard, count: int) -> None:
    end = time.monotonic() + 20
    while len(guard._service._life._begun) < count:
        assert time.monotonic() < end
        time.sleep(0.005)


def in_threads(guard: Guard, function: Any, text: str, count: int = 5) -> tuple[list[threading.Thread], Any]:
    """Calls under way, and where their results will be."""
    results: list[Any] = []

    def call() -> None:
        try:
            results.append(guard.call(function, text))
        except BaseException as error:  # noqa: BLE001 - it is what is looked at
            results.append(error)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


def test_calls_may_end(opened: Any) -> None:
    """Rails and functions under way go on, replies are checked; no call begins."""
    guard, records = opened()

    def function(messages: Any) -> str:
        time.sleep(0.3)
        return "fine"

    threads, results = in_threads(guard, function, "hello a while")
    begun(guard, 5)
    closing = threading.Thread(target=guard.close)
    closing.start()
    time.sleep(0.05)
    with pytest.raises(GuardlintError, match="closed"):
        guard.call(function, "hello")
    with pytest.raises(GuardlintError, match="closed"):
        guard.check_output("hello")
    for thread in (closing, *threads):
        thread.join(20)
    assert [result.reply for result in results] == ["fine"] * 5
    assert of(records) == {("passed", None): 5}


def test_what_takes_too_long_is_blocked(opened: Any) -> None:
    """In the rails: a block with a verdict and a record, never an exception."""
    guard, records = opened()
    threads, results = in_threads(guard, lambda messages: "fine", "slow")
    begun(guard, 5)
    time.sleep(0.2)
    started = time.monotonic()
    guard.close(timeout=0.2)
    for thread in threads:
        thread.join(20)
    assert time.monotonic() - started < 3
    assert [result.reply for result in results] == [REFUSAL] * 5
    assert [told(result.verdict) for result in results] == [CLOSED] * 5
    assert of(records) == {("blocked", "guard-closed"): 5}


def test_a_reply_that_comes_after(opened: Any) -> None:
    """It cannot be checked any more, so it is not released."""
    guard, records = opened()
    over = threading.Event()

    def function(messages: Any) -> str:
        over.wait(20)
        return "fine"

    threads, results = in_threads(guard, function, "hello")
    begun(guard, 5)
    time.sleep(0.5)
    guard.close(timeout=0)
    over.set()
    for thread in threads:
        thread.join(20)
    assert [(result.reply, told(result.verdict)) for result in results] == [(REFUSAL, CLOSED)] * 5
    assert of(records) == {("blocked", "guard-closed"): 5}
    assert {record["function"] for record in records} == {"returned"}


@pytest.mark.parametrize("text", ["slow", "hello"])
def test_async_calls(opened: Any, text: str) -> None:
    """The same for tasks: none of them is cancelled."""
    guard, records = opened()

    async def function(messages: Any) -> str:
        await asyncio.sleep(1)
        return "fine"

    async def main() -> list[Any]:
        tasks = [asyncio.create_task(guard.acall(function, text)) for _ in range(5)]
        await asyncio.sleep(0.5)
        await guard.aclose(timeout=0.1)
        return await asyncio.gather(*tasks)

    results = asyncio.run(main())
    assert [(result.reply, told(result.verdict)) for result in results] == [(REFUSAL, CLOSED)] * 5
    assert of(records) == {("blocked", "guard-closed"): 5}


def test_aclose_waits(opened: Any) -> None:
    """An event loop goes on with its calls meanwhile."""
    guard, records = opened()

    async def function(messages: Any) -> str:
        await asyncio.sleep(0.5)
        return "fine"

    async def main() -> list[Any]:
        tasks = [asyncio.create_task(guard.acall(function, "hello")) for _ in range(5)]
        await asyncio.sleep(0.2)
        await guard.aclose()
        return await asyncio.gather(*tasks)

    assert [result.reply for result in asyncio.run(main())] == ["fine"] * 5
    assert of(records) == {("passed", None): 5}


def test_close_in_the_event_loop(opened: Any) -> None:
    """It does not wait for calls that only this loop could go on with."""
    guard, records = opened()

    async def function(messages: Any) -> str:
        await asyncio.sleep(0.2)
        return "fine"

    async def main() -> tuple[Any, float]:
        task = asyncio.create_task(guard.acall(function, "hello"))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        guard.close()
        took = time.monotonic() - started
        return await task, took

    result, took = asyncio.run(main())
    assert (told(result.verdict), took < 3) == (CLOSED, True)
    assert of(records) == {("blocked", "guard-closed"): 1}


def test_streams(opened: Any) -> None:
    """What was released stays released; the rest is the refusal."""
    guard, records = opened()

    def function(messages: Any) -> Iterator[str]:
        for _ in range(400):
            yield "word " * 20

    async def afunction(messages: Any) -> AsyncIterator[str]:
        for _ in range(400):
            yield "word " * 20

    pieces = guard.wrap(function)("hello")
    apieces: Any = guard.wrap(afunction)("hello")

    async def some() -> list[str]:
        return [await anext(apieces)]

    async def rest() -> list[str]:
        return [piece async for piece in apieces]

    loop = asyncio.new_event_loop()
    got, agot = [next(pieces)], loop.run_until_complete(some())
    guard.close(timeout=0.1)
    got += list(pieces)
    agot += loop.run_until_complete(rest())
    loop.close()
    for all_ in (got, agot):
        assert len(all_) < 400
        assert all_[-1] == REFUSAL
        assert set("".join(all_[:-1]).split()) == {"word"}
    assert of(records) == {("blocked", "guard-closed"): 2}


def test_in_a_record(workshop: Any) -> None:
    """What takes the records may close the guard, which is not the moment to wait."""
    guards: list[Guard] = []
    guard = workshop.guard(audit=lambda record: guards[0].close())
    guards.append(guard)
    started = time.monotonic()
    assert guard.call(lambda messages: "fine", "hello").reply == "fine"
    assert time.monotonic() - started < 8
    with pytest.raises(GuardlintError, match="closed"):
        guard.check_input("hello")


def test_without_asyncio(opened: Any) -> None:
    """Another library's event loop is told what to do, as soon as anything has to wait."""
    guard, records = opened()

    async def function(messages: Any) -> str:
        return "fine"

    with pytest.raises(UsageError, match="asyncio"):
        guard.acall(function, "slow").send(None)
    assert len(records) == 1


def test_a_guard_that_is_forgotten(workshop: Any, team: dict[str, str], shared_configs: Any) -> None:
    """Collected without close: no process and no thread of it is left."""
    plan = shared_configs.plan(pii=True)
    guard = Guard.load(workshop.bundle(team=team, plan_data=plan), trust=workshop.trust)
    assert guard.check_input("mail anna@example.com").value == "mail <EMAIL_ADDRESS>"
    now = guard._service._now()
    pids, thread, gone = [now.halves.team.pid, *now.masker.pids], now.loop._thread, weakref.ref(guard)
    del guard, now
    gc.collect()
    assert gone() is None
    thread.join(10)
    assert not thread.is_alive()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_hundred_event_loops(opened: Any) -> None:
    """One after the other on one guard, each gone at its end: no thread and no file stays open."""
    guard, _ = opened()

    async def function(messages: Any) -> str:
        return "fine"

    async def call() -> str:
        return str((await guard.acall(function, "hello")).reply)

    assert asyncio.run(call()) == "fine"
    gc.collect()
    before = threading.active_count(), open_files()
    assert {asyncio.run(call()) for _ in range(100)} == {"fine"}
    gc.collect()
    assert (threading.active_count(), open_files()) == before


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_work_that_comes_while_the_loop_ends() -> None:
    """It is refused or done, and nobody waits for ever."""
    for _ in range(20):
        loop = OwnedLoop()
        answers: list[Any] = []

        def hand_in(loop: OwnedLoop = loop, answers: list[Any] = answers) -> None:
            while True:
                try:
                    answers.append(loop.submit(asyncio.sleep(0, "done")).result(10))
                except GuardlintError:
                    return

        threads = [threading.Thread(target=hand_in) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.01)
        loop.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
        assert set(answers) <= {"done"}


HOST = """
    import asyncio, signal, sys, time
    from guardlint.guard import Guard
    guard = Guard.load({bundle!r}, trust={key!r}, audit={log!r})
    def stop(*_):
        guard.close(timeout=0.2)
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    way = sys.argv[1]
    def sync(messages):
        time.sleep(20)
    async def later(messages):
        await asyncio.sleep(20)
    def pieces(messages):
        while True:
            time.sleep(0.01)
            yield "word "
    if way == "function":
        guard.wrap(sync)("hello")
    elif way == "rail":
        guard.wrap(sync)("slow")
    elif way == "async function":
        asyncio.run(guard.wrap(later)("hello"))
    elif way == "async rail":
        asyncio.run(guard.wrap(later)("slow"))
    elif way == "stream":
        for piece in guard.wrap(pieces)("hello"):
            pass
    elif way == "end":
        stream = guard.wrap(pieces)("hello")
        next(stream)
"""


@pytest.mark.parametrize("way", ["function", "rail", "async function", "async rail", "stream"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_signals(workshop: Any, team: dict[str, str], tmp_path: Path, way: str, sign: int) -> None:
    """The host ends at once, with the record of its call."""
    code, seconds, records = host(workshop, team, tmp_path, way, sign)
    assert (len(records), seconds < 4) == (1, True)
    assert code == (0 if sign == signal.SIGTERM else 1) or code == -signal.SIGINT
    assert records[0]["reason"] in (None, "cancelled", "guard-closed")
    outcomes = {"not-called"} if "rail" in way else {"raised", "returned"} if way == "stream" else {"raised"}
    assert records[0]["function"] in outcomes


def test_an_end_with_a_stream_open(workshop: Any, team: dict[str, str], tmp_path: Path) -> None:
    """A generator that the interpreter throws away at its end."""
    code, seconds, records = host(workshop, team, tmp_path, "end", None)
    assert (code, len(records), seconds < 4) == (0, 1, True)


def host(
    workshop: Any, team: dict[str, str], folder: Path, way: str, sign: int | None
) -> tuple[int, float, list[Any]]:
    """How it ended, after how long, and its records."""
    key, log = folder / "key.pem", folder / "audit.jsonl"
    write_public(key, workshop.key.public)
    code = textwrap.dedent(HOST).format(bundle=str(workshop.bundle(team=team)), key=str(key), log=str(log))
    process = subprocess.Popen(
        [sys.executable, "-c", code, way], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if sign is not None:
        time.sleep(1)
        process.send_signal(sign)
    started = time.monotonic()
    code_ = process.wait(30)
    process.stdout.close()
    return code_, time.monotonic() - started, [json.loads(line) for line in log.read_text().splitlines()]
