"""Detectors in processes of their own: who gets what, and what happens when one of them stops."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import pytest

from guardlint.guard import detecting
from guardlint.guard.detecting import DetectionFailed, Detectors
from guardlint.pii import PROFILES, Span

STRUCTURED = PROFILES["structured"]
MAIL = "mail anna@example.com"
FOUND = [Span(5, 21, "EMAIL_ADDRESS", 1.0)]


class Process:
    """Stands for a worker: notes what it is asked, and takes a moment for it."""

    pid = 1

    def __init__(self, batches: list[list[str]]) -> None:
        self.process = self
        self.answers = self.alive = True
        self._batches = batches

    def at_end(self, tell: Any) -> None:
        pass

    async def ask(self, _profile: int, texts: Sequence[str]) -> list[list[Span]]:
        self._batches.append(list(texts))
        await asyncio.sleep(0.01)
        return [[] for _ in texts]

    async def end(self) -> None:
        pass


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the workers were asked, without processes."""
    asked: list[list[str]] = []

    async def launch(_profiles: Any) -> Process:
        return Process(asked)

    monkeypatch.setattr(detecting._Worker, "launch", launch)
    return asked


async def burst(detectors: Detectors, texts: Sequence[str]) -> None:
    await asyncio.gather(*(detectors.detect(STRUCTURED, [text]) for text in texts))


def test_a_burst_starts_another_process(batches: list[list[str]]) -> None:
    """A few texts are left to the first one."""

    async def processes() -> list[int]:
        detectors = Detectors([STRUCTURED], processes=2)
        await detectors.start()
        counts = []
        for texts in (["one"], ["1", "2", "3"], [str(number) for number in range(16)]):
            await burst(detectors, texts)
            counts.append(len(detectors.pids))
        await detectors.close()
        return counts

    assert asyncio.run(processes()) == [1, 1, 2]


def test_no_process_takes_it_all(batches: list[list[str]]) -> None:
    """Sixteen texts for two processes are eight for each, in the order in which they came."""
    texts = [str(number) for number in range(16)]

    async def ask() -> None:
        detectors = Detectors([STRUCTURED], processes=2)
        await detectors.start()
        await burst(detectors, texts)
        batches.clear()
        await burst(detectors, texts)
        await detectors.close()

    asyncio.run(ask())
    assert max(map(len, batches)) == 8
    assert [text for batch in batches for text in batch] == texts


def test_one_that_stops_holds_nobody_up() -> None:
    """Its texts fail or are done by another one in time, everybody else's are done, and the loop is free."""

    async def run() -> tuple[list[Any], float, float, bool]:
        detectors = Detectors([STRUCTURED], limit=1.5, processes=2)
        await detectors.start()
        while len(detectors.pids) < 2:
            await burst(detectors, [MAIL] * 16)
        stopped = detectors.pids[0]
        os.kill(stopped, signal.SIGSTOP)
        late = 0.0

        async def tick() -> None:
            nonlocal late
            while True:
                due = time.perf_counter() + 0.005
                await asyncio.sleep(0.005)
                late = max(late, time.perf_counter() - due)

        ticking = asyncio.create_task(tick())
        start = time.perf_counter()
        answers = await asyncio.gather(
            *(detectors.detect(STRUCTURED, [MAIL]) for _ in range(16)), return_exceptions=True
        )
        took = time.perf_counter() - start
        ticking.cancel()
        gone = stopped not in detectors.pids
        await detectors.close()
        return answers, took, late, gone

    answers, took, late, gone = asyncio.run(run())
    assert answers == [[FOUND]] * 16
    assert took < 60  # another process may have to start on a busy machine
    assert late < 0.5
    assert gone


def test_all_that_stop_are_found_out() -> None:
    """The time-out fires although nobody answers any more."""

    async def run() -> float:
        detectors = Detectors([STRUCTURED], limit=0.5, processes=1)
        await detectors.start()
        os.kill(detectors.pids[0], signal.SIGSTOP)
        start = time.perf_counter()
        with pytest.raises(DetectionFailed):
            await detectors.detect(STRUCTURED, [MAIL])
        took = time.perf_counter() - start
        assert await detectors.detect(STRUCTURED, [MAIL]) == [FOUND]
        await detectors.close()
        return took

    assert 0.4 < asyncio.run(run()) < 5


def test_each_keeps_to_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the host says to numpy's library for itself."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    assert detecting._environment()["OPENBLAS_NUM_THREADS"] == "1"
