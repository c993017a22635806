"""What a guarded call costs beside the function: company rails on NeMo's fast engine, input and output.

    python benchmarks/guard_overhead.py [ROUNDS]

One regular expression on each side; the function does nothing.  Medians of ROUNDS calls (default 3000), the
candidates taking turns in one process, so a busy machine slows all of them:

* guardlint, async in the host's loop and sync, without and with an audit record of each call;
* NeMo's ``Guardrails`` (IORails): one ``check_async`` of the message and one of the reply;
* NeMo's ``LLMRails``, the same (a hundredth of the rounds: a check takes it milliseconds).

Wanted: at most 0.3 ms async and 0.5 ms sync.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from guard_fixtures import REGEX, guard_of

from guardlint.engines.quiet import keep_quiet

USER = {"role": "user", "content": "Hello, which of my cards can I use abroad, and what does it cost?"}
REPLY = "All of them, without a fee. Do you need anything else?"


async def reply_async(_messages: list[dict[str, str]]) -> str:
    """A chat function that costs nothing."""
    return REPLY


def reply(_messages: list[dict[str, str]]) -> str:
    """The same for sync callers."""
    return REPLY


def peers(folder: Path) -> dict[str, Callable[[], Awaitable[Any]]]:
    """NeMo's two engines on the same rails."""
    keep_quiet(os.environ)
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.guardrails.guardrails import Guardrails

    (folder / "config.yml").write_text(REGEX)
    fast, colang = (make(RailsConfig.from_path(str(folder))) for make in (Guardrails, LLMRails))
    conversation = [USER, {"role": "assistant", "content": REPLY}]

    async def both(engine: Any) -> None:
        given = await engine.check_async([USER])
        said = await engine.check_async(conversation)
        assert {str(result.status.value) for result in (given, said)} == {"passed"}

    return {"NeMo Guardrails (IORails)": partial(both, fast), "NeMo LLMRails": partial(both, colang)}


async def measure_async(
    calls: dict[str, Callable[[], Awaitable[Any]]], rounds: int
) -> dict[str, list[float]]:
    """Seconds of each call, the candidates taking turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(-20, rounds):
        for name, call in calls.items():
            if "LLMRails" in name and turn % 100:
                continue
            started = perf_counter()
            await call()
            if turn >= 0:
                times[name].append(perf_counter() - started)
    return times


def measure(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """The same for sync callers."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(-20, rounds):
        for name, call in calls.items():
            started = perf_counter()
            call()
            if turn >= 0:
                times[name].append(perf_counter() - started)
    return times


def show(times: dict[str, list[float]]) -> None:
    """Median and 99th percentile of each, in milliseconds."""
    for name, series in times.items():
        ordered = sorted(series)
        slow = ordered[int(len(ordered) * 0.99)]
        print(f"  {name:32} {statistics.median(ordered) * 1000:7.3f}  p99 {slow * 1000:7.3f}")


def main(rounds: int) -> None:
    """Print the figures."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        guards = {
            "guardlint": guard_of(folder),
            "guardlint, audited": guard_of(folder, audit=folder / "audit.jsonl"),
        }
        wrapped = {name: guard.wrap(reply_async) for name, guard in guards.items()}
        calls = {name: partial(chat, [USER]) for name, chat in wrapped.items()}
        (folder / "nemo").mkdir()
        print(f"milliseconds for a guarded call, medians of {rounds} calls, async in the host's loop:")
        show(asyncio.run(measure_async({**calls, **peers(folder / "nemo")}, rounds)))
        plain = {name: guard.wrap(reply) for name, guard in guards.items()}
        print("sync, from a thread without a loop:")
        show(measure({name: partial(chat, [USER]) for name, chat in plain.items()}, rounds))
        for guard in guards.values():
            guard.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
