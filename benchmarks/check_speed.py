"""How fast `guardlint check` is, cold and remembered, beside check-jsonschema and `import click`.

Run: ``python benchmarks/check_speed.py [DIRECTORIES] [RUNS]`` with the development lock installed
(defaults: 1000 and 9). Whole processes, each a new one; the commands take turns, so that a busy moment of the
machine hits all of them alike, and the first turn (bytecode, file cache) is not counted. CPU is user plus
system time of the process and of what it starts, memory its largest resident size.

One directory: the example, alone, and with a policy from a central repository. Cold is a run without a cache,
changed is one after a file of the configuration has changed, remembered is one after which nothing has.
DIRECTORIES: each of three YAML files, two Colang files and an actions.py; check-jsonschema reads the YAML
files alone.
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
EXAMPLE = ROOT / "examples" / "claims-and-cards" / "mended"
SCHEMA = ROOT / "schemas" / "nemo" / "0.24.1.json"
SCRIPTS = Path(sys.executable).parent
DIRECTORIES, RUNS = 1000, 9
# Bytecode is kept, as where guardlint is installed.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
TOPICS = (
    "cards",
    "claims",
    "loans",
    "pensions",
    "travel",
    "payroll",
    "energy",
    "parcels",
    "insurance",
    "tax",
)

MODELS = """models:
  - type: main
    engine: openai
    model: gpt-4o-mini
instructions:
  - type: general
    content: |
      You answer questions about {topic} for desk {number}.
      You never give legal advice.
core:
  embedding_search_provider:
    name: default
"""
RAILS = """rails:
  input:
    flows:
      - self check input
      - check {topic} {number}
  output:
    flows:
      - self check output
  config:
    sensitive_data_detection:
      input:
        entities: [PERSON, EMAIL_ADDRESS]
"""
PROMPTS = """prompts:
  - task: self_check_input
    content: |
      Should this message about {topic} be blocked? Answer yes or no.
      "{{{{ user_input }}}}"
  - task: self_check_output
    content: |
      Should this answer of desk {number} be blocked? Answer yes or no.
      "{{{{ bot_response }}}}"
"""
FLOWS = """define user asks about {topic}
  "what about my {topic}?"
  "{topic} number {number}"

define bot answers about {topic}
  "The desk for {topic} will tell you."

define flow {topic}
  user asks about {topic}
  bot answers about {topic}
"""
CHECKS = """define bot refuse {topic}
  "Not at desk {number}."

define subflow check {topic} {number}
  $allowed = execute check_{topic}(text=$user_message)
  if not $allowed
    bot refuse {topic}
    stop
"""
ACTIONS = '''"""Actions of desk {number}."""

from nemoguardrails.actions import action


@action()
async def check_{topic}(text: str) -> bool:
    return "{topic}" in text
'''
FILES = {
    "config.yml": MODELS,
    "rails.yml": RAILS,
    "prompts.yml": PROMPTS,
    "flows.co": FLOWS,
    "checks.co": CHECKS,
    "actions.py": ACTIONS,
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: seconds on the clock and of the processor, and megabytes."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    """Print the medians, and the ratios that are asked for."""
    directories = int(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORIES
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    with tempfile.TemporaryDirectory(prefix="guardlint-check-speed-") as name:
        folder = Path(name)
        alone, team = folder / "mended", folder / "examples" / "claims-and-cards" / "mended"
        shutil.copytree(EXAMPLE, alone, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(EXAMPLE.parents[1], folder / "examples")
        one = _measure(_of_one(alone, team, folder), runs, {"changed": alone, "changed, policy": team})
        many = _measure(_of_many(_written(folder / "many", directories), folder), max(1, runs // 4))
    _tell("one directory", one)
    _ratio("remembered", one["remembered"], "import click", one["import click"])
    for name in ("cold", "changed", "changed, policy"):
        _ratio(name, one[name], "check-jsonschema", one["check-jsonschema"])
    _tell(f"{directories:,} directories", many)
    for name in ("cold", "remembered"):
        _ratio(name, many[name], "check-jsonschema", many["check-jsonschema"])


def _of_one(alone: Path, team: Path, folder: Path) -> dict[str, list[str]]:
    files = [str(path) for path in sorted(alone.rglob("*.yml"))]
    return {
        "import click": [sys.executable, "-c", "import click"],
        "remembered": [*_guardlint(folder / "one"), str(team.with_name("broken")), "--fail-on", "never"],
        "cold": [*_guardlint(None), str(alone)],
        "changed": [*_guardlint(folder / "two"), str(alone)],
        "changed, policy": [*_guardlint(folder / "three"), str(team)],
        "check-jsonschema": [*_validator(), *files],
    }


def _of_many(many: Path, folder: Path) -> dict[str, list[str]]:
    files = [str(path) for path in sorted(many.rglob("*.yml"))]
    return {
        "remembered": [*_guardlint(folder / "all"), "--fail-on", "never", str(many)],
        "cold": [*_guardlint(None), "--fail-on", "never", str(many)],
        "check-jsonschema": [*_validator(), *files],
    }


def _guardlint(cache: Path | None) -> list[str]:
    """The command with a cache of its own, or none."""
    command = [_script("guardlint"), "check"]
    if cache is None:
        return [*command, "--no-cache"]
    return ["/usr/bin/env", f"GUARDLINT_CACHE_DIR={cache}", *command]


def _validator() -> list[str]:
    return [_script("check-jsonschema"), "--schemafile", str(SCHEMA)]


def _script(name: str) -> str:
    if not (SCRIPTS / name).exists():
        sys.exit(f"{name} is not installed beside {sys.executable}; run `make test` and use .venv/bin/python")
    return str(SCRIPTS / name)


def _written(folder: Path, count: int) -> Path:
    """Configurations of many desks, no two alike."""
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        desk = folder / f"{topic}-{number:04}"
        desk.mkdir(parents=True)
        for name, text in FILES.items():
            (desk / name).write_text(text.format(topic=topic, number=number), encoding="utf-8")
    return folder


def _measure(
    commands: dict[str, list[str]], runs: int, changing: dict[str, Path] | None = None
) -> dict[str, list[Taken]]:
    """Each command's runs, the commands taking turns, without the first turn.

    ``changing``: the configuration of which a file changes before each run of a command.
    """
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            if changing and name in changing:
                with (changing[name] / "config.yml").open("a", encoding="utf-8") as stream:
                    stream.write(f"# {turn}\n")
            one = _run(command)
            if turn:
                taken[name].append(one)
    return taken


def _run(command: list[str]) -> Taken:
    """Start the command anew, its output thrown away, and wait for it to succeed."""
    start = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, _ENVIRONMENT, file_actions=silent)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command[:4])} ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _tell(title: str, taken: dict[str, list[Taken]]) -> None:
    print(f"\n{title:<24}{'wall ms':>10}{'cpu ms':>10}{'MB':>8}")
    for name, each in taken.items():
        wall, cpu, memory = (
            statistics.median(values)
            for values in zip(*((one.wall, one.cpu, one.memory) for one in each), strict=True)
        )
        print(f"{name:<24}{wall * 1000:>10.0f}{cpu * 1000:>10.0f}{memory:>8.1f}")


def _ratio(name: str, these: list[Taken], other: str, those: list[Taken]) -> None:
    wall = statistics.median(one.wall for one in these) / statistics.median(one.wall for one in those)
    cpu = statistics.median(one.cpu for one in these) / statistics.median(one.cpu for one in those)
    print(f"{name}: {cpu:.2f} of the processor time of {other} ({wall:.2f} of the time)")


if __name__ == "__main__":
    main()
