"""Making a bundle: the manifest is completed and checked, the files packed, the statement signed.

The statement names every key that signs, so a bundle is signed by all of them at once, and signing it again
takes the place of what was there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guardlint.bundle.canonical import shown
from guardlint.bundle.container import join, pack, split
from guardlint.bundle.contents import read_contents
from guardlint.bundle.dsse import PAYLOAD_TYPE, pae, sign_envelope
from guardlint.bundle.keys import PublicKey, Signer, key_id
from guardlint.bundle.manifest import (
    MANIFEST,
    MANIFEST_SCHEMA,
    PLAN,
    digest_of,
    manifest_bytes,
    manifest_fault,
    parse_time,
    read_plan,
    statement_bytes,
    time_text,
)
from guardlint.errors import BundleError, VerificationError

__all__ = ["message_to_sign", "seal", "sign_bundle"]


def seal(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], *, signers: Sequence[Signer], created: datetime
) -> bytes:
    """The bytes of a bundle: ``files`` (``plan.yml``, ``company/**``, ``team/**``) under ``manifest``.

    ``schema``, ``created`` and ``files`` of the manifest are filled in; when given they must agree.  Same
    input, same bytes: the only time in it is ``created`` (with a time zone; parts of a second are cut off).
    Without signers the bundle is unsigned, and no guard will load it.

    Raises BundleError for whatever ``verify_bundle`` would refuse.
    """
    if created.tzinfo is None:
        raise BundleError("time of creation needs a time zone")
    created = created.astimezone(UTC).replace(microsecond=0)
    if MANIFEST in files:
        raise BundleError(f"{MANIFEST} is written by seal and cannot be among the files")
    if PLAN not in files:
        raise BundleError(f"{PLAN} is missing from the files")
    complete = _completed(manifest, files, created)
    fault = manifest_fault(complete)
    if fault:
        raise BundleError(fault)
    try:
        read_plan(files[PLAN])
    except VerificationError as error:
        raise BundleError(error.message) from None
    archive = pack({**files, MANIFEST: _spelled(complete)}, mtime=int(created.timestamp()))
    if not signers:
        return join(b"", archive)
    identities = [key_id(signer.public) for signer in signers]
    payload = statement_bytes(complete, hashlib.sha256(archive).hexdigest(), identities)
    return join(sign_envelope(payload, signers), archive)


def sign_bundle(bundle: bytes, signers: Sequence[Signer], *, now: datetime) -> bytes:
    """The same archive signed by ``signers``; what signed it before signs it no more.

    Raises VerificationError for a bundle that is not whole, BundleError for one that has expired at ``now``.
    """
    payload = _payload(bundle, [signer.public for signer in signers], now)
    return join(sign_envelope(payload, signers), split(bundle)[1])


def message_to_sign(bundle: bytes, keys: Sequence[PublicKey], *, now: datetime) -> bytes:
    """What each of ``keys`` has to sign when all of them sign the bundle. Raises as ``sign_bundle`` does."""
    return pae(PAYLOAD_TYPE, _payload(bundle, keys, now))


def _payload(bundle: bytes, keys: Sequence[PublicKey], now: datetime) -> bytes:
    contents = read_contents(bundle)
    expires = contents.manifest["expires"]
    if expires is not None and now >= parse_time(expires):
        raise BundleError(f"bundle has expired at {expires}", help="compile it anew")
    return statement_bytes(contents.manifest, contents.digest, [key_id(key) for key in keys])


def _completed(manifest: Mapping[str, Any], files: Mapping[str, bytes], created: datetime) -> dict[str, Any]:
    own = {
        "schema": MANIFEST_SCHEMA,
        "created": time_text(created),
        "files": {name: digest_of(content) for name, content in files.items()},
    }
    for key, value in own.items():
        if manifest.get(key, value) != value:
            raise BundleError(f"manifest gives {shown(key)} a value that is not that of the bundle")
    return {**manifest, **own}


def _spelled(manifest: Mapping[str, Any]) -> bytes:
    try:
        return manifest_bytes(manifest)
    except ValueError:
        raise BundleError(f"{MANIFEST} holds text that is not UTF-8") from None
