"""The last revision of each application that this machine has accepted: an older bundle is refused.

A signature does not age, so whoever can put a file in place could bring back last month's rails. A trust
store's ``minimum_revision`` is raised by people; this record is raised by every bundle that is accepted.
It is one JSON file, replaced as a whole under a lock, so that neither a crash nor two processes lower it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlint.bundle.canonical import pretty, read_json
from guardlint.bundle.schema import first_fault
from guardlint.errors import ConfigError, GuardlintError, VerificationError
from guardlint.source.files import write_atomic

__all__ = ["Seen", "check_revision", "last_seen", "record_revision"]

_SCHEMA = "guardlint/revisions/v1"
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A bundle by its revision and the SHA-256 of its archive in hexadecimal."""

    revision: int
    digest: str


def last_seen(path: Path, application: str) -> Seen | None:
    """What the record at ``path`` holds for the application; None where it was never seen, or there is none.

    Raises ConfigError for a record that cannot be read: then nobody knows what ran last.
    """
    return _read(path).get(application)


def check_revision(path: Path, application: str, bundle: Seen) -> None:
    """Raises VerificationError for an older bundle, or another one of the recorded revision."""
    _check(last_seen(path, application), bundle)


def record_revision(path: Path, application: str, bundle: Seen) -> None:
    """Record the bundle, unless it is recorded already: then nothing is written, nor need it be possible.

    Raises VerificationError as ``check_revision`` does, and ConfigError where it cannot be recorded.
    """
    if last_seen(path, application) == bundle:
        return
    with _locked(path):
        seen = _read(path)
        _check(seen.get(application), bundle)
        seen[application] = bundle
        try:
            write_atomic(path, _bytes(seen))
        except GuardlintError as error:
            raise _unwritable(path, error.message) from None


def _check(last: Seen | None, bundle: Seen) -> None:
    if last is None or bundle.revision > last.revision:
        return
    if bundle.revision < last.revision:
        raise VerificationError(
            f"revision {bundle.revision} is older than {last.revision}, which this machine has accepted",
            help="to go back, compile the older configuration anew",
        )
    if bundle.digest != last.digest:
        raise VerificationError(
            f"revision {bundle.revision} was another bundle when this machine accepted it",
            help="each release has a revision of its own",
        )


def _read(path: Path) -> dict[str, Seen]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read the record of revisions: {error.strerror}", place=str(path)) from None
    fault = "is too large" if len(data) > _MAX_BYTES else None
    document: dict[str, Any] = {}
    if fault is None:
        try:
            document = read_json(data, spelling=pretty)
        except ValueError as error:
            fault = str(error)
    if fault is None:
        wrong = first_fault("revisions", document)
        fault = f"is wrong: {wrong[2]}" if wrong is not None else None
    if fault is not None:
        raise ConfigError(
            f"record of revisions {fault}",
            place=str(path),
            help="find out what ran last, write minimum_revision into trust.yml, then remove the file",
        )
    return {name: Seen(one["revision"], one["digest"]) for name, one in document["applications"].items()}


def _bytes(seen: dict[str, Seen]) -> bytes:
    applications = {name: {"revision": one.revision, "digest": one.digest} for name, one in seen.items()}
    return pretty({"schema": _SCHEMA, "applications": applications})


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the file that is locked stays, since removing it would let two in."""
    try:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows; there the lock goes with the descriptor, too
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unwritable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"cannot record the revision: {reason}",
        place=str(path),
        help="name a file in a directory that this process may write to",
    )
