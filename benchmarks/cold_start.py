"""How long `guardlint check` takes from nothing, beside check-jsonschema on the same YAML files.

guardlint is measured twice: on the directory alone, and as the example's team has it, where a team file
names a central repository whose policy is read, validated, composed and applied too. Nothing is remembered
from run to run; ``check_speed.py`` measures that.

Run: ``python benchmarks/cold_start.py [RUNS]`` with the development lock installed. Each run is a new
process; the commands take turns, so that a busy moment of the machine hits all of them alike. The first
turn (bytecode, file cache) is not counted. CPU is user plus system time of the whole process.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "examples" / "claims-and-cards" / "mended"
SCHEMA = ROOT / "schemas" / "nemo" / "0.24.1.json"
RUNS = 15
CHECK = "guardlint check"
CHECK_WITH_POLICY = "guardlint check, policy"


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: seconds on the clock and of the processor."""

    wall: float
    cpu: float


def main() -> None:
    """Print the medians and their ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory(prefix="guardlint-cold-start-") as folder:
        alone = Path(folder) / "mended"
        shutil.copytree(TARGET, alone, ignore=shutil.ignore_patterns("__pycache__"))
        taken = _measure(_commands(alone), runs)
    print(f"{'median of ' + str(runs) + ' runs':<26}{'wall ms':>9}{'min':>7}{'max':>7}{'cpu ms':>9}")
    for name, each in taken.items():
        walls = [one.wall * 1000 for one in each]
        print(
            f"{name:<26}{statistics.median(walls):>9.0f}{min(walls):>7.0f}{max(walls):>7.0f}"
            f"{_cpu(each) * 1000:>9.0f}"
        )
    print()
    for name in (CHECK, CHECK_WITH_POLICY):
        for other in ("check-jsonschema", "import click"):
            wall, cpu = _wall(taken[name]) / _wall(taken[other]), _cpu(taken[name]) / _cpu(taken[other])
            print(f"{name} takes {wall:.2f} of the time of {other} (cpu {cpu:.2f})")


def _measure(commands: dict[str, list[str]], runs: int) -> dict[str, list[Taken]]:
    """Each command's runs, the commands taking turns, without the first turn."""
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            one = _run(command)
            if turn:
                taken[name].append(one)
    return taken


def _wall(each: list[Taken]) -> float:
    return statistics.median(one.wall for one in each)


def _cpu(each: list[Taken]) -> float:
    return statistics.median(one.cpu for one in each)


def _commands(alone: Path) -> dict[str, list[str]]:
    scripts = Path(sys.executable).parent
    for name in ("guardlint", "check-jsonschema"):
        if not (scripts / name).exists():
            sys.exit(
                f"{name} is not installed beside {sys.executable}; run `make test` and use .venv/bin/python"
            )
    files = sorted(str(path) for path in TARGET.rglob("*") if path.suffix in {".yml", ".yaml"})
    return {
        "import click": [sys.executable, "-c", "import click"],
        CHECK: [str(scripts / "guardlint"), "check", "--no-cache", str(alone)],
        CHECK_WITH_POLICY: [str(scripts / "guardlint"), "check", "--no-cache", str(TARGET)],
        "check-jsonschema": [str(scripts / "check-jsonschema"), "--schemafile", str(SCHEMA), *files],
    }


def _run(command: list[str]) -> Taken:
    """Start the command anew, its output thrown away, and wait for it to succeed."""
    start = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(wall, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    main()
