"""A file that threads and processes append chained records to, and that a kill at any moment leaves whole.

The file stays open between records.  Each append holds the file's lock (``flock``), looks whether the path
still means the file (another process may have put a full one aside), and reads the last record anew where
somebody else wrote since.  A record that does not fit on the disk is cut off again.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import Any, Final

from guardlint.errors import GuardlintError
from guardlint.guard.audit_chain import GENESIS, Record, chained, parse
from guardlint.guard.audit_names import full_name, newest_full, open_file

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

    _LOCKS = True
except ImportError:  # Windows: one process at a time, and no rotation
    _LOCKS = False

__all__ = ["ChainFile", "last_hash"]

_TAILS: Final = (1 << 13, 1 << 20)  # bytes searched for the last record; one has about two thousand
_NOWHERE: Final = (-1, -1)
_LOCK_SECONDS: Final = 2.0


class ChainFile:
    """``path`` as the end of a chain.  Not safe between threads: its owner has a lock."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: bytes | None = None,
        fsync: bool = False,
        rotate_bytes: int | None = None,
        rotate_daily: bool = False,
    ) -> None:
        """Raises GuardlintError for a rotation that this platform, or this size, does not allow."""
        if rotate_bytes is not None and rotate_bytes < 1024:
            raise GuardlintError("rotate_bytes is less than one record", help="give at least 1024")
        self._rotates = rotate_bytes is not None or rotate_daily
        if self._rotates and not _LOCKS:
            raise GuardlintError("audit files cannot be rotated on a platform without flock")
        self._path = Path(path)
        self._key = key
        self._fsync = fsync
        self._most = rotate_bytes
        self._daily = rotate_daily
        self._head = GENESIS
        self._day = ""
        self._torn = False
        self._is_file = True
        self.forget()

    def forget(self) -> None:
        """Believe nothing about the file any more; a process that was forked leaves its parent's alone."""
        self._descriptor = -1
        self._inode = _NOWHERE
        self._size = -1
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the file.  The next append opens it again."""
        descriptor, pid = self._descriptor, self._pid
        self.forget()
        if descriptor >= 0 and pid == os.getpid():
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def append(self, record: Record) -> Record:
        """Chain the record, write it and return it as written.  Raises OSError, ValueError."""
        try:
            day = str(record.get("time", ""))[:10]
            while True:
                self._take()
                size = os.fstat(self._descriptor).st_size
                if size != self._size:
                    self._look(size)
                line, written = chained(record, self._head, self._key)
                if not self._full(size, len(line) + 1, day):
                    break
                self._put_aside()
            self._write((b"\n" if self._torn else b"") + line + b"\n", size)
            self._head, self._day, self._torn = written["hash"], max(day, self._day), False
        except BaseException:
            self.close()  # and with it the lock
            raise
        self._unlock()
        return written

    def _take(self) -> None:
        """Open and lock what the path means now."""
        while True:
            if self._descriptor < 0 or self._pid != os.getpid():
                self.forget()
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
                status = os.fstat(self._descriptor)
                self._inode = status.st_dev, status.st_ino
                self._is_file = stat.S_ISREG(status.st_mode)
            if not self._is_ours():
                self.forget()
                continue
            _lock(self._descriptor)
            try:
                there = os.stat(self._path)  # noqa: PTH116 - once per record
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_dev, there.st_ino) == self._inode:
                return
            # Put aside or removed by another process: the chain goes on after what stands in it last.
            size = os.fstat(self._descriptor).st_size
            if size != self._size:
                self._look(size)
            self.close()

    def _is_ours(self) -> bool:
        """Whether the descriptor is still this file: a host that becomes a daemon closes them all."""
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._inode

    def _unlock(self) -> None:
        if _LOCKS:
            flock(self._descriptor, LOCK_UN)

    def _look(self, size: int) -> None:
        """Read where the chain stands: another process wrote, or this is the first record of this one."""
        self._torn = False
        if not self._is_file:
            return
        if size:
            end = _end(self._descriptor, size)
            if end is not None:
                self._head, self._day, self._torn = end
                return
            # One torn record and nothing else: the file begins where the one before it ends.
            self._torn = True
        before = newest_full(self._path)
        if before is not None:
            self._head = last_hash(before)
        self._day = ""

    def _full(self, size: int, more: int, day: str) -> bool:
        if not self._rotates or not size or not self._is_file:
            return False
        if self._most is not None and size + more > self._most:
            return True
        return self._daily and "" != self._day < day

    def _put_aside(self) -> None:
        """Under the lock, so that nobody writes to a full file; the next take opens a new one."""
        self._path.rename(full_name(self._path))
        self._sync_folder()

    def _write(self, data: bytes, size: int) -> None:
        try:
            written = os.write(self._descriptor, data)
            if written != len(data):
                raise OSError("the record was written in part")
            if self._fsync and self._is_file:
                os.fsync(self._descriptor)
                if not size:
                    self._sync_folder()
        except BaseException:
            # Half a record, or a whole one whose caller is told that there is none.
            if self._is_file:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, size)
            raise
        self._size = size + len(data) if self._is_file else size

    def _sync_folder(self) -> None:
        if not self._fsync:
            return
        with contextlib.suppress(OSError):
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()


def last_hash(path: Path) -> str:
    """The hash of the last whole record of a file.  Raises OSError when there is none."""
    if path.suffix == ".gz":
        found: dict[str, Any] | None = None
        with open_file(path) as stream:
            for line in stream:
                found = parse(line) or found
        if found is None or not isinstance(found.get("hash"), str):
            raise OSError("the audit file holds no record")
        return str(found["hash"])
    descriptor = os.open(path, os.O_RDONLY)
    try:
        end = _end(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
    if end is None:
        raise OSError("the audit file holds no record")
    return end[0]


def _lock(descriptor: int) -> None:
    """Wait for the file's lock.  Raises TimeoutError: who holds it may be stopped for ever."""
    if not _LOCKS:
        return
    waited, pause = 0.0, 0.00002
    while True:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            if waited > _LOCK_SECONDS:
                raise TimeoutError("another process holds the audit file") from None
            time.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.3, 0.001)
        else:
            return


def _end(descriptor: int, size: int) -> tuple[str, str, bool] | None:
    """Hash and day of the last whole record, and whether a torn line follows it; None without a record.

    Raises OSError where the end is something else than records.
    """
    for length in _TAILS:
        start = max(0, size - length)
        tail = os.pread(descriptor, size - start, start) if hasattr(os, "pread") else _read(descriptor, start)
        for line in reversed(tail.split(b"\n")):
            record = parse(line)
            if record is not None and isinstance(record.get("hash"), str):
                return record["hash"], str(record.get("time", ""))[:10], not tail.endswith(b"\n")
        if not start:
            return None
    raise OSError("the audit file ends in something else than records")


def _read(descriptor: int, start: int) -> bytes:
    """For platforms without ``pread``; the file is opened to append, so its position means nothing."""
    os.lseek(descriptor, start, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)
