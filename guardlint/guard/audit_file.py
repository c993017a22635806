"""A file that threads and processes append chained records to, and that a kill at any moment leaves whole.

The file stays open between records.  Each append holds the file's lock (``flock``), looks whether the path
still means the file (another process may have put a full one aside), and reads the last record anew where
somebody else wrote since.  A record that does not fit on the disk is cut off again.

Who writes knows the record that was last.  Where it is gone, the file cut off or not the one that another
process went on with, the next one follows it all the same, so that the gap can be seen.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from guardlint.errors import ConfigError, GuardlintError
from guardlint.guard.audit_chain import GENESIS, Record, sealed
from guardlint.guard.audit_end import end_of, first_of, last_hash, last_of
from guardlint.guard.audit_names import full_files, full_name, newest_full
from guardlint.guard.audit_spelling import spelled

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

    _LOCKS = True
except ImportError:  # Windows: one process at a time, and no rotation
    _LOCKS = False

__all__ = ["ChainFile", "last_hash"]

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
        self._name = os.fspath(self._path)
        self._key = key
        self._fsync = fsync
        self._most = rotate_bytes
        self._daily = rotate_daily
        self._head = GENESIS
        self._time = ""
        self._day = ""
        self._torn = False
        self._number = 1
        self._is_file = True
        self.forget()

    def check_place(self) -> None:
        """Raises ConfigError where the file can neither be written to nor made; does neither."""
        path, folder = self._path, self._path.parent
        if path.is_dir():
            reason = "it is a folder"
        elif path.exists():
            reason = "" if os.access(path, os.R_OK | os.W_OK) else "it must not be read and written"
        elif not folder.is_dir():
            reason = "there is no such folder"
        else:
            reason = "" if os.access(folder, os.W_OK | os.X_OK) else "no file must be made in the folder"
        if not reason and self._rotates and path.exists() and not path.is_file():
            reason = "it is no file, and cannot be rotated"
        if reason:
            raise ConfigError(f"audit records cannot be written: {reason}", place=self._name)

    def forget(self) -> None:
        """Believe nothing about the file any more; a process that was forked leaves its parent's alone."""
        self._descriptor = -1
        self._inode = _NOWHERE
        self._size = -1
        self._sure = False  # whether the head is that of the log as this process saw it
        self._inside = False  # whether the head is that of a record in this very file
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the file.  The next append opens it again."""
        descriptor, pid = self._descriptor, self._pid
        self.forget()
        if descriptor >= 0 and pid == os.getpid():
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def append(self, record: Record) -> str:
        """Chain the record, write it and return its hash.  Raises OSError, ValueError."""
        return self.add(lambda previous: spelled({**record, "prev": previous}), record.get("time"))

    def add(self, spell: Callable[[str], str], time: Any = None) -> str:
        """:meth:`append` what ``spell`` makes of the hash before; ``time`` is the record's."""
        day = str(time or "")[:10]
        try:
            while True:
                size = self._take()
                if size != self._size:
                    self._look(size)
                text = spell(self._head)
                if not size and self._number > 1 and self._is_file:
                    # Full files are put away, and numbers must not come again.
                    text = spelled({**json.loads(text), "file": self._number})
                line, digest = sealed(text, self._key)
                if not self._rotates or not self._full(size, len(line) + 1, day):
                    break
                self._put_aside()
            self._write((b"\n" if self._torn else b"") + line + b"\n", size)
            self._head, self._day, self._torn = digest, max(day, self._day), False
            self._time, self._sure, self._inside = str(time or ""), True, self._is_file
        except BaseException:
            self._let_go()
            raise
        self._unlock()
        return digest

    def _take(self) -> int:
        """Open and lock what the path means now; its size."""
        while True:
            if self._pid != os.getpid():
                self.forget()
            if self._descriptor < 0:
                self._descriptor = os.open(self._name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
                status = os.fstat(self._descriptor)
                self._inode = status.st_dev, status.st_ino
                self._is_file = stat.S_ISREG(status.st_mode)
            if not self._is_ours():
                self.forget()
                continue
            _lock(self._descriptor)
            try:
                there = os.stat(self._name)  # noqa: PTH116 - once per record
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_dev, there.st_ino) == self._inode:
                return there.st_size
            # Put aside or removed by another process: the chain goes on after what stands in it last.
            size = os.fstat(self._descriptor).st_size
            if size != self._size:
                self._look(size)
            sure = self._sure
            self.close()
            self._sure = sure

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

    def _let_go(self) -> None:
        """Leave the lock after something failed; what is known of the log stays known."""
        if self._inode == _NOWHERE:
            self.close()
        elif self._descriptor >= 0 and self._is_ours():
            with contextlib.suppress(OSError):
                self._unlock()
        else:
            self.forget()

    def _look(self, size: int) -> None:
        """Read where the chain stands: another process wrote, or this is the first record of this one."""
        before, self._size = self._size, size
        self._torn = False
        if not self._is_file:
            return
        self._number = max(self._number, newest_full(self._path)[0] + 1)
        if self._inside and not self._stands(before, size):
            self._torn = self._is_torn(size)
            return
        end = end_of(self._descriptor, size) if size else None
        self._torn = bool(size) and (end is None or end.torn)
        self._inside = end is not None
        if end is None:
            # Of one torn record and nothing else too: the file begins where the one before it ends.
            newest = newest_full(self._path)[1]
            end = None if newest is None else last_of(newest)
            if newest is not None and end is None:
                raise OSError("the audit file holds no record")
        if end is None or (self._sure and before < 0 and end.head != self._head and not self._went_on()):
            self._inside = False
        else:
            self._head, self._time = end.head, end.time
        self._day = self._time[:10] if self._inside else ""
        self._sure = True

    def _stands(self, before: int, size: int) -> bool:
        """Whether the file, once ``before`` bytes long, still holds what was the last record then."""
        if size < before:
            return False
        with contextlib.suppress(OSError):
            end = end_of(self._descriptor, before)
            return end is not None and end.head == self._head
        return False

    def _went_on(self) -> bool:
        """Whether other processes went on from the head, which stood in a file that was here before.

        One did where a file follows it, or where all that is there came later and the rest was put away.
        """
        full = full_files(self._path)
        first: Record = {}
        for path in (self._path, *[full[number] for number in sorted(full, reverse=True)]):
            first = first_of(path) or first
            if first.get("prev") == self._head:
                return True
        return first.get("prev") != GENESIS and str(first.get("time", "")) > self._time

    def _is_torn(self, size: int) -> bool:
        if not size:
            return False
        end = end_of(self._descriptor, size)
        return end is None or end.torn

    def _full(self, size: int, more: int, day: str) -> bool:
        if not size or not self._is_file:
            return False
        if self._most is not None and size + more > self._most:
            return True
        return self._daily and "" != self._day < day

    def _put_aside(self) -> None:
        """Under the lock, so that nobody writes to a full file; the next take opens a new one."""
        said = first_of(self._path).get("file")
        self._number = max(newest_full(self._path)[0] + 1, said if type(said) is int else 1)
        self._path.rename(full_name(self._path, self._number))
        self._number += 1
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
