"""What evidence costs: microseconds per audit record, records read per second, and the memory of it.

    python benchmarks/audit.py [--records 1000000]

Records are made and written as a guard does for a call with personal data, company and team steps on both
sides.  "Write" is the file alone; "make and write" the record too.  Reading is done in a process of its own,
whose peak of memory is told for a tenth of the records and for all: they must not differ.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

from guardlint.guard.audit import Audit, AuditLog
from guardlint.guard.records import Entry, Identity
from guardlint.guard.verdict import StepRecord, Verdict

KEY = b"benchmark" * 4
IDENTITY = Identity.of(
    {
        "name": "claims",
        "revision": 3,
        "policy": {"id": "baseline", "version": "1.0.0"},
        "tier": "internal",
        "waivers": [{"id": "portal-keys"}],
        "llm_calls": {"low": 1, "usual": 2, "high": 4},
    },
    "0" * 64,
    ("1" * 64,),
)
STEPS = tuple(
    StepRecord(hook, step, engine, (f"{step} rail",), "passed", None, False, 1, 1, 0.5)
    for hook in ("input", "output")
    for step, engine in (("pii", None), ("company", "iorails"), ("team", "llmrails"))
)
VERDICT = Verdict("modified", entities=MappingProxyType({"EMAIL_ADDRESS": 1, "PERSON": 2}), steps=STEPS)
MESSAGES = [{"role": "user", "content": "My name is Jane Smith and my claim is about a bicycle. " * 4}]
READ = """\
import resource, sys
from time import perf_counter, process_time
from guardlint.guard.audit_read import records_of
from guardlint.guard.audit_stats import stats_of
from guardlint.guard.audit_verify import verify_chain
started, busy = perf_counter(), process_time()
if sys.argv[1] == "verify":
    count = verify_chain(sys.argv[2]).records
else:
    count = stats_of(records_of(sys.argv[2:])).calls
seconds, busy = perf_counter() - started, process_time() - busy
print(count, seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def record(audit: Audit) -> Entry:
    """As :class:`guardlint.guard.service.Service` makes it."""
    return Entry(
        IDENTITY,
        VERDICT,
        now=datetime.now(UTC),
        hook="call",
        function="returned",
        messages=1,
        guard_ms=1.25,
        function_ms=800.5,
        content={"input": audit.keyed_hash(MESSAGES), "output": audit.keyed_hash(MESSAGES[0])},
    )


def microseconds(call: Callable[[], object], times: int) -> float:
    """The median of ``times`` calls."""
    took = []
    for _ in range(times):
        started = perf_counter()
        call()
        took.append(perf_counter() - started)
    return statistics.median(took) * 1e6


def writing(folder: Path) -> None:
    print("microseconds per record (median)       make and write      write")
    for name, key, fsync, times in (
        ("no key", None, False, 20_000),
        ("with a key", KEY, False, 20_000),
        ("with a key, rotated at 1 MB", KEY, False, 20_000),
        ("with a key and fsync", KEY, True, 300),
    ):
        rotated = 1_000_000 if "rotated" in name else None
        audit = Audit(
            AuditLog(folder / f"{len(list(folder.iterdir()))}.jsonl", key, fsync, rotate_bytes=rotated)
        )
        both = microseconds(lambda audit=audit: audit.write(record(audit)), times)  # type: ignore[misc]
        made = record(audit)
        alone = microseconds(lambda audit=audit, made=made: audit.write(made), times)  # type: ignore[misc]
        print(f"  {name:36} {both:14.1f} {alone:10.1f}")
    audit = Audit(lambda _: None)
    made = record(audit)
    print(f"  {'a callable':36} {'':14} {microseconds(lambda: audit.write(made), 20_000):10.1f}")


def _append(path: str, count: int) -> None:
    audit = Audit(AuditLog(path, KEY))
    for _ in range(count):
        audit.write(record(audit))


def together(folder: Path) -> None:
    path, count = folder / "together.jsonl", 5000
    context = multiprocessing.get_context("fork")
    started = perf_counter()
    processes = [context.Process(target=_append, args=(str(path), count)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = perf_counter() - started
    print(f"four processes on one file: {4 * count / seconds:,.0f} records/s on {os.cpu_count()} cores")


def reading(folder: Path, count: int) -> None:
    log = folder / "long" / "audit.jsonl"
    log.parent.mkdir()
    audit = Audit(AuditLog(log, KEY, rotate_bytes=100_000_000))
    written = 0
    for part in (count // 10, count):
        while written < part:
            audit.write(record(audit))
            written += 1
        files = list(log.parent.iterdir())
        size = sum(path.stat().st_size for path in files)
        print(f"{written:,} records, {size / written:,.0f} bytes each, {len(files)} files")
        for verb in ("verify", "stats"):
            command = [sys.executable, "-c", READ, verb, str(log)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            found, seconds, busy, megabytes = ran.stdout.split()
            assert int(found) == written, json.dumps(ran.stdout)
            speeds = f"{written / float(seconds):10,.0f} records/s, {written / float(busy):10,.0f} a second"
            print(f"  {verb:8} {speeds} of the processor, at most {float(megabytes):.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        writing(Path(folder))
        together(Path(folder))
        reading(Path(folder), arguments.records)


if __name__ == "__main__":
    main()
