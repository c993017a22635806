"""Processes that the guard starts: how they begin, when one begins again, and whose their pipes are.

A process ends when its input does. So a pipe must have no other writer than the guard that started it: a
child that was forked meanwhile would keep the process for as long as it lives itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import weakref
from pathlib import Path
from time import monotonic
from typing import Final

import guardlint

__all__ = ["Pauses", "environment", "start"]

_LONGEST_PAUSE: Final = 30.0
_WELL: Final = 300.0
"""Seconds after which an earlier end says nothing any more."""
_STARTED: weakref.WeakSet[asyncio.subprocess.Process] = weakref.WeakSet()


async def start(
    module: str, environ: dict[str, str], *switches: str, folder: Path | None = None
) -> asyncio.subprocess.Process:
    """``python -P -m module`` in ``folder``, with pipes to and from it, in a session of its own.

    Raises OSError when there is no process to be had.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", *switches, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env=environ,
        start_new_session=True,  # an interrupt at the terminal is for the host to handle
    )
    _STARTED.add(process)
    return process


def environment() -> dict[str, str]:
    """The host's; the package's own folder leads the path, since ``-P`` drops the folder it was found in."""
    home = str(Path(guardlint.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


class Pauses:
    """How long to wait before a process that ended is started again: not at all, then longer each time.

    A process that worked, or lived for minutes, ends the row.
    """

    def __init__(self) -> None:
        self._row = 0
        self._last = monotonic()

    def next(self) -> float:
        """Seconds to wait now."""
        if monotonic() - self._last > _WELL:
            self._row = 0
        pause = min(2.0 ** (self._row - 1), _LONGEST_PAUSE) if self._row else 0.0
        self._row += 1
        self._last = monotonic() + pause
        return pause

    def worked(self) -> None:
        """The process did what it is for."""
        self._row = 0


def _let_go() -> None:
    """In a forked child: close its copies of the pipes, and nothing else of what is the parent's.

    Not through asyncio: parent and child still share what the parent's event loop waits for.
    """
    for process in list(_STARTED):
        popen = process._transport.get_extra_info("subprocess")  # type: ignore[attr-defined]  # noqa: SLF001
        for pipe in (popen.stdin, popen.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
    _STARTED.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
