"""Hostile team configurations: that none yields a bundle in which a required rail does not run.

Run: ``python benchmarks/hostile.py`` with the development lock installed. It makes ``--count`` configurations
of one to four tricks each (``hostile_set/tricks_*.py``), compiles each as ``guardlint compile`` does and once
more as if no rule had found anything, and holds what comes out against the policy by code that shares
nothing with the compiler. ``--judge N`` loads N of the bundles with the real guard and talks to it;
``--harmless N`` compiles N sound configurations, and asks NeMo and the guard about ``--compared`` of them.
``--from K`` begins at configuration K, ``--seed`` makes others, ``--list`` names each that is no bundle.
The exit code is 1 when there is a hole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from hostile_set.making import FAMILIES
from hostile_set.proving import Outcome, Prover, scratch


def main() -> int:
    """Make, prove, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judge", type=int, default=0)
    parser.add_argument("--harmless", type=int, default=0)
    parser.add_argument("--compared", type=int, default=100)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    folder = scratch()
    try:
        holes = static(options, folder)
        if options.judge:
            from hostile_set.judging import judge

            holes += judge(options.judge, options.seed, options.start)
        if options.harmless:
            from hostile_set.sound import harmless

            holes += harmless(options.harmless, options.compared, options.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if holes else 0


def static(options: argparse.Namespace, folder: Path) -> int:
    """The proof on files; returns the number of holes."""
    if not options.count:
        return 0
    prover = Prover(folder)
    started, spent = time.perf_counter(), time.process_time()
    counts: Counter[str] = Counter()
    tricks: Counter[str] = Counter()
    slowest = 0.0
    holes = 0
    for number in range(options.start, options.start + options.count):
        outcome = prover.prove(number, options.seed)
        counts[f"checked: {outcome.checked}"] += 1
        counts[f"unchecked: {outcome.unchecked}"] += 1
        tricks.update(set(outcome.case.tricks))
        slowest = max(slowest, outcome.seconds)
        holes += bool(outcome.holes)
        _tell(outcome, options.list)
        if (number + 1 - options.start) % 1000 == 0:
            print(f"{number + 1} …", file=sys.stderr, flush=True)
    wall, busy = time.perf_counter() - started, time.process_time() - spent
    known = sum(map(len, FAMILIES.values()))
    print(f"{options.count} configurations, {known} tricks, each at least {min(tricks.values())} times")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"{wall:.0f} s, {busy:.0f} s of one core: {options.count / busy:.0f} a second")
    print(f"slowest compile: {slowest:.2f} s")
    print(f"holes: {holes}")
    return holes


def _tell(outcome: Outcome, everything: bool) -> None:
    case = outcome.case
    if outcome.holes:
        print(f"HOLE {case.number} {outcome.policy} {case.base} {case.tricks}: {outcome.holes}", flush=True)
    elif everything and outcome.unchecked != "bundle":
        print(f"{case.number} {case.tricks}: {outcome.said[:160]}")


if __name__ == "__main__":
    raise SystemExit(main())
