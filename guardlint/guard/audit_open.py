"""The files of a log as they were at one moment, however much is written and put aside while they are read.

The file that is written to is opened first, and read as far as it went then: it may be put aside, and be
another one of the same name, before its turn comes.  Full files are listed twice, and those that were there
the first time count: a listing may miss what is renamed meanwhile, but not what was there before.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from guardlint.errors import GuardlintError, NothingToCheck
from guardlint.guard.audit_end import end_of, last_of
from guardlint.guard.audit_names import age, full_files, log_of, logs_in

try:
    from fcntl import LOCK_NB, LOCK_SH, LOCK_UN, flock

    _LOCKS = True
except ImportError:
    _LOCKS = False

__all__ = ["LogFile", "files_of", "head_of", "opened"]

_TRIES: Final = 200  # milliseconds; a record is written in less than one


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a log.  ``stream`` is open where it may still be written to, and counts up to ``size``."""

    path: Path
    stream: BinaryIO | None = None
    size: int = 0


@contextlib.contextmanager
def opened(paths: Iterable[str | os.PathLike[str]]) -> Iterator[list[LogFile]]:
    """Every file that ``paths`` mean, each once, sorted by folder, log and age.

    A folder means the logs in it; a file that is written to also means its full ones.
    Raises GuardlintError for what is not there, NothingToCheck when a folder holds no log.
    """
    with contextlib.ExitStack() as stack:
        found: dict[Path, LogFile] = {}
        for given in map(Path, paths):
            for file in _files(given, stack):
                found.setdefault(file.path, file)
        yield sorted(found.values(), key=lambda file: age(file.path))


def files_of(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The names of the files that ``paths`` mean; see :func:`opened`."""
    with opened(paths) as files:
        return [file.path for file in files]


def head_of(files: Sequence[LogFile]) -> str:
    """The hash of the last record of one log.  Raises OSError where there is none."""
    for file in reversed(files):  # the newest may have been begun just now
        end = end_of(file.stream.fileno(), file.size) if file.stream is not None else last_of(file.path)
        if end is not None:
            return end.head
    raise OSError("the audit file holds no record")


def _files(given: Path, stack: contextlib.ExitStack) -> list[LogFile]:
    if given.is_dir():
        found = [file for log in logs_in(given) for file in _log(log, stack)]
        if not found:
            raise NothingToCheck("no audit file (*.jsonl) is in this folder", place=str(given))
        return found
    found = [LogFile(given)] if log_of(given) != given else _log(given, stack)
    if not found:
        raise GuardlintError("cannot read: no such file", place=str(given))
    return found


def _log(path: Path, stack: contextlib.ExitStack) -> list[LogFile]:
    """The files of the log that is written to ``path``."""
    live = _live(path, stack)
    last = max(full_files(path), default=0)
    listed = full_files(path)
    full = {number: name for number, name in listed.items() if number <= last}
    if live is not None and live.stream is not None:
        inode = _inode(os.fstat(live.stream.fileno()))
        for number, name in listed.items():
            with contextlib.suppress(OSError):
                if _inode(name.stat()) == inode:  # put aside meanwhile
                    full.pop(number, None)
                    live = LogFile(name, live.stream, live.size)
    return [*map(LogFile, full.values()), *([] if live is None else [live])]


def _live(path: Path, stack: contextlib.ExitStack) -> LogFile | None:
    if path.suffix == ".gz":
        return LogFile(path) if path.exists() else None
    try:
        stream = stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GuardlintError(f"cannot read: {error.strerror or error}", place=path.as_posix()) from None
    if not stream.seekable():
        return LogFile(path)
    return LogFile(path, stream, _size(stream))


def _size(stream: BinaryIO) -> int:
    """How long the file is while nobody is in the middle of a record, where that can be had."""
    descriptor, locked = stream.fileno(), False
    with contextlib.suppress(OSError):
        for _ in range(_TRIES if _LOCKS else 0):
            try:
                flock(descriptor, LOCK_SH | LOCK_NB)
            except BlockingIOError:
                time.sleep(0.001)
            else:
                locked = True
                break
    size = os.fstat(descriptor).st_size
    if locked:
        flock(descriptor, LOCK_UN)
    return size


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
