"""Reading a bundle: the one door, and the order in which it opens.

Header, size of the envelope, signature, statement, digest of the archive, trust, application, dates,
revision; only then is the archive looked into, and nothing of it is handed out before all of it has been
compared with what was signed.  No step is optional and there is no flag to skip one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from guardlint.bundle.canonical import shown
from guardlint.bundle.container import split
from guardlint.bundle.contents import MAX_BUNDLE_BYTES, check_files, open_archive, read_bundle
from guardlint.bundle.dsse import open_envelope
from guardlint.bundle.manifest import (
    MANIFEST,
    PLAN,
    Statement,
    read_plan,
    read_statement,
    statement_bytes,
    time_text,
)
from guardlint.bundle.revisions import Seen, check_revision, record_revision
from guardlint.bundle.trust import Trust, TrustSource, load_trust
from guardlint.errors import UsageError, VerificationError

__all__ = ["MAX_BUNDLE_BYTES", "VerifiedBundle", "verify_bundle", "vouched"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle that may be run.

    ``files`` is everything in the archive, ``manifest.json`` included; ``key_ids`` are all that signed, each
    trusted; ``digest`` is the archive's SHA-256 in hexadecimal.
    """

    manifest: dict[str, Any]
    plan: dict[str, Any]
    files: dict[str, bytes]
    key_ids: tuple[str, ...]
    digest: str


def verify_bundle(
    source: bytes | str | Path, trust: TrustSource, *, now: datetime | None = None
) -> VerifiedBundle:
    """The bundle in ``source`` (its bytes, or the path of a file), when ``trust`` vouches for it at ``now``.

    ``now`` needs a time zone and defaults to the present.  There is no leeway for clocks that differ.  Where
    the trust store names a record of revisions, an accepted bundle is recorded.

    Raises VerificationError, one line that begins with what is wrong; ConfigError for a trust store or a
    record that cannot be read, or a record that cannot be written; RuntimeUnavailable without
    ``cryptography``.
    """
    return _at(source, _moment(now), load_trust(trust), _verified)


def vouched(
    source: bytes | str | Path, trust: TrustSource, *, now: datetime | None = None
) -> tuple[VerifiedBundle, str | None]:
    """A bundle that ``trust`` has signed, to be looked at, and why it may not be run at ``now``, or None.

    Of an expired, early, rolled-back or foreign bundle one may want to know what is in it. Nothing is
    recorded. Raises as ``verify_bundle`` does, but for those.
    """
    return _at(source, _moment(now), load_trust(trust), _vouched)


def _moment(now: datetime | None) -> datetime:
    if now is not None and now.tzinfo is None:
        raise UsageError("the time of verification needs a time zone")
    return now or datetime.now(UTC)


def _at(
    source: bytes | str | Path, now: datetime, trust: Trust, judge: Callable[[_Signed, Trust, datetime], T]
) -> T:
    if isinstance(source, bytes):
        return judge(_signed(source, trust), trust, now)
    try:
        return judge(_signed(read_bundle(Path(source)), trust), trust, now)
    except VerificationError as error:
        raise VerificationError(error.message, place=str(source), help=error.help) from None


@dataclass(frozen=True, slots=True)
class _Signed:
    """An archive with a statement over it, both of trusted keys; neither has been looked into."""

    archive: bytes
    payload: bytes
    statement: Statement

    @property
    def seen(self) -> Seen:
        return Seen(self.statement.revision, self.statement.digest)


def _signed(bundle: bytes, trust: Trust) -> _Signed:
    envelope, archive = split(bundle)
    if not envelope:
        raise VerificationError("signature is missing: the bundle is not signed", help="guardlint sign")
    payload, key_ids = open_envelope(envelope, trust.keys, revoked=trust.revoked)
    statement = read_statement(payload)
    if statement.signers != key_ids:
        raise VerificationError("signatures are not those of the signers that the statement names")
    if hashlib.sha256(archive).hexdigest() != statement.digest:
        raise VerificationError("archive is not the one that was signed", help="the bundle was changed")
    return _Signed(archive, payload, statement)


def _verified(signed: _Signed, trust: Trust, now: datetime) -> VerifiedBundle:
    _check_standing(signed, trust, now)
    bundle = _opened(signed)
    for record in trust.revisions:
        record_revision(record, signed.statement.name, signed.seen)
    return bundle


def _vouched(signed: _Signed, trust: Trust, now: datetime) -> tuple[VerifiedBundle, str | None]:
    try:
        _check_standing(signed, trust, now)
    except VerificationError as error:
        return _opened(signed), error.message
    return _opened(signed), None


def _opened(signed: _Signed) -> VerifiedBundle:
    statement = signed.statement
    files, manifest = open_archive(signed.archive)
    if statement_bytes(manifest, statement.digest, statement.signers) != signed.payload:
        raise VerificationError(f"{MANIFEST} differs from the signed statement")
    check_files(manifest["files"], files)
    return VerifiedBundle(manifest, read_plan(files[PLAN]), files, statement.signers, statement.digest)


def _check_standing(signed: _Signed, trust: Trust, now: datetime) -> None:
    """Whether it is for this place and time."""
    _check_application(signed.statement, trust)
    _check_time_and_revision(signed.statement, trust, now)
    for record in trust.revisions:
        check_revision(record, signed.statement.name, signed.seen)


def _check_application(statement: Statement, trust: Trust) -> None:
    if trust.applications is not None and statement.name not in trust.applications:
        expected = " or ".join(sorted(trust.applications)) or "none: the trust stores name none in common"
        raise VerificationError(
            f"bundle is of the application {shown(statement.name)}, expected is {shown(expected)[1:-1]}"
        )


def _check_time_and_revision(statement: Statement, trust: Trust, now: datetime) -> None:
    for identity in statement.signers:
        last = trust.not_after.get(identity)
        if last is not None and now > last:
            raise VerificationError(f"key {identity} is not trusted since {time_text(last)}")
    if statement.not_before is not None and now < statement.not_before:
        raise VerificationError(f"bundle is not valid before {time_text(statement.not_before)}")
    if statement.expires is not None and now >= statement.expires:
        raise VerificationError(
            f"bundle has expired at {time_text(statement.expires)}", help="compile it anew"
        )
    if statement.revision < trust.minimum_revision:
        raise VerificationError(
            f"revision {statement.revision} is below the trust store's minimum of {trust.minimum_revision}"
        )
