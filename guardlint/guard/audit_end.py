"""The first and the last record of a file of a log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from guardlint.guard.audit_chain import Record, parse
from guardlint.guard.audit_names import open_file

__all__ = ["End", "end_of", "first_of", "last_hash", "last_of"]

_TAILS: Final = (1 << 13, 1 << 20)  # bytes searched for the last record; one has about two thousand
_LONGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class End:
    """Hash and time of the last whole record, and whether half a line follows it."""

    head: str
    time: str = ""
    torn: bool = False


def end_of(descriptor: int, size: int) -> End | None:
    """The end of an open file whose length is ``size``; None without a record.

    Raises OSError where the end is something else than records.
    """
    for length in _TAILS:
        start = max(0, size - length)
        tail = _read(descriptor, start, size - start)
        for line in reversed(tail.split(b"\n")):
            found = _end(parse(line))
            if found is not None:
                return End(found.head, found.time, not tail.endswith(b"\n"))
        if not start:
            return None
    raise OSError("the audit file ends in something else than records")


def last_of(path: Path) -> End | None:
    """The last record of a file, packed or not; None where there is none.  Raises OSError."""
    with open_file(path) as stream:
        if path.suffix != ".gz" and path.exists():
            return end_of(stream.fileno(), os.fstat(stream.fileno()).st_size)
        found = None
        for line in stream:
            found = _end(parse(line)) or found
        return found


def last_hash(path: Path) -> str:
    """The hash of the last whole record of a file.  Raises OSError when there is none."""
    end = last_of(path)
    if end is None:
        raise OSError("the audit file holds no record")
    return end.head


def first_of(path: Path) -> Record:
    """The first record of a file; an empty one where there is none, or none can be read."""
    try:
        with open_file(path) as stream:
            while line := stream.readline(_LONGEST):
                record = parse(line)
                if record is not None:
                    return record
    except (OSError, EOFError):
        pass
    return {}


def _end(record: Record | None) -> End | None:
    if record is None or not isinstance(record.get("hash"), str):
        return None
    time: Any = record.get("time")
    return End(record["hash"], time if isinstance(time, str) else "")


def _read(descriptor: int, start: int, length: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, start)
    # The file is opened to append, so its position means nothing.
    os.lseek(descriptor, start, os.SEEK_SET)
    parts = []
    while length > 0 and (part := os.read(descriptor, min(length, 1 << 20))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
