"""Taking a worker process its reach: it may read and connect, and write in its own folder only.

Linux' Landlock (https://docs.kernel.org/userspace-api/landlock.html) does it without privileges and for root
as well. A confined process, with its threads and children, for ever

- writes, makes, moves and removes files below its own folder and nowhere else: not the company's files in
  the next worker's folder, not packages, not what is run when somebody logs in;
- cannot attach to processes outside, which includes writing to ``/proc/<pid>/mem`` of the guard (seen to work
  without it: a ``config.py`` that writes over the guard's memory);
- sends them no signals, and reaches no abstract socket of theirs (from Linux 6.12 on).

Elsewhere (other systems, older kernels, containers that forbid the call) a process is what it was: a boundary
against accidents and side effects.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import Final

__all__ = ["can_confine", "confine"]

# include/uapi/linux/landlock.h; the numbers of the calls are the same on every architecture.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_REMOVE_FOLDER = 1 << 4
_MAKE_AND_REMOVE = 0b1_1111_1111 << 4  # bits 4 to 12: remove and make folders, files, sockets, devices, links
_SCOPE_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1
_NO_NEW_PRIVILEGES: Final = 38  # linux/prctl.h
_DEVICES: Final = ("/dev/null", "/dev/zero")


def can_confine() -> bool:
    """Whether this kernel offers it."""
    return _version() > 0


def confine(folder: Path) -> bool:
    """Confine this thread and all that it starts from now on to ``folder``; False where that cannot be had.

    Call it before there are other threads. There is no way back.
    """
    version = _version()
    if version < 1:
        return False
    writes = _WRITE_FILE | _MAKE_AND_REMOVE
    writes |= _REFER if version >= 2 else 0
    writes |= _TRUNCATE if version >= 3 else 0
    scopes = _SCOPE_SOCKETS | _SCOPE_SIGNALS if version >= 6 else 0
    # struct landlock_ruleset_attr: files, network, scopes; an older kernel takes a shorter one.
    attributes = struct.pack("=QQQ", writes, 0, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    system = ctypes.CDLL(None, use_errno=True)
    ruleset = system.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        allowed = _allow(system, ruleset, folder, writes)
        # So that it can remove its own folder when the guard is gone; only an empty one can be removed.
        _allow(system, ruleset, folder.parent, _REMOVE_FOLDER)
        for device in _DEVICES:
            _allow(system, ruleset, Path(device), writes & (_WRITE_FILE | _TRUNCATE))
        nothing = ctypes.c_ulong(0)
        return (
            allowed
            and system.prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), nothing, nothing, nothing) == 0
            and system.syscall(_RESTRICT, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def _allow(system: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    try:
        descriptor = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        rule = struct.pack("=Qi", rights, descriptor)  # struct landlock_path_beneath_attr, packed
        return bool(system.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) == 0)
    finally:
        os.close(descriptor)


def _version() -> int:
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION))
    except (OSError, AttributeError):
        return 0
