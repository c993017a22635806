"""NeMo and guardlint side by side on random configurations, or on directories that exist.

Run: ``python benchmarks/differential.py [COUNT] [--start N] [--jobs 2]`` with the development lock installed;
``--roots FOLDER`` compares every configuration below a folder instead. Each configuration is made from its
number alone, so that a difference can be made again: ``1 --start NUMBER``. Exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import differential_trees

from guardlint.harness.facts import ASPECTS, differences, guardlint_facts
from guardlint.harness.oracle import nemo_facts
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.discover import find_roots
from guardlint.nemo.imports import Search

EVERY = 50


@dataclass(frozen=True, slots=True)
class Compared:
    """One directory: both verdicts, what differs, guardlint's milliseconds, and kilobytes where measured."""

    name: str
    nemo: str
    guardlint: str
    different: tuple[str, ...]
    milliseconds: float
    nemo_milliseconds: float
    kilobytes: float | None


def main() -> int:
    """Compare, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--roots", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "unused")
    work: Callable[..., Compared] = compare_number
    items: list[int] | list[Path] = list(range(options.start, options.start + options.count))
    if options.roots:
        work, items = partial(compare, measure=True), find_roots(options.roots)
    began = time.perf_counter()
    found = []
    for one in _run(work, items, options.jobs):
        found.append(one)
        for line in one.different:
            print(f"{one.name}: {line[:900]}", flush=True)
        if len(found) % 1000 == 0:
            print(f"{len(found)} of {len(items)}", file=sys.stderr, flush=True)
    _report(found, time.perf_counter() - began)
    return 1 if any(one.different for one in found) else 0


def compare_number(number: int) -> Compared:
    """Make configuration ``number`` and compare."""
    with tempfile.TemporaryDirectory(prefix="guardlint-differential-") as folder:
        root = Path(folder).resolve() / "team"
        root.mkdir()
        differential_trees.write(root, number)
        with contextlib.chdir(folder):
            # NeMo looks for imports where it runs.
            return compare(root, name=str(number), measure=number % EVERY == 0)


def compare(root: Path, *, name: str = "", measure: bool = False) -> Compared:
    """Ask both about one directory."""
    began = time.perf_counter()
    expected = nemo_facts(root)
    middle = time.perf_counter()
    verdict: str
    try:
        actual = guardlint_facts(_read(root))
        different = tuple(differences(expected, actual))
        verdict = actual.loads
    except Exception as error:  # noqa: BLE001 - a crash is a difference
        different, verdict = (f"crash: {type(error).__name__}: {error}",), "crash"
    end = time.perf_counter()
    kilobytes = _kilobytes(root) if measure and verdict != "crash" else None
    return Compared(
        name or root.as_posix(),
        expected.loads,
        verdict,
        different,
        (end - middle) * 1000,
        (middle - began) * 1000,
        kilobytes,
    )


def _read(root: Path) -> Configuration:
    """Told where NeMo is asked, which guardlint otherwise has to guess."""
    return read_configuration(root, search=Search((Path.cwd(),)))


def _kilobytes(root: Path) -> float:
    """The most memory that reading and judging one directory holds at a time."""
    tracemalloc.start()
    guardlint_facts(_read(root))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def _run(work: Callable[..., Compared], items: list[int] | list[Path], jobs: int) -> Iterator[Compared]:
    if jobs < 2:
        yield from map(work, items)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, items, chunksize=25)


def _report(found: list[Compared], seconds: float) -> None:
    verdicts = Counter((one.nemo, one.guardlint) for one in found)
    differ = sum(bool(one.different) for one in found)
    print(f"\n{len(found)} configurations in {seconds:.0f} s, {differ} differ")
    words = ("yes", "depends", "no")
    print("\nloads        guardlint yes  depends      no   crash")
    for nemo in words:
        row = [verdicts[nemo, ours] for ours in (*words, "crash")]
        print(f"NeMo {nemo:<8}{row[0]:>13}{row[1]:>9}{row[2]:>8}{row[3]:>8}")
    agree = sum(verdicts[word, word] for word in words)
    decided = sum(verdicts[word, word] for word in ("yes", "no"))
    every = max(1, len(found))
    print(f"the same word: {agree} ({100 * agree / every:.2f} %); without `depends`: {decided}")
    print(
        "(NeMo `depends`: refuses it here as it is, loads it with llm= on a machine that has what it needs)"
    )
    loaded = [one for one in found if "no" not in (one.nemo, one.guardlint)]
    print(f"\nof {len(loaded)} that load, the same")
    for aspect in ASPECTS:
        wrong = sum(any(line.startswith(f"{aspect}:") for line in one.different) for one in loaded)
        print(f"  {aspect:<16}{len(loaded) - wrong:>7}")
    times = sorted(one.milliseconds for one in found)
    late = times[int(len(times) * 0.99)]
    middle = statistics.median(times)
    print(f"\nguardlint, a directory: median {middle:.1f} ms, 99th {late:.1f}, most {times[-1]:.0f}")
    nemo_median = statistics.median(one.nemo_milliseconds for one in found)
    print(f"NeMo with the oracle's shortcuts: median {nemo_median:.1f} ms")
    memory = sorted(one.kilobytes for one in found if one.kilobytes is not None)
    if memory:
        median = statistics.median(memory)
        print(f"memory of {len(memory)} directories: median {median:.0f} KB, most {memory[-1]:.0f} KB")


if __name__ == "__main__":
    sys.exit(main())
