"""What a guard does when its parts fail, hang or lie: a matrix of faults and verdicts.

    python benchmarks/guard_faults.py [CALLS]

Each fault is set while the guard works, CALLS calls (default 4) are made with it, half of them through an
async function, then it is taken away, and a call must pass again. Printed are the verdicts, the longest call,
the replies that went out without every rail having looked and without being marked as degraded (wanted: 0),
and whether each call has its record in an unbroken chain. Ends with 1 when anything is not as wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parent))

from guard_fixtures import REFUSAL, REGEX, guard_of, plan, self_check

from guardlint.engines import Rails
from guardlint.guard import Guard, verify_chain
from guardlint.guard.audit import Record
from guardlint.guard.halves import Half
from guardlint.guard.isolated import IsolatedRails
from guardlint.harness.misbehaving import MODES, MisbehavingServer, Mode

TIMEOUT = 2.0
TEAM = {
    "config.yml": REGEX.replace("[regex check input]", "[team input]").replace("[regex check output]", "[]"),
    "rails.co": "define subflow team input\n  $allowed = execute act_on(text=$user_message)\n"
    "  if not $allowed\n    bot refuse to respond\n    stop\n",
    "actions.py": "import os, time\nfrom nemoguardrails.actions import action\n\n"
    '@action(name="act_on")\nasync def act_on(text: str):\n'
    '    if "raise" in text:\n        raise RuntimeError(text)\n'
    '    if "hang" in text:\n        time.sleep(60)\n'
    '    if "die" in text:\n        os._exit(3)\n    return True\n',
}
NUMBERS = itertools.count()
Fault = tuple[str, str, Callable[[Guard], Any], set[str]]


async def answer_async(_messages: Any) -> str:
    return "fine"


def answer(_messages: Any) -> str:
    return "fine"


@contextlib.contextmanager
def model(server: MisbehavingServer, mode: Mode) -> Iterator[None]:
    """The judge's endpoint in that mode."""
    server.mode = mode
    try:
        yield
    finally:
        server.mode = "well"
        server.released.set()  # whoever hangs there lets go
        server.released.clear()


@contextlib.contextmanager
def stopped(pids: Callable[[], list[int]]) -> Iterator[None]:
    """These processes stand still: they hang."""
    held = pids()
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def killed(pids: Callable[[], list[int]]) -> Iterator[None]:
    """These processes are killed before each of the calls; what follows them is not waited for."""
    for pid in pids():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    yield


def detectors(guard: Guard) -> list[int]:
    runtime = guard._service._now()  # noqa: SLF001  processes have no public names
    return [] if runtime.masker is None else runtime.masker.pids


def worker(guard: Guard, half: Half) -> list[int]:
    rails = cast("IsolatedRails", guard._service._now().halves.get(half))  # noqa: SLF001
    return [rails.pid] if rails.pid else []


def calls(guard: Guard, text: str, number: int) -> list[tuple[Any, float]]:
    """Guarded calls in turn sync and async, with their seconds."""
    done = []
    for index in range(number):
        message = f"{text} {next(NUMBERS)}"
        started = time.perf_counter()
        odd = index % 2
        result = asyncio.run(guard.acall(answer_async, message)) if odd else guard.call(answer, message)
        done.append((result, time.perf_counter() - started))
    return done


def recovers(guard: Guard, seconds: float = 60.0) -> bool:
    """Whether a call passes again without the fault."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ((result, _),) = calls(guard, "hello", 1)
        if result.verdict.status == "passed" and not result.verdict.degraded:
            return True
        time.sleep(0.1)
    return False


class Matrix:
    """Runs faults and keeps what was not as wanted."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.wrong: list[str] = []
        self.made = 0

    def run(
        self, place: str, fault: str, guard: Guard, hold: Any, wanted: set[str], text: str = "hello"
    ) -> None:
        """One line of the matrix; ``wanted`` are the verdicts that may be seen."""
        with hold:
            done = calls(guard, text, self.number)
        seen = Counter(_word(result.verdict) for result, _ in done)
        # A rail that a restarted part asks again is a rail that looked.
        flows = {flow for half in _halves(guard) for flows in half.flows.values() for flow in flows}
        open_ = sum(
            result.reply != REFUSAL
            and not result.verdict.degraded
            and not flows <= {flow for step in result.verdict.steps for flow in step.rails}
            for result, _ in done
        )
        well = recovers(guard)
        fine = set(seen) <= wanted and not open_ and well
        if not fine:
            self.wrong.append(f"{place}: {fault}")
        words = ", ".join(f"{count} {word}" for word, count in seen.items())
        longest = max(seconds for _, seconds in done)
        print(
            f"{place:16} {fault:22} {words:34} {longest:5.2f} s  unguarded {open_}  "
            f"{'recovers' if well else 'STAYS BROKEN'}{'' if fine else '  <- not as wanted'}",
            flush=True,
        )

    def chain(self, place: str, path: Path, verdicts: int) -> None:
        """Each call has its record, and the chain is whole."""
        report = verify_chain(path)
        whole = report.records == verdicts
        if not whole:
            self.wrong.append(f"{place}: records")
        print(f"{place:16} {report.records} records of {verdicts} calls, the chain is whole", flush=True)


def _halves(guard: Guard) -> list[Rails]:
    halves = guard._service._now().halves  # noqa: SLF001
    return [half for half in (halves.company, halves.team) if half is not None]


def _word(verdict: Any) -> str:
    if verdict.blocked:
        return f"blocked ({verdict.reason})"
    return "degraded" if verdict.degraded else verdict.status


def blocked(*reasons: str) -> set[str]:
    return {f"blocked ({reason})" for reason in reasons}


def main(number: int) -> int:
    """Print the matrix."""
    logging.disable(logging.CRITICAL)
    matrix = Matrix(number)
    with tempfile.TemporaryDirectory() as name, MisbehavingServer(delay=TIMEOUT + 1) as server:
        folder = Path(name)
        judged = self_check(server.base_url, "[self check input]", "[self check output]")
        handled = {"on_failure": "degrade", "timeout_seconds": 0.5}
        lenient = {"input": {"self check input": handled}, "output": {"self check output": handled}}
        first = next(NUMBERS)
        for place, changes, failed in (
            ("judge", {}, blocked("rail-failed", "timeout")),
            ("judge, degrades", {"rails": lenient}, {"degraded"}),
        ):
            audit = folder / f"{place}.jsonl"
            before = next(NUMBERS)
            with guard_of(
                folder, company=judged, plan_data=plan(timeout_seconds=TIMEOUT, **changes), audit=audit
            ) as guard:
                for mode in MODES:
                    # NeMo's parser takes any answer for the input that is not yes or no as unsafe.
                    wanted = {"passed"} if mode == "well" else blocked("rail") if mode == "lies" else failed
                    matrix.run(place, mode, guard, model(server, mode), wanted)
            matrix.chain(place, audit, next(NUMBERS) - before - 1)

        pii = {
            "step": "pii",
            "rail": "mask",
            "entities": ["EMAIL_ADDRESS", "PERSON"],
            "thresholds": {},
            "action": "mask",
        }
        steps = {"input": [pii, {"step": "company"}], "output": [{"step": "company"}, pii]}
        audit = folder / "detector.jsonl"
        before = next(NUMBERS)
        with guard_of(folder, plan_data=plan(timeout_seconds=TIMEOUT, **steps), audit=audit) as guard:
            # One that hangs is killed when the first call's time is up; the others may get its successor.
            failed = {"passed", *blocked("personal-data-failed", "timeout")}
            matrix.run("detector", "hangs (SIGSTOP)", guard, stopped(lambda: detectors(guard)), failed)
            matrix.run("detector", "killed", guard, killed(lambda: detectors(guard)), failed)
        matrix.chain("detector", audit, next(NUMBERS) - before - 1)

        audit = folder / "team.jsonl"
        before = next(NUMBERS)
        steps = {"input": [{"step": "company"}, {"step": "team"}, {"step": "company", "when": "rewritten"}]}
        with guard_of(
            folder, team=TEAM, plan_data=plan(timeout_seconds=TIMEOUT, **steps), audit=audit
        ) as guard:
            failed = blocked("rail-failed", "timeout")
            pids = lambda: worker(guard, "team")  # noqa: E731
            for text in ("raise", "die", "hang"):
                matrix.run("team's rail", f"{text}s", guard, contextlib.nullcontext(), failed, text)
            matrix.run("team's worker", "hangs (SIGSTOP)", guard, stopped(pids), {"passed", *failed})
            matrix.run("team's worker", "killed", guard, killed(pids), {"passed", *failed})
        matrix.chain("team", audit, next(NUMBERS) - before - 1)

        audit = folder / "company.jsonl"
        before = next(NUMBERS)
        with guard_of(
            folder, engine="llmrails", plan_data=plan(timeout_seconds=TIMEOUT), audit=audit
        ) as guard:
            pids = lambda: worker(guard, "company")  # noqa: E731
            matrix.run("company's worker", "hangs (SIGSTOP)", guard, stopped(pids), {"passed", *failed})
            matrix.run("company's worker", "killed", guard, killed(pids), {"passed", *failed})
        matrix.chain("company's worker", audit, next(NUMBERS) - before - 1)

        _disk(matrix, folder)
    print(f"\n{next(NUMBERS) - first} calls; not as wanted: {', '.join(matrix.wrong) or 'none'}")
    return 1 if matrix.wrong else 0


class Sink:
    """Takes records, unless its disk is full."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self._full = False

    def __call__(self, record: Record) -> None:
        if self._full:
            raise OSError(28, "no space left on device")
        self.kept.append(record)

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        self._full = True
        yield
        self._full = False


def _disk(matrix: Matrix, folder: Path) -> None:
    """Records that cannot be written: the disk is full, or whoever takes them fails."""
    for place, changes, wanted in (
        ("audit", {"audit": "required"}, blocked("audit-failed")),
        ("audit, degrades", {"audit": {"on_failure": "degrade"}}, {"degraded"}),
    ):
        sink = Sink()
        with guard_of(folder, plan_data=plan(**changes), audit=sink) as guard:
            matrix.run(place, "the sink raises", guard, sink.full(), wanted)
        missed = sink.kept[0]["missed"]
        if missed != matrix.number:
            matrix.wrong.append(f"{place}: missed")
        print(f"{place:16} the next record says that {missed} are missing", flush=True)
        if Path("/dev/full").exists():
            with guard_of(folder, plan_data=plan(**changes), audit="/dev/full") as guard:
                done = calls(guard, "hello", matrix.number)
            seen = Counter(_word(result.verdict) for result, _ in done)
            if set(seen) != wanted:
                matrix.wrong.append(f"{place}: disk full")
            print(f"{place:16} {'the disk is full':22} {dict(seen)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4))
