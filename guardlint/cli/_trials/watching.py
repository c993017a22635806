"""Waits until a file below a folder changes: modification times, looked at again and again."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from guardlint.cli._trials.outcome import Suite

__all__ = ["affected", "changed", "stamps"]

_PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__", "venv"})
_EVERY = 0.5  # seconds between two looks

Stamps = Mapping[str, tuple[int, int]]


def stamps(folder: Path) -> Stamps:
    """Modification time and size of every file below ``folder``, hidden folders left out."""
    found: dict[str, tuple[int, int]] = {}
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _PASSED_OVER]
        for name in files:
            path = f"{above}{os.sep}{name}"
            try:
                state = os.stat(path)  # noqa: PTH116 - asked for every file, twice a second
            except OSError:
                continue
            found[path] = state.st_mtime_ns, state.st_size
    return found


def changed(folder: Path, before: Stamps, *, every: float = _EVERY) -> tuple[Stamps, frozenset[str]]:
    """Waits for a change; the stamps after it, and the files that are new, gone or other."""
    while True:
        time.sleep(every)
        after = stamps(folder)
        if after != before:
            both = before.keys() | after.keys()
            return after, frozenset(name for name in both if before.get(name) != after.get(name))


def affected(suites: list[Suite], folder: Path, files: frozenset[str]) -> list[Suite]:
    """The suites that the files may change: a rail by its folder, policies by theirs, else configurations."""
    rails, policies = folder / "rails", folder / "policies"
    found: list[Suite] = []
    for suite in suites:
        home = suite.path.parent
        for name in files:
            path = Path(name)
            if rails in path.parents and path.parent != rails:
                mine = suite.kind == "rail" and rails / suite.name in path.parents
                mine = mine or (suite.kind == "configuration" and home in path.parents)
            elif policies in path.parents:
                mine = suite.kind in ("policy", "controls")
            else:
                mine = suite.kind == "configuration"
            if mine:
                found.append(suite)
                break
    return found
