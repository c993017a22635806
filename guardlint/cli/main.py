"""The console script: asks what is remembered, and only where that is nothing imports click and a command."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys

from guardlint.lint.cache import remembered

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]


def run() -> None:
    """The console script. A terminal that lacks a sign such as ✓ gets a ? for it, not an error."""
    # Next to nothing that a run makes is in a circle; looking for some takes longer than all of it is worth.
    gc.set_threshold(200_000, 20, 100)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = remembered(sys.argv[1:], _main)
    if sys.argv[1:2] == ["check"]:
        _end_at_once(code)
    sys.exit(code)


def _end_at_once(code: int) -> None:
    """End without taking apart what is in memory, which is a fifth of what a check of one directory takes.

    Returns where somebody has asked to be told of the end (a company's rules may), where a profiler or a
    debugger looks on, and where what is printed cannot be written.
    """
    if atexit._ncallbacks() or sys.gettrace() is not None or sys.getprofile() is not None:  # noqa: SLF001
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (AttributeError, OSError, ValueError):
        return
    os._exit(code)


def _main(arguments: Sequence[str]) -> int:
    import gc

    from guardlint.cli._commands import main

    # A check makes many small objects and hardly a ring of them: to look for rings takes time for nothing.
    gc.set_threshold(200_000, 20, 20)
    return main(arguments)
