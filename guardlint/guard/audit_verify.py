"""Is the chain whole?  Every record of every file of a log, and every link between them."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from guardlint.errors import GuardlintError, UsageError, VerificationError
from guardlint.guard.audit_chain import GENESIS, Record, hash_in, mac_of, parse
from guardlint.guard.audit_open import LogFile, opened
from guardlint.guard.audit_read import lines_of

__all__ = ["ChainReport", "verify_chain", "verify_chains"]

_MOST_TORN: Final = 100  # places that are remembered
_BEGIN: Final = b'{"'
_TEXT: Final = re.compile(rb"[ -~]")
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """An unbroken chain: its records, the hash of the last, and the lines that a crash left half written.

    ``files`` in the order of the chain, ``begins`` the hash that the first record follows, ``torn_at`` the
    places (``file:line``) of the first torn lines, ``missed`` the calls that the records say have none,
    ``first`` and ``last`` the times of the first and the last record.
    """

    records: int
    head: str
    torn: int
    files: tuple[Path, ...] = ()
    begins: str = GENESIS
    torn_at: tuple[str, ...] = ()
    missed: int = 0
    first: str | None = None
    last: str | None = None


@dataclass(slots=True)
class _Reading:
    """A chain as far as it was followed."""

    head: str
    key: bytes | None
    begins: str
    wanted: set[str]
    records: int = 0
    torn: int = 0
    missed: int = 0
    first: str | None = None
    last: str | None = None
    torn_at: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def follow(self, file: LogFile) -> None:
        """Every record of one file.  Raises VerificationError at the first that is not right."""
        shown = file.path.as_posix()
        self.files.append(file.path)
        for number, line in lines_of(file):
            record = parse(line)
            if record is None:
                if not _breaks_off(line):
                    raise VerificationError("this line is no audit record", place=f"{shown}:{number}")
                # It may be skipped: had it ever been whole, the next record would name its hash.
                self.torn += 1
                if len(self.torn_at) < _MOST_TORN:
                    self.torn_at.append(f"{shown}:{number}")
                continue
            self._take(record, line, f"{shown}:{number}")

    def _take(self, record: Record, line: bytes, place: str) -> None:
        if record.get("prev") != self.head:
            raise VerificationError(
                "the chain is broken: a record before this one is missing or was changed", place=place
            )
        if not hash_in(line, record):
            raise VerificationError("the record was changed after it was written", place=place)
        if self.key is not None:
            mac = record.get("mac")
            if not isinstance(mac, str) or not hmac.compare_digest(
                mac.encode("utf-8", "replace"), mac_of(record["hash"], self.key).encode("ascii")
            ):
                raise VerificationError("the record was not written by who has the key", place=place)
        self.head = record["hash"]
        self.records += 1
        self.wanted.discard(self.head)
        missed, time = record.get("missed"), record.get("time")
        self.missed += missed if type(missed) is int else 0
        if isinstance(time, str):
            self.first, self.last = self.first or time, time

    def report(self) -> ChainReport:
        return ChainReport(
            self.records,
            self.head,
            self.torn,
            tuple(self.files),
            self.begins,
            tuple(self.torn_at),
            self.missed,
            self.first,
            self.last,
        )


def verify_chain(
    path: str | os.PathLike[str],
    *more: str | os.PathLike[str],
    head: str | None = None,
    after: str | None = None,
    key: bytes | None = None,
    includes: Iterable[str] = (),
) -> ChainReport:
    """Check every record of a log, its full files included, and every link between them.

    ``head`` is the hash that the last one must have, ``after`` the one that the first must follow (where
    older files were put away), ``key`` that of the AuditLog, so that records by others are found,
    ``includes`` hashes of records that must be among them, such as a head of yesterday.
    Raises VerificationError naming file and line, UsageError for several logs, GuardlintError when a file
    cannot be read.
    """
    found = verify_chains([path, *more], after=after, key=key, includes=includes)
    if len(found) != 1:
        raise UsageError(f"{len(found)} chains are in these files, one was expected")
    if head is not None and head != found[0].head:
        shown = found[0].files[-1].as_posix()
        raise VerificationError("the last record is not the expected one: the end is missing", place=shown)
    return found[0]


def verify_chains(
    paths: Iterable[str | os.PathLike[str]],
    *,
    after: str | None = None,
    key: bytes | None = None,
    includes: Iterable[str] = (),
) -> list[ChainReport]:
    """Each chain that the files of ``paths`` hold, in the order of their names; see :func:`verify_chain`.

    Which file follows which is read from the records, not from the names.  The log may go on meanwhile.
    """
    with opened(paths) as files:
        return _verified(files, after, key, includes)


def _verified(
    files: Sequence[LogFile], after: str | None, key: bytes | None, includes: Iterable[str]
) -> list[ChainReport]:
    starts: dict[str, list[LogFile]] = {}
    empty: list[LogFile] = []
    for file in files:
        first = _first(file)
        if first is None:
            empty.append(file)
        else:
            starts.setdefault(first, []).append(file)
    begin = GENESIS if after is None else after
    wanted = set(includes) - {begin}
    reports = []
    for start in starts.pop(begin, []):
        reading = _Reading(begin, key, begin, wanted)
        following: LogFile | None = start
        while following is not None:
            reading.follow(following)
            following = _next(starts, reading.head)
        reports.append(reading.report())
    if starts:
        raise _unattached(starts, reports, after)
    for file in empty:
        reading = _Reading(begin, key, begin, wanted)
        reading.follow(file)
        if not reports:
            reports.append(reading.report())
        elif reading.torn:  # of the first record after a full file
            last = reports[-1]
            torn_at = (*last.torn_at, *reading.torn_at)[:_MOST_TORN]
            reports[-1] = replace(last, torn=last.torn + reading.torn, torn_at=torn_at)
    for missing in sorted(wanted):
        raise VerificationError(
            f"the record {missing[:12]}… is not there: the log was cut off before it, or written anew",
            place=(reports[-1].files[-1].as_posix() if reports else None),
        )
    return reports


def _next(starts: dict[str, list[LogFile]], head: str) -> LogFile | None:
    """The file whose first record follows ``head``.  Raises VerificationError where two do."""
    found = starts.pop(head, [])
    if len(found) > 1:
        raise VerificationError(
            f"two files go on from the same record, this one and {found[0].path.name}",
            place=f"{found[1].path.as_posix()}:1",
        )
    return found[0] if found else None


def _first(file: LogFile) -> str | None:
    """The hash that the first record of a file follows, None where there is no record."""
    for number, line in lines_of(file):
        record = parse(line)
        if record is not None:
            prev = record.get("prev")
            if not isinstance(prev, str):
                raise VerificationError("this is no audit record", place=f"{file.path.as_posix()}:{number}")
            return prev
    return None


def _unattached(
    starts: dict[str, list[LogFile]], reports: Sequence[ChainReport], after: str | None
) -> GuardlintError:
    """For files that nothing leads to."""
    file = min((file for files in starts.values() for file in files), key=lambda file: file.path.as_posix())
    number = next((number for number, line in lines_of(file) if parse(line) is not None), 1)
    place = f"{file.path.as_posix()}:{number}"
    if not reports and after is None:
        return VerificationError(
            "the beginning of the chain is missing: this record follows another one",
            place=place,
            help="give the older files too, or --after with the last hash of what was put away",
        )
    return VerificationError(
        "the chain is broken: a record before this one is missing or was changed", place=place
    )


def _breaks_off(line: bytes) -> bool:
    """Whether a crash may have left the line: the beginning of a record, or bytes that are no text at all.

    Anything else that is no record was put there by somebody.
    """
    if not _TEXT.search(line):
        return True  # a block of a disk that was never written
    begun = line.rstrip(b"\0")
    if not _BEGIN.startswith(begun) and not begun.startswith(_BEGIN):
        return False
    depth = 0
    for mark in _STRINGS.sub(b"", begun):
        depth += (mark in b"{[") - (mark in b"}]")
        if depth <= 0:
            return False  # it came to an end
    return True
