"""What a guarded call with personal data costs, alone and with 16 at once, beside the peers.

    python benchmarks/guard_load.py [cpu] [load]

Both without a name, in under four minutes on an idle machine; ends with 1 when a figure is missed. Each call
has a message and a reply of ``pii_set/chat.py`` (10 to 400 words, half with personal data), no text twice,
so that nothing is remembered; the function does nothing but return the reply. Nine entities, as in the
comparison with the peers, are masked in both, all three with the same small model:

* guardlint: ``guard.wrap`` of the function, its detectors in processes of their own, a regular expression of
  the company on each side on NeMo's fast engine;
* plain Presidio: ``AnalyzerEngine.analyze`` and ``AnonymizerEngine.anonymize`` of both texts, nothing else;
* NeMo's ``LLMRails``: ``check_async`` of the message (input rails) and of the reply (output rails), with its
  rails that mask and the same regular expressions. Its masking is given the very analyzer of plain Presidio:
  the model that it names is in no package index, and UK_NINO and UK_SORT_CODE it has not.

``cpu``: processor time, user and system, of this process and all its children, one call after the other; the
three take turns, a few calls at a time.
``load``: 16 tasks for some seconds each; calls per second, and by how much a task of the host that sleeps
5 ms at a time comes late. Presidio is called in the event loop and in threads, and the better one counts.
The figure is the whole lateness; told beside it is what is left without the time in which the host's thread
waited for a core, which on a busy machine is most of it.

``load`` begins with guardlint, before the peers are loaded: a host of the guard has none of them in its
process. For ``cpu``, and for the peers, what is loaded is kept from the garbage collector (``gc.freeze``).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from guard_fixtures import REGEX, guard_of, plan
from pii_set.chat import chat
from pii_set.peer import analyzer_with_more
from pii_speed import NINE, THRESHOLD, figure  # type: ignore[import-not-found]
from processor import processor, waiting  # type: ignore[import-not-found]

from guardlint.engines.personal_data import serve_offline
from guardlint.engines.quiet import keep_quiet
from guardlint.guard import Guard

CALLS, TURN = 240, 6
"""Calls of each candidate in ``cpu``, and how many of them before the next one's turn."""
AT_ONCE = 16
SECONDS = 12.0
WARM_UP = 40
TICK = 0.005
TEXTS = 6000
MASKED = re.compile("<(?:" + "|".join(NINE) + ")>")
GUARDLINT, PRESIDIO, THREADS, NEMO = "guardlint", "plain Presidio", "plain Presidio, threads", "NeMo LLMRails"

Chat = Callable[[str, str], Awaitable[tuple[str, str]]]
"""Takes a message and the reply to give; returns what the function saw of the message, and what came out."""
Pairs = Iterator[tuple[str, str]]


@dataclass(slots=True)
class Load:
    """Some seconds of calls: how many, in how long, at what cost.

    ``lags``: by how many seconds each tick of the loop came late, and how many its thread waited for a core.
    """

    calls: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    lags: list[tuple[float, float]] = field(default_factory=list)

    @property
    def each_second(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    def late(self, share: float) -> float:
        """Milliseconds within which that share of the ticks came."""
        ordered = sorted(self.lags)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))][0]


def main() -> int:
    """Measure what was asked for; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", choices=["cpu", "load", []], default=[])
    chosen = parser.parse_args().part or ["cpu", "load"]
    logging.disable(logging.CRITICAL)
    print(f"load of the machine over the last minute: {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as name, guard(Path(name)) as guarded:
        return int(not asyncio.run(measure(guarded, Path(name), chosen)))


async def measure(guarded: Guard, folder: Path, chosen: list[str]) -> bool:
    """Both parts."""
    pairs, ours = new_pairs(), wrapped(guarded)
    alone = None
    if "load" in chosen:
        await all_started(ours, guarded, pairs)
        alone = await at_once(ours, pairs, SECONDS)
    peers = {**presidio(), NEMO: nemo(folder)}
    for ask in (ours, *peers.values()):
        for message, reply in islice(pairs, 3):
            await ask(message, reply)
    gc.collect()
    gc.freeze()
    reached = alone is None or await load(alone, peers, pairs)
    return (await cpu({GUARDLINT: ours, **peers}, pairs) if "cpu" in chosen else True) and reached


def guard(folder: Path) -> Guard:
    """A guard of a sealed bundle: personal data and the company's rails, both ways."""
    step = {"step": "pii", "rail": "mask", "entities": list(NINE), "thresholds": {}, "action": "mask"}
    steps = [step, {"step": "company"}]
    made: Guard = guard_of(folder, plan_data=plan(input=steps, output=steps))
    return made


def wrapped(guarded: Guard) -> Chat:
    """guardlint as it is used."""

    async def function(messages: list[dict[str, str]], reply: str, seen: list[str]) -> str:
        seen.append(messages[-1]["content"])
        return reply

    around = guarded.wrap(function)

    async def ask(message: str, reply: str) -> tuple[str, str]:
        seen: list[str] = []
        said = await around([{"role": "user", "content": message}], reply, seen)
        return seen[0], said

    return ask


def presidio() -> dict[str, Chat]:
    """Presidio as it is used: called in the event loop, or in threads."""
    serve_offline()
    mask = masks(analyzer_with_more())

    async def in_the_loop(message: str, reply: str) -> tuple[str, str]:
        seen = mask(message)
        await asyncio.sleep(0)
        return seen, mask(reply)

    async def in_threads(message: str, reply: str) -> tuple[str, str]:
        return await asyncio.to_thread(mask, message), await asyncio.to_thread(mask, reply)

    return {PRESIDIO: in_the_loop, THREADS: in_threads}


def masks(analyzer: Any) -> Callable[[str], str]:
    """A text with each entity replaced by its name."""
    from presidio_anonymizer import AnonymizerEngine

    anonymizer: Any = AnonymizerEngine()  # type: ignore[no-untyped-call]

    def mask(text: str) -> str:
        found = analyzer.analyze(text, "en", entities=list(NINE), score_threshold=THRESHOLD)
        return str(anonymizer.anonymize(text, found).text)

    return mask


def nemo(folder: Path) -> Chat:
    """NeMo's Colang engine with its rails that mask, and the company's regular expressions behind them."""
    keep_quiet(os.environ)
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.library.sensitive_data_detection import actions
    from nemoguardrails.rails.llm.options import RailType

    config = f"{REGEX}    sensitive_data_detection:\n"
    for side in ("input", "output"):
        config = config.replace(
            f"[regex check {side}]", f"[mask sensitive data on {side}, regex check {side}]"
        )
        config += f"      {side}: {{entities: [{', '.join(NINE)}]}}\n"
    (folder / "nemo").mkdir()
    (folder / "nemo" / "config.yml").write_text(config)
    rails = LLMRails(RailsConfig.from_path(str(folder / "nemo")))
    actions._get_analyzer = cache(analyzer_with_more)  # noqa: SLF001  NeMo has no other door

    async def ask(message: str, reply: str) -> tuple[str, str]:
        given = await rails.check_async([{"role": "user", "content": message}], [RailType.INPUT])
        talk = [{"role": "user", "content": given.content}, {"role": "assistant", "content": reply}]
        said = await rails.check_async(talk, [RailType.OUTPUT])
        return given.content, said.content

    return ask


def new_pairs() -> Pairs:
    """Messages and replies, no text twice."""
    texts = list(dict.fromkeys(row.text for seed in (1, 2) for row in chat(TEXTS, seed)))
    random.Random(1).shuffle(texts)
    return zip(texts[::2], texts[1::2], strict=False)


async def cpu(chats: Mapping[str, Chat], pairs: Pairs) -> bool:
    """One call at a time."""
    names = (GUARDLINT, PRESIDIO, NEMO)
    spent = dict.fromkeys(names, 0.0)
    masked: Counter[str] = Counter()
    for _ in range(CALLS // TURN):
        block = list(islice(pairs, TURN))
        for name in names:
            before = processor()
            told = [await chats[name](*pair) for pair in block]
            spent[name] += processor() - before
            masked[name] += sum(len(MASKED.findall(text)) for text in chain.from_iterable(told))
    print(f"cpu: {CALLS} guarded calls of each, one at a time")
    for name in names:
        print(f"  {name}: {1000 * spent[name] / CALLS:.1f} ms of the processor, {masked[name]} values masked")
    return all(
        [
            figure("processor per call, by plain Presidio's", spent[GUARDLINT] / spent[PRESIDIO], 0.55),
            figure("processor per call, by NeMo LLMRails'", spent[GUARDLINT] / spent[NEMO], 0.40),
        ]
    )


async def load(ours: Load, peers: Mapping[str, Chat], pairs: Pairs) -> bool:
    """Sixteen at once."""
    print(f"load: {AT_ONCE} tasks, {SECONDS:.0f} s each")
    loads = {GUARDLINT: ours} | {name: await at_once(ask, pairs, SECONDS) for name, ask in peers.items()}
    for name, one in loads.items():
        cost = 1000 * one.processor / one.calls
        print(
            f"  {name}: {one.each_second:.1f} calls a second, {cost:.1f} ms of the processor each; the loop "
            f"is late by {one.late(0.5):.2f} ms (median), {one.late(1.0):.1f} (most)"
        )
    others = 1000 * max(late - waited for late, waited in ours.lags)
    print(f"  guardlint: late by {others:.1f} ms (most) without what the thread waited for a core")
    presidio = max(loads[PRESIDIO].each_second, loads[THREADS].each_second)
    nemo = loads[NEMO].each_second
    return all(
        [
            figure("throughput, by the better plain Presidio's", ours.each_second / presidio, 3, least=True),
            figure("throughput, by NeMo LLMRails'", ours.each_second / nemo, 4.5, least=True),
            figure("the host's event loop is late, median", ours.late(0.5), 1, unit="ms"),
            figure("the host's event loop is late, most", ours.late(1.0), 20, unit="ms"),
        ]
    )


async def all_started(ask: Chat, guarded: Guard, pairs: Pairs) -> None:
    """The second detector starts with the first burst of calls, which takes it seconds."""
    detectors = guarded._service._now().masker._detectors  # type: ignore[union-attr]  # noqa: SLF001
    ends = time.monotonic() + 60
    while len(detectors.pids) < detectors.most and time.monotonic() < ends:
        await at_once(ask, islice(pairs, AT_ONCE * 2), 1.0)
    await at_once(ask, islice(pairs, WARM_UP), SECONDS)


async def at_once(ask: Chat, pairs: Pairs, seconds: float) -> Load:
    """``AT_ONCE`` tasks with one call after the other; ends when the pairs or the seconds do."""
    result = Load(lags=[(0.0, 0.0)])
    before, start = processor(), time.perf_counter()

    async def caller() -> None:
        for pair in pairs:
            await ask(*pair)
            result.calls += 1
            if time.perf_counter() - start > seconds:
                return

    async def ticker() -> None:
        while True:
            due, waited = time.perf_counter() + TICK, waiting()
            await asyncio.sleep(TICK)
            result.lags.append((time.perf_counter() - due, waiting() - waited))

    ticking = asyncio.create_task(ticker())
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    result.seconds, result.processor = time.perf_counter() - start, processor() - before
    await asyncio.sleep(0)
    ticking.cancel()
    return result


if __name__ == "__main__":
    sys.exit(main())
