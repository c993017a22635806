"""Memory of a guard over many calls with faults: flat after the warm-up, in the host and in its processes.

    python benchmarks/guard_soak.py [CALLS] [AT_ONCE]

40,000 guarded calls, 32 at once, async in one loop: personal data masked by the detectors' processes,
regular expressions, a judge over HTTP, every call recorded in a file. Every text is a new one. Two calls in a
hundred have a fault: the judge answers with an error, garbage, or too late; the function raises; a caller
gives up; a detector is killed. Printed is the resident memory of the host and of the largest detector after
each eighth of the calls. What is remembered of texts (20,000 hashes of each kind) grows until that many were
seen: the first half of the calls is the warm-up. Ends with 1 when the last is more than a twentieth above the
memory after it, or when any call has no record, or two.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from guard_fixtures import guard_of, plan, self_check

from guardlint.guard import Guard, audit_context, verify_chain
from guardlint.guard.audit_read import records_of
from guardlint.harness.misbehaving import MisbehavingServer, Mode

POINTS = 8  # where memory is measured; the fourth, after half of the calls, ends the warm-up
FAULTS = 0.02
GROWTH = 1.05
BAD_MODES: tuple[Mode, ...] = ("http 500", "garbage", "slow", "cut off")
PII = {
    "step": "pii",
    "rail": "mask",
    "entities": ["EMAIL_ADDRESS", "IBAN_CODE", "PHONE_NUMBER"],
    "thresholds": {},
    "action": "mask",
}
HANDLED = {"timeout_seconds": 1.0, "on_failure": "degrade", "breaker": {"failures": 20, "seconds": 1}}
PLAN = plan(
    input=[PII, {"step": "company"}],
    output=[{"step": "company"}, PII],
    timeout_seconds=20,
    rails={"input": {"self check input": HANDLED}},
)


async def answer(message: str) -> str:
    """What a model might say; it sees masked messages only."""
    await asyncio.sleep(0)
    if "raise" in message:
        raise RuntimeError
    return f"You asked: {message} Write to help@example.com."


def memory(pid: int) -> float:
    """Resident memory in MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def processes(guard: Guard) -> list[int]:
    masker = guard._service._now().masker  # noqa: SLF001  processes have no public names
    return [] if masker is None else masker.pids


async def soak(guard: Guard, server: MisbehavingServer, calls: int, at_once: int) -> dict[str, list[float]]:
    """The calls; returns the memory at each point, the end among them."""
    rng = random.Random(1)
    numbers = iter(range(calls))
    told: Counter[str] = Counter()
    measured: dict[str, list[float]] = {"host": [], "detector": []}

    def measure() -> None:
        gc.collect()
        measured["host"].append(memory(os.getpid()))
        measured["detector"].append(max(map(memory, processes(guard)), default=0.0))

    async def caller() -> None:
        for number in numbers:
            fault = rng.random() < FAULTS and rng.choice(["judge", "function", "gives up", "detector"])
            text = f"Number {number}: my mail is jane.{number}@example.com, pay {rng.random():.9f}."
            if fault == "detector" and rng.random() < 0.1 and (pids := processes(guard)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rng.choice(pids), signal.SIGKILL)
            server.mode = rng.choice(BAD_MODES) if fault == "judge" else "well"
            work = guard.acall(answer, f"{text} raise" if fault == "function" else text)
            try:
                with audit_context(request_id=f"call-{number}"):
                    result = await (asyncio.wait_for(work, 0.001) if fault == "gives up" else work)
                told["degraded" if result.verdict.degraded else result.verdict.status] += 1
            except (RuntimeError, TimeoutError) as error:
                told[type(error).__name__] += 1
            if number and number % (calls // POINTS) == 0:
                measure()

    await asyncio.gather(*(caller() for _ in range(at_once)))
    measure()
    print(", ".join(f"{count} {word}" for word, count in sorted(told.items())))
    return measured


def main(calls: int, at_once: int) -> int:
    """Print the figures."""
    logging.disable(logging.CRITICAL)
    wrong = False
    with tempfile.TemporaryDirectory() as name, MisbehavingServer(delay=2.0) as server:
        folder = Path(name)
        judged = self_check(server.base_url, "[regex check input, self check input]", "[regex check output]")
        audit = folder / "audit.jsonl"
        with guard_of(folder, company=judged, plan_data=PLAN, audit=audit) as guard:
            started = time.perf_counter()
            measured = asyncio.run(soak(guard, server, calls, at_once))
            seconds = time.perf_counter() - started
        print(f"{calls} calls, {at_once} at once, in {seconds:.0f} s ({calls / seconds:.0f} a second)")
        for kind, series in measured.items():
            grown = series[-1] / series[POINTS // 2 - 1]
            wrong = wrong or grown > GROWTH
            print(f"{kind:10} {', '.join(f'{value:.1f}' for value in series)} MB: {grown:.2f}")
        records = verify_chain(audit).records
        named = Counter(record["request_id"] for record in records_of([audit]))
        once = sum(count == 1 for count in named.values())
        print(f"{records} records in a whole chain, {once} calls have exactly one")
        wrong = wrong or not records == once == len(named) == calls
    return int(wrong)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(given + [40_000, 32][len(given) :])))
