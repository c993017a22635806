"""How long compiling one configuration takes: the whole command, and the work in one process.

    python benchmarks/bundle_compile.py [TIMES]

Issue 7 asks for at most 1 s for one configuration. The configuration is the mended example, signed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from guardlint.bundle.compile import compile_bundle
from guardlint.bundle.keys import generate, write_pair
from guardlint.policy.central import Central
from guardlint.resources import examples_dir

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CASES = 20

Took = tuple[float, float]
"""Wall-clock and processor time in seconds; they differ on a busy machine."""


def took(call: Callable[[], object], times: int) -> list[Took]:
    """Each call, with the processes that it starts."""
    found = []
    for _ in range(times):
        wall, before = time.perf_counter(), os.times()
        call()
        now = os.times()
        processor = sum(now[:4]) - sum(before[:4])
        found.append((time.perf_counter() - wall, processor))
    return found


def main(times: int = CASES) -> None:
    """Print medians and the worst."""
    root = examples_dir() / "claims-and-cards" / "mended"
    key = generate()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        write_pair(Path(folder, "a.key"), Path(folder, "a.pub"), key)
        program = Path(sys.executable).parent / "guardlint"
        command = [
            str(program),
            "compile",
            str(root),
            "--key",
            f"{folder}/a.key",
            "-o",
            f"{folder}/a.glbundle",
        ]

        def run() -> object:
            return subprocess.run(command, check=True, capture_output=True, env=environment)

        run()
        whole = took(run, times)
    central = Central.open(examples_dir() / "central")
    policy = central.policy("harbour-bank")

    def work() -> object:
        return compile_bundle(root, policy, central, name="claims", created=NOW, signers=[key])

    work()
    for label, found in (
        ("guardlint compile, start to end", whole),
        ("the work in one process", took(work, times)),
    ):
        walls, processors = zip(*found, strict=True)
        print(
            f"{label:<34} median {statistics.median(walls):.2f} s ({statistics.median(processors):.2f} CPU), "
            f"worst of {times}: {max(walls):.2f} s ({max(processors):.2f} CPU)"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
