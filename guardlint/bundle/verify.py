"""Reading a bundle: the one door, and the order in which it opens.

Header, size of the envelope, signature, statement, digest of the archive, trust, dates, revision; only then
is the archive looked into, and nothing of it is handed out before all of it has been compared with what was
signed.  No step is optional and there is no flag to skip one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardlint.bundle.canonical import shown
from guardlint.bundle.container import MAX_ARCHIVE_BYTES, MAX_ENVELOPE_BYTES, split, unpack
from guardlint.bundle.dsse import open_envelope
from guardlint.bundle.manifest import (
    MANIFEST,
    PLAN,
    Statement,
    digest_of,
    read_manifest,
    read_plan,
    read_statement,
    statement_bytes,
    time_text,
)
from guardlint.bundle.trust import Trust, TrustSource, load_trust
from guardlint.errors import UsageError, VerificationError

__all__ = ["MAX_BUNDLE_BYTES", "VerifiedBundle", "verify_bundle"]

MAX_BUNDLE_BYTES = 64 + MAX_ENVELOPE_BYTES + MAX_ARCHIVE_BYTES


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

    ``now`` needs a time zone and defaults to the present.  There is no leeway for clocks that differ.

    Raises VerificationError, one line that begins with what is wrong; ConfigError for a trust store that
    cannot be read; RuntimeUnavailable without ``cryptography``.
    """
    if now is not None and now.tzinfo is None:
        raise UsageError("the time of verification needs a time zone")
    store = load_trust(trust)
    moment = now or datetime.now(UTC)
    if isinstance(source, bytes):
        return _verified(source, store, moment)
    try:
        return _verified(_read(Path(source)), store, moment)
    except VerificationError as error:
        raise VerificationError(error.message, place=str(source), help=error.help) from None


def _verified(bundle: bytes, trust: Trust, now: datetime) -> VerifiedBundle:
    envelope, archive = split(bundle)
    if not envelope:
        raise VerificationError("signature is missing: the bundle is not signed")
    payload, key_ids = open_envelope(envelope, trust.keys, revoked=trust.revoked)
    statement = read_statement(payload)
    if statement.signers != key_ids:
        raise VerificationError("signatures are not those of the signers that the statement names")
    digest = hashlib.sha256(archive).hexdigest()
    if digest != statement.digest:
        raise VerificationError("archive is not the one that was signed", help="the bundle was changed")
    _check_time_and_revision(statement, trust, now)
    files = unpack(archive)
    for name in (MANIFEST, PLAN):
        if name not in files:
            raise VerificationError(f"{name} is missing from the archive")
    manifest = read_manifest(files[MANIFEST])
    if statement_bytes(manifest, digest, key_ids) != payload:
        raise VerificationError(f"{MANIFEST} differs from the signed statement")
    _check_files(manifest["files"], files)
    return VerifiedBundle(manifest, read_plan(files[PLAN]), files, key_ids, digest)


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


def _check_files(listed: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    for name in listed:
        if name not in files:
            raise VerificationError(f"{shown(name)} is listed in {MANIFEST} and missing from the archive")
    for name, content in files.items():
        if name == MANIFEST:
            continue
        if name not in listed:
            raise VerificationError(f"{shown(name)} is in the archive and not listed in {MANIFEST}")
        if digest_of(content) != listed[name]:
            raise VerificationError(f"{shown(name)} does not have the digest that {MANIFEST} lists")


def _read(path: Path) -> bytes:
    """The file, never more of it than a bundle may have; a pipe or a device is not opened."""
    try:
        if not path.is_file():
            raise VerificationError("bundle is not a file" if path.exists() else "bundle does not exist")
        with path.open("rb") as stream:
            data = stream.read(MAX_BUNDLE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise VerificationError(f"bundle cannot be read: {reason}") from None
    if len(data) > MAX_BUNDLE_BYTES:
        raise VerificationError(f"bundle is larger than {MAX_BUNDLE_BYTES} bytes")
    return data
