"""Audit records: one line of JSON per call, without a word of content, each chained to the one before.

``hash`` is the SHA-256 of the record in canonical JSON without ``hash`` itself, ``prev`` the hash of the
record before (64 zeros for the first).  Removing, changing or reordering records breaks the chain; cutting
the end off does not, so keep the head that :func:`verify_chain` returns somewhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from guardlint.bundle.canonical import compact
from guardlint.errors import GuardlintError, VerificationError

__all__ = ["GENESIS", "SCHEMA", "Audit", "AuditLog", "ChainReport", "record_hash", "verify_chain"]

SCHEMA: Final = "guardlint/audit/v1"
GENESIS: Final = "0" * 64
_TAIL: Final = 1 << 20  # bytes searched for the last record; one record has about a thousand

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChainReport:
    """An unbroken chain: its records, the hash of the last, and the lines that a crash left half written."""

    records: int
    head: str
    torn: int


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Where records go: ``path`` is a JSONL file, made when it is missing (mode 0600).

    With ``key`` (at least 16 bytes, kept outside) each record holds keyed hashes of what went in and out, so
    that a text can be looked up by who has the key.  ``fsync`` makes every record survive a power cut.
    """

    path: str | os.PathLike[str]
    key: bytes | None = None
    fsync: bool = False


class Audit:
    """Writes records.  Safe from several threads, and from several processes for a file."""

    def __init__(self, sink: AuditLog | Callable[[Record], object] | None) -> None:
        """``sink`` is a file, a callable that takes the finished record, or None for no records."""
        self._sink = sink
        self._key = sink.key if isinstance(sink, AuditLog) else None
        if self._key is not None and len(self._key) < 16:
            raise GuardlintError("the audit key has fewer than 16 bytes")
        self._lock = threading.Lock()
        self._head = GENESIS
        self._size = -1

    @property
    def wanted(self) -> bool:
        """Whether there is anywhere to write to."""
        return self._sink is not None

    def renew(self) -> None:
        """For a forked process: a lock that nobody holds, and no belief about the file."""
        self._lock = threading.Lock()
        self._size = -1

    def keyed_hash(self, value: object) -> str | None:
        """The HMAC-SHA-256 of ``value`` in canonical JSON, or None without a key."""
        if self._key is None:
            return None
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
        return hmac.new(self._key, text.encode("ascii"), hashlib.sha256).hexdigest()

    def write(self, record: Record) -> None:
        """Chain the record and hand it on.  Raises what the file or the callable raises."""
        with self._lock:
            if isinstance(self._sink, AuditLog):
                self._append(self._sink, record)
            elif self._sink is not None:
                chained = _chained(record, self._head)
                self._sink(chained)
                self._head = chained["hash"]

    def _append(self, sink: AuditLog, record: Record) -> None:
        descriptor = os.open(sink.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as stream, _locked(stream):
            size = os.fstat(descriptor).st_size
            torn = False
            if size != self._size:  # another process wrote, or this is the first record
                self._head, torn = _last_hash(stream, size)
            chained = _chained(record, self._head)
            line = (b"\n" if torn else b"") + compact(chained) + b"\n"
            if stream.write(line) != len(line):
                self._size = -1
                raise OSError("the record was written in part")
            if sink.fsync:
                os.fsync(descriptor)
            self._head, self._size = chained["hash"], size + len(line)


def record_hash(record: Record) -> str:
    """The hash that ``record`` must carry."""
    return hashlib.sha256(compact({key: value for key, value in record.items() if key != "hash"})).hexdigest()


def verify_chain(path: str | os.PathLike[str], *, head: str | None = None) -> ChainReport:
    """Check every record of a file and every link.  ``head`` is the hash that the last one must have.

    Raises VerificationError naming file and line, GuardlintError when it cannot be read.
    """
    shown = os.fspath(path)
    previous, records, torn = GENESIS, 0, 0
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise GuardlintError(f"cannot read: {error.strerror}", place=shown) from None
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        record = _parse(line)
        if record is None:
            torn += 1  # it may be skipped: had it ever been whole, the next record would name its hash
            continue
        if record.get("prev") != previous:
            raise VerificationError(
                "the chain is broken: a record before this one is missing or was changed",
                place=f"{shown}:{number}",
            )
        if record.get("hash") != record_hash(record):
            raise VerificationError("the record was changed after it was written", place=f"{shown}:{number}")
        previous, records = record["hash"], records + 1
    if head is not None and head != previous:
        raise VerificationError("the last record is not the expected one: the end is missing", place=shown)
    return ChainReport(records, previous, torn)


def _chained(record: Record, previous: str) -> Record:
    linked = {**record, "prev": previous}
    return {**linked, "hash": record_hash(linked)}


def _last_hash(stream: IO[bytes], size: int) -> tuple[str, bool]:
    """The hash of the last whole record, and whether a torn line follows it.  Raises OSError without one."""
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    torn = bool(tail) and not tail.endswith(b"\n")
    for line in reversed(tail.split(b"\n")):
        record = _parse(line)
        if record is not None and isinstance(record.get("hash"), str):
            return record["hash"], torn
    if size > _TAIL:
        raise OSError("the audit file ends in something else than records")
    return GENESIS, torn


def _parse(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


@contextlib.contextmanager
def _locked(stream: IO[bytes]) -> Iterator[Literal[True]]:
    """The file for this process alone, where the platform has such locks; elsewhere for this thread only."""
    try:
        import fcntl
    except ImportError:
        yield True
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
    try:
        yield True
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)
