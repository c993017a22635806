"""Audit records: one line of JSON per call, without a word of content, each chained to the one before.

What a record says is made in :mod:`guardlint.guard.records`; how lines hang together is in
:mod:`guardlint.guard.audit_chain`, and how they get into a file in :mod:`guardlint.guard.audit_file`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from guardlint.errors import GuardlintError, UsageError
from guardlint.guard.audit_chain import GENESIS, SCHEMA, Record, chained, keyed_digest, record_hash
from guardlint.guard.audit_context import given, trace_fields
from guardlint.guard.audit_file import ChainFile
from guardlint.guard.audit_spelling import Alike, Speller
from guardlint.guard.audit_verify import ChainReport, verify_chain
from guardlint.guard.messages import text_slots
from guardlint.guard.sourced import written

__all__ = [
    "GENESIS",
    "SCHEMA",
    "Audit",
    "AuditLog",
    "ChainReport",
    "Keyed",
    "Record",
    "read_audit_key",
    "record_hash",
    "verify_chain",
]

_LEAST_KEY: Final = 16
_MOST_TEXTS: Final = 64  # of one conversation, the newest: each turn's record holds them again


@dataclass(frozen=True, slots=True)
class Keyed:
    """Keyed hashes of what was said: of all of it, and of each text by itself (32 hexadecimal digits)."""

    whole: str
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Where records go: ``path`` is a JSONL file, made when it is missing (mode 0600).

    With ``key`` (at least 16 bytes, or the file that holds them, kept elsewhere) each record holds keyed
    hashes of what went in and out, so that a text can be looked up by who has the key, and a mac, so that
    nobody else can write a record.  ``fsync`` makes every record survive a power cut.

    A file that ``rotate_bytes`` would be too few for is put aside as ``NAME.000001.jsonl``, with
    ``rotate_daily`` at midnight UTC too; the chain goes on in the new one.  Nothing is ever deleted.

    ``app`` (else the bundle's name), ``team`` and ``environment`` stand in every record.  ``user`` is called
    for each one and says whose call it is; the record holds a keyed hash of that, so it needs the key.
    ``profile`` is the profile of traffic that the calls are of: a bundle may predict the cost of several.
    """

    path: str | os.PathLike[str]
    key: bytes | str | os.PathLike[str] | None = None
    fsync: bool = False
    rotate_bytes: int | None = None
    rotate_daily: bool = False
    app: str | None = None
    team: str | None = None
    environment: str | None = None
    user: Callable[[], str | None] | None = None
    profile: str | None = None


class Audit:
    """Writes records.  Safe from several threads, and from several processes for a file."""

    def __init__(self, sink: AuditLog | Callable[[Record], object] | None) -> None:
        """``sink`` is a file, a callable that takes the finished record, or None for no records.

        Raises UsageError for anything else, GuardlintError for a key that is too short or cannot be read, for
        names that are no names, and for a user without a key.
        """
        if not (sink is None or isinstance(sink, AuditLog) or callable(sink)):
            raise UsageError(
                f"the guard cannot put audit records into {type(sink).__name__}",
                help="audit=PATH, an AuditLog or a function that takes the record",
            )
        self._sink = sink
        self._lock = threading.Lock()
        self._writer: int | None = None  # the thread that holds the lock
        self._head = GENESIS
        self._missed = 0
        self._key: bytes | None = None
        self._file: ChainFile | None = None
        self._speller = Speller()
        self._names: dict[str, str] = {}
        self._user: Callable[[], str | None] | None = None
        if isinstance(sink, AuditLog):
            self._key = None if sink.key is None else _key(sink.key)
            self._names = _names(sink)
            self._user = sink.user
            if sink.user is not None and self._key is None:
                raise GuardlintError("users are recorded as keyed hashes, and the audit has no key")
            self._file = ChainFile(
                sink.path,
                key=self._key,
                fsync=sink.fsync,
                rotate_bytes=sink.rotate_bytes,
                rotate_daily=sink.rotate_daily,
            )

    @property
    def profile(self) -> str | None:
        """The profile of traffic that the host says the calls are of."""
        return self._sink.profile if isinstance(self._sink, AuditLog) else None

    @property
    def wanted(self) -> bool:
        """Whether there is anywhere to write to."""
        return self._sink is not None

    @property
    def quick(self) -> bool:
        """Whether a record takes no longer than a write that nobody waits for: an event loop may do it."""
        return isinstance(self._sink, AuditLog) and not self._sink.fsync

    @property
    def writing(self) -> bool:
        """Whether the current thread is just writing a record."""
        return self._writer == threading.get_ident()

    def check_place(self) -> None:
        """Raises ConfigError where no record can be written to the file, now or ever."""
        if self._file is not None:
            self._file.check_place()

    def renew(self) -> None:
        """For a forked process: a lock that nobody holds, no belief about the file, nothing missed."""
        self._lock = threading.Lock()
        self._writer = None
        self._missed = 0
        if self._file is not None:
            self._file.forget()

    def keyed_hash(self, value: Any) -> Keyed | None:
        """Keyed hashes of a message, of a conversation or of a text, or None without a key.

        The whole is the HMAC-SHA-256 of ``value`` in canonical JSON.
        """
        if self._key is None:
            return None
        digest = keyed_digest(self._key)
        whole = digest(_spelled(value).encode("ascii")).hex()
        return Keyed(whole, tuple([digest(_named(b"text", text)).hex()[:32] for text in _texts(value)]))

    def write(self, record: Record | Alike) -> None:
        """Chain the record and hand it on.  Raises what the file, the callable or ``user`` raises.

        The next record that can be written says how many could not (``missed``).
        """
        if self._writer == threading.get_ident():
            raise GuardlintError("what takes the records cannot make a guarded call itself")
        with self._lock:
            self._writer = threading.get_ident()
            try:
                about = {**self._about(), "missed": self._missed}
                if self._file is not None:
                    self._append(self._file, record, about)
                elif callable(self._sink):
                    full = record if isinstance(record, dict) else record.record(record.figures())
                    _, linked = chained({**full, **about}, self._head)
                    self._sink(linked)
                    self._head = linked["hash"]
            except BaseException:
                self._missed += 1
                raise
            finally:
                self._writer = None
            self._missed = 0

    def close(self) -> None:
        """Close the file; it is opened again for a record that comes later."""
        if self.writing:
            return  # a sink, or the handler of a signal, in the middle of a record
        with self._lock:
            if self._file is not None:
                self._file.close()

    def _append(self, file: ChainFile, record: Record | Alike, about: Record) -> None:
        if isinstance(record, dict):
            file.append({**record, **about})
        else:
            spell = self._speller.spell
            file.add(lambda previous: spell(record, {**about, "prev": previous}), record.time)

    def _about(self) -> Record:
        """What the host says of the call."""
        now = given()
        about: Record = {**self._names, "request_id": now.request_id, "trace": trace_fields(now.trace)}
        user = now.user if now.user is not None or self._user is None else self._user()
        about["user"] = None if user is None or self._key is None else user_hash(str(user), self._key)
        return about


def read_audit_key(path: str | os.PathLike[str]) -> bytes:
    """The key in a file: all of its bytes but a line end.  Raises GuardlintError."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise GuardlintError(f"cannot read the audit key: {error.strerror}", place=os.fspath(path)) from None
    return _key(data.removesuffix(b"\n").removesuffix(b"\r"))


def text_hash(text: str, key: bytes) -> str:
    """What records hold of one text."""
    return keyed_digest(key)(_named(b"text", text)).hex()[:32]


def user_hash(user: str, key: bytes) -> str:
    """What records hold of a user."""
    return keyed_digest(key)(_named(b"user", user)).hex()


def _named(kind: bytes, text: str) -> bytes:
    return b"%b\n%b" % (kind, text.encode("utf-8", "surrogatepass"))


def _texts(value: Any) -> Sequence[str]:
    """Every text in a message or in messages, the newest first to be kept, each once."""
    if isinstance(value, str):
        return [value]
    messages = [value] if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else []
    found: dict[str, None] = {}
    for message in reversed(messages):
        if isinstance(message, Mapping):
            found.update((written(slot.text), None) for slot in text_slots(message))
        if len(found) >= _MOST_TEXTS:
            break
    return list(found)[:_MOST_TEXTS]


def _not_json(value: object) -> str:
    """A stand-in for what JSON does not have; ``str`` of it may run the host's code, and differ each time."""
    return f"<{type(value).__name__}>"


_spelled = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_not_json).encode


def _key(given: bytes | str | os.PathLike[str]) -> bytes:
    if not isinstance(given, bytes):
        return read_audit_key(given)
    if len(given) < _LEAST_KEY:
        raise GuardlintError(f"the audit key has fewer than {_LEAST_KEY} bytes")
    return given


def _names(sink: AuditLog) -> dict[str, str]:
    named = {"app": sink.app, "team": sink.team, "environment": sink.environment}
    for name, value in named.items():
        if value is not None and (not 0 < len(value) <= 100 or not value.isprintable()):
            raise GuardlintError(f"the audit's `{name}` must be 1 to 100 printable characters")
    return {name: value for name, value in named.items() if value is not None}
