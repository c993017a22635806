"""A copy of a configuration, rid of whatever keeps NeMo from coming to the finding at hand."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

__all__ = ["REFUSING", "Case", "Verdict", "false", "mend", "staged", "true", "undecided"]

Word = Literal["TRUE", "FALSE", "UNDECIDED"]
Verdict = tuple[Word, str]

REFUSING: Final = frozenset({"does-not-load", "unknown-flow", "unreadable-file"})
_STUB: Final = "zz stub"
_MODERN: Final = re.compile(r"^colang_version:\s*[\"']?2", re.MULTILINE)
_STEP: Final = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_DEFINED: Final = re.compile(r"\s*(?:define\s+(?:sub)?flow|flow)\s+([^$#\n]+?)\s*(?:\$.*)?(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Case:
    """One finding. ``root`` is the configuration's directory, ``file`` stands as seen from there."""

    root: Path
    rule: str
    severity: str
    message: str
    at_run_time: str
    file: str
    line: int
    path: str | None
    refusals: bool

    @property
    def names(self) -> list[str]:
        """What the message quotes."""
        return re.findall(r"`([^`]+)`", self.message)

    def source(self, root: Path) -> str:
        """The line that the finding points at."""
        lines = (root / self.file).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[self.line - 1].strip() if 0 < self.line <= len(lines) else ""

    def flow(self, root: Path) -> str:
        """The name of the flow that the finding stands in, or nothing."""
        lines = (root / self.file).read_text(encoding="utf-8", errors="replace").splitlines()
        for line in reversed(lines[: self.line]):
            if (found := _DEFINED.match(line)) is not None:
                return found[1].strip("\"'")
        return ""


def true(why: str) -> Verdict:
    """It happens."""
    return "TRUE", why


def false(why: str) -> Verdict:
    """It does not happen."""
    return "FALSE", why


def undecided(why: str) -> Verdict:
    """The experiment says nothing: somebody has to read it."""
    return "UNDECIDED", why


def staged(case: Case, others: Sequence[Case], folder: Path) -> Path:
    """The configuration in ``folder``, with the other refusals mended. Raises OSError and YAMLError."""
    root = folder / case.root.name
    shutil.copytree(case.root, root, symlinks=False, ignore_dangling_symlinks=True)
    mend(root, [each for each in others if each.refusals and each != case and each.file != case.file])
    mend(root, [each for each in others if each.refusals and each != case and each.file == case.file])
    return root


def mend(root: Path, cases: Sequence[Case]) -> None:
    """Take the places that the findings point at out of the files; a file that cannot be read, whole."""
    # Entries of a list from the last: what stands before them keeps its place.
    for case in sorted(cases, key=lambda each: -each.line):
        file = root / case.file
        if case.rule == "unreadable-file":
            file.unlink(missing_ok=True)
        elif case.path is not None and file.is_file():
            data = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
            if case.rule == "unknown-flow":
                _stand_in(root)
            if case.path == "colang_version":
                data[case.path] = re.findall(r'"([^"]+)"', case.message)[-1]
            else:
                _remove(data, case.path, _STUB if case.rule == "unknown-flow" else None)
            file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def _stand_in(root: Path) -> None:
    """Write a rail that does nothing: a list without the missing one may come to something else."""
    modern = any(_MODERN.search(path.read_text(encoding="utf-8")) for path in root.glob("*.y*ml"))
    text = f"{'flow' if modern else 'define flow'} {_STUB}\n  {'pass' if modern else '$stub = True'}\n"
    (root / "zz_stub.co").write_text(text, encoding="utf-8")


def _remove(data: Any, path: str, instead: str | None) -> None:
    steps = [found[1] if found[1] is not None else found[2] for found in _STEP.finditer(path)]
    for step in steps[:-1]:
        data = _below(data, step)
    if isinstance(data, dict):
        data.pop(steps[-1], None)
    elif isinstance(data, list) and isinstance(held := _below(data, steps[-1]), dict):
        # A model without a name; taking it out would change the place of the next one.
        held["model"] = "stand-in"
    elif isinstance(data, list) and held in data:
        data[data.index(held) : data.index(held) + 1] = [] if instead is None else [instead]


def _below(data: Any, step: str) -> Any:
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list):
        if step.isdigit() and int(step) < len(data):
            return data[int(step)]
        return next((item for item in data if str(item) == step), None)
    return None
