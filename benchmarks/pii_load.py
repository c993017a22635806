"""Many callers at once, and conversations: what ``pii_speed.py`` measures with more than one call."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from guardlint.guard.detecting import Detectors
from guardlint.pii import Profile, Span, SpanCache

__all__ = ["Load", "conversations", "presidio", "processes"]

_AT_ONCE = 16
_SECONDS = 12.0
_TICK = 0.001
_TURNS = 10
_SYSTEM = (
    "You are the assistant of a bank and answer questions of its customers about cards, accounts, "
    "payments and insurance. Be brief and friendly, write plain English, and use short sentences. When a "
    "customer is upset, say that you are sorry before you ask anything. Never promise a refund, a rate or "
    "a date; say instead who decides about it and how long that usually takes. Never ask for a password, "
    "a code that was sent by message, or a whole card number; when somebody sends one, say that it is not "
    "needed. If a card was lost or stolen, first tell how to block it, then ask what else happened. "
    "Questions about taxes, loans above the usual amount and the law go to a colleague; offer to arrange "
    "a call. Use only the articles that are given to you, name the one that you used, and say so when "
    "none of them answers the question. Write lists with hyphens, no tables, and at most two hundred "
    "words. End with the question whether there is anything else."
)

Ask = Callable[[str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """Messages in a second, and by how many seconds each tick of the loop came late, in order."""

    each_second: float
    lags: list[float]

    def late(self, share: float) -> float:
        """Milliseconds within which that share of the ticks came."""
        return 1000 * self.lags[min(len(self.lags) - 1, int(share * len(self.lags)))]


async def _run(texts: Sequence[str], ask: Ask) -> Load:
    """``_AT_ONCE`` tasks that ask for one message after the other."""
    order = list(texts)
    random.Random(1).shuffle(order)
    done, lags = 0, [0.0]
    start = time.perf_counter()

    async def caller(number: int) -> None:
        nonlocal done
        index = number
        while time.perf_counter() - start < _SECONDS:
            await ask(order[index % len(order)])
            done += 1
            index += _AT_ONCE

    async def ticker() -> None:
        while True:
            due = time.perf_counter() + _TICK
            await asyncio.sleep(_TICK)
            lags.append(time.perf_counter() - due)

    ticking = asyncio.create_task(ticker())
    await asyncio.gather(*(caller(number) for number in range(_AT_ONCE)))
    ended = time.perf_counter()
    await asyncio.sleep(0)
    ticking.cancel()
    return Load(done / (ended - start), sorted(lags))


def presidio(texts: Sequence[str], find: Callable[[str], object]) -> Load:
    """The better of the two ways that people call it."""

    async def in_the_loop(text: str) -> None:
        find(text)
        await asyncio.sleep(0)

    async def in_threads(text: str) -> None:
        await asyncio.to_thread(find, text)

    find(texts[0])
    loads = [asyncio.run(_run(texts, ask)) for ask in (in_the_loop, in_threads)]
    for load, name in zip(loads, ("in the event loop", "in threads"), strict=True):
        print(
            f"  plain Presidio {name}: {load.each_second:.1f} a second, the loop is late by "
            f"{load.late(0.5):.1f} ms (median) and {load.late(1.0):.0f} ms (most)"
        )
    return max(loads, key=lambda load: load.each_second)


def processes(texts: Sequence[str], profile: Profile) -> Load:
    """guardlint's detectors in processes of their own, all of them started."""
    # A host has no Presidio in its own process; what it left in this one must not be swept meanwhile.
    gc.collect()
    gc.freeze()

    async def measure() -> Load:
        detectors = Detectors([profile])

        async def ask(text: str) -> None:
            await detectors.detect(profile, [text])

        start = time.perf_counter()
        await detectors.start()
        started = time.perf_counter() - start
        try:
            while len(detectors.pids) < detectors.most:
                await asyncio.gather(*map(ask, texts[:_AT_ONCE]))
            load = await _run(texts, ask)
        finally:
            await detectors.close()
        print(f"  guardlint, {profile.name}: {load.each_second:.1f} a second; ready after {started:.1f} s")
        return load

    return asyncio.run(measure())


def conversations(texts: Sequence[str], find: Callable[[list[str]], list[list[Span]]]) -> tuple[float, float]:
    """Seconds of the processor with a cache, and without, for conversations of ten turns.

    Every turn sends the system prompt and all messages so far, and has its reply looked at.
    """
    random.Random(2).shuffle(order := list(texts))
    find(order[:1])
    with_cache = without = 0.0
    for first in range(0, len(order) - 2 * _TURNS, 2 * _TURNS):
        said = order[first : first + 2 * _TURNS]
        sent = [[_SYSTEM, *said[: 2 * turn + 1]] for turn in range(_TURNS)]
        lists = [part for turn, history in enumerate(sent) for part in (history, [said[2 * turn + 1]])]
        cache = SpanCache()
        start = time.process_time()
        for messages in lists:
            new = [text for text in messages if cache.get("", text) is None]
            for text, spans in zip(new, find(new), strict=True):
                cache.put("", text, tuple(spans))
        middle = time.process_time()
        for messages in lists:
            find(messages)
        with_cache += middle - start
        without += time.process_time() - middle
    return with_cache, without
