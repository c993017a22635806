"""Processor time of this process with all its children, and what its threads wait for a core (Linux)."""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["processor", "waiting"]


def waiting() -> float:
    """Seconds that this thread was ready to run and had no core."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def processor() -> float:
    """Seconds of the processor, user and system, of this process, its children, and theirs."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + ended.ru_utime + ended.ru_stime
    for pid in descendants():
        with suppress(OSError):  # it may end just now
            own += time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) makes of it
    return own


def descendants() -> set[int]:
    """The processes below this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                status = (entry / "stat").read_text()
                parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}
