"""Runs what a page shows, in a folder like the one its reader stands in.

How a page is written so that it can be run:

- `console` blocks: lines that start with `$ ` are commands (a backslash at the end goes on with the next
  line), the lines after a command are part of its output, in order, each at least a part of a line;
  `...` stands for lines left out. A command ends with 0, or with 1 where the page shows output of it.
- `python` blocks: each is complete by itself, as readers copy them.
- `yaml` and `json` blocks must parse.
- A block under the line `<!-- not run: REASON -->` is left alone.

All blocks of a page run in one folder, in order, so that a page can tell one story.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# What a reader runs once, and what would run this very test again. Each `make` target must exist.
LEFT_OUT = ("make demo", "make test")

_FENCE = re.compile(r"^ {0,3}(?P<marks>`{3,}|~{3,})\s*(?P<language>[\w+-]*)(?P<more>.*)$")
_NOT_RUN = re.compile(r"^<!-- not run: \S.* -->$")
# A reader would take these for something to run; under other names they would escape us.
_OTHER_NAMES = {"bash", "sh", "shell", "shell-session", "zsh", "py", "python3", "pycon"}
_MARK = "guardlint-docs-step"
_SECONDS = 180


@dataclass(frozen=True)
class Block:
    """One fenced block: `line` is that of its fence."""

    language: str
    line: int
    lines: list[str]
    run: bool


@dataclass(frozen=True)
class Step:
    """One command of a console block, and what the page says it prints."""

    command: str
    line: int
    expected: list[str] = field(default_factory=list)


class PageError(AssertionError):
    """The page does not tell the truth, or not in a way that can be checked."""


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found: list[Block] = []
    opened: re.Match[str] | None = None
    inside: list[str] = []
    start, last = 0, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, start, inside = fence, number, []
            skip = _NOT_RUN.match(last) is not None
        elif opened is not None and fence and _closes(fence, opened):
            found.append(Block(opened["language"], start, inside, not skip))
            opened = None
        elif opened is not None:
            inside.append(line)
        if line.strip():
            last = line.strip()
    if opened is not None:
        raise PageError(f"{page.name}:{start}: the block does not end")
    return found


def _closes(fence: re.Match[str], opened: re.Match[str]) -> bool:
    bare = not fence["language"] and not fence["more"].strip()
    return bare and fence["marks"].startswith(opened["marks"])


def steps(block: Block, page: Path) -> list[Step]:
    """The commands of a console block."""
    found: list[Step] = []
    lines = iter(enumerate(block.lines, start=block.line + 1))
    for number, line in lines:
        if line.startswith("$ "):
            found.append(Step(_whole(line.removeprefix("$ "), lines), number))
        elif found and line.strip():
            found[-1].expected.append(line.strip())
        elif line.strip():
            raise PageError(f"{page.name}:{number}: no command before this line; commands start with `$ `")
    if not found:
        raise PageError(f"{page.name}:{block.line}: a console block without a command")
    return found


def _whole(command: str, lines: Iterator[tuple[int, str]]) -> str:
    while command.endswith("\\"):
        command = f"{command}\n{next(lines)[1].removeprefix('> ')}"
    return command


def targets(makefile: Path) -> set[str]:
    """What `make` can be asked for."""
    return set(re.findall(r"^([a-z][a-z-]*):", makefile.read_text(encoding="utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class Runner:
    """Runs pages in `folder`."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    def run(self, page: Path) -> int:
        """Run every block, and say how many ran; raises PageError at the first that is not as shown."""
        done = 0
        for block in blocks(page):
            if not block.run:
                continue
            if block.language in _OTHER_NAMES:
                better = "python" if block.language.startswith("py") else "console"
                raise PageError(f"{page.name}:{block.line}: `{block.language}` is not run, write `{better}`")
            run = getattr(self, f"_{block.language}", None) if block.language else None
            if run is not None:
                run(block, page)
                done += 1
        return done

    def _console(self, block: Block, page: Path) -> None:
        wanted = [step for step in steps(block, page) if not self._left_out(step, page)]
        lines = ["exec 2>&1"]
        for step in wanted:
            # The exit code is put back, so that a page may show `$ echo $?`.
            lines += [step.command, f"_code=$?; printf '\\n{_MARK} %s\\n' \"$_code\"; (exit $_code)"]
        output = self._process(["bash", "-c", "\n".join([*lines, "exit 0"])], page, block).stdout
        parts = re.split(rf"\n{_MARK} (\d+)\n", output)
        for step, said, code in zip(wanted, parts[::2], parts[1::2], strict=False):
            _compare(step, said, int(code), page)
        if len(parts) // 2 != len(wanted):
            raise PageError(f"{page.name}:{block.line}: the shell stopped early\n{output}")

    def _left_out(self, step: Step, page: Path) -> bool:
        if step.command.split()[0] != "make":
            return False
        if step.command not in LEFT_OUT:
            raise PageError(f"{page.name}:{step.line}: `{step.command}` is none of {', '.join(LEFT_OUT)}")
        if step.command.split()[1] not in targets(ROOT / "Makefile"):
            raise PageError(f"{page.name}:{step.line}: the Makefile has no such target: {step.command}")
        return True

    def _python(self, block: Block, page: Path) -> None:
        done = self._process([sys.executable, "-c", "\n".join(block.lines)], page, block)
        if done.returncode:
            raise PageError(f"{page.name}:{block.line}: the example fails\n{done.stdout}{done.stderr}")

    def _yaml(self, block: Block, page: Path) -> None:
        try:
            yaml.safe_load("\n".join(block.lines))
        except yaml.YAMLError as error:
            raise PageError(f"{page.name}:{block.line}: not YAML: {error}") from None

    def _json(self, block: Block, page: Path) -> None:
        try:
            json.loads("\n".join(block.lines))
        except ValueError as error:
            raise PageError(f"{page.name}:{block.line}: not JSON: {error}") from None

    def _process(self, command: list[str], page: Path, block: Block) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PageError(f"{page.name}:{block.line}: not done after {_SECONDS} s") from None


def _compare(step: Step, said: str, code: int, page: Path) -> None:
    """Exit code and output of one command against the page."""
    place = f"{page.name}:{step.line}: `{step.command}`"
    if code > (1 if step.expected else 0):
        raise PageError(f"{place} ended with {code}\n{said}")
    lines = iter(said.splitlines())
    for expected in step.expected:
        if expected not in {"...", "…"} and not any(expected in line for line in lines):
            raise PageError(f"{place} does not print (in this order): {expected}\n{said}")


@pytest.fixture
def reader(tmp_path: Path, outside_environment: dict[str, str], copy_checkout: Callable) -> Runner:
    """A reader in a copy of the checkout's examples and reference documents, guardlint on the path."""
    whole = copy_checkout(tmp_path / "whole")
    folder = tmp_path / "guardlint"
    folder.mkdir()
    for name in ("examples", "policies", "rails", "schemas"):
        shutil.move(whole / name, folder / name)
    path = os.pathsep.join([str(Path(sys.executable).parent), outside_environment.get("PATH", os.defpath)])
    quiet = {"PATH": path, "NO_COLOR": "1", "COLUMNS": "100", "HOME": str(tmp_path / "home")}
    return Runner(folder, outside_environment | quiet)
