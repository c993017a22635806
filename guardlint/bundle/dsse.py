"""The signature: a DSSE v1 envelope, Ed25519.

https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md): what is signed is the payload with its
type and both lengths in front (PAE), so no JSON has to be parsed or normalised before it is trusted.  What
DSSE leaves open is closed here: the envelope has one spelling, a key signs once, and a signature that cannot
be attributed to a trusted key is a reason to refuse, never to look away.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from guardlint.bundle.canonical import compact, read_json, shown
from guardlint.bundle.keys import PublicKey, Signer, key_id
from guardlint.errors import BundleError, VerificationError

__all__ = ["MAX_SIGNATURES", "PAYLOAD_TYPE", "open_envelope", "pae", "sign_envelope"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_SIGNATURES = 16

_KEY_ID = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_BYTES = 64


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: the very bytes that a signer signs."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, signers: Sequence[Signer]) -> bytes:
    """The envelope over ``payload``, signed once by each signer.

    Raises BundleError when no one signs, one signs twice, or a signer's signature does not verify.
    """
    message = pae(PAYLOAD_TYPE, payload)
    signatures: dict[str, bytes] = {}
    for signer in signers:
        identity = key_id(signer.public)
        if identity in signatures:
            raise BundleError(f"key {identity} is to sign twice")
        signatures[identity] = signer.sign(message)
        if not signer.public.verify(signatures[identity], message):
            raise BundleError(f"signer of key {identity} gave a signature that does not verify")
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise BundleError(f"{len(signatures)} signers, where 1 to {MAX_SIGNATURES} are needed")
    return compact(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"keyid": identity, "sig": base64.b64encode(signature).decode("ascii")}
                for identity, signature in sorted(signatures.items())
            ],
        }
    )


def open_envelope(
    envelope: bytes, keys: Mapping[str, PublicKey], *, revoked: Collection[str] = ()
) -> tuple[bytes, tuple[str, ...]]:
    """The payload, and the ids of the keys that signed it, each of them in ``keys`` and not ``revoked``.

    Raises VerificationError.
    """
    try:
        document = read_json(envelope)
    except ValueError as error:
        raise VerificationError(f"envelope {error}") from None
    if set(document) != {"payload", "payloadType", "signatures"}:
        raise VerificationError("envelope must have payload, payloadType and signatures, and nothing else")
    if document["payloadType"] != PAYLOAD_TYPE:
        raise VerificationError(f"payload type {shown(document['payloadType'])} is not {PAYLOAD_TYPE}")
    payload = _decoded(document["payload"], "payload")
    message = pae(PAYLOAD_TYPE, payload)
    signatures = _signatures(document["signatures"])
    for identity in signatures:
        if identity in revoked:
            raise VerificationError(f"signature is by the revoked key {identity}")
        if identity not in keys:
            raise VerificationError(
                f"signature is by the unknown key {identity}", help="is its public key in the trust store?"
            )
    for identity, signature in signatures.items():
        if not keys[identity].verify(signature, message):
            raise VerificationError(
                f"signature of key {identity} does not match", help="the bundle was changed"
            )
    return payload, tuple(signatures)


def _signatures(value: Any) -> dict[str, bytes]:
    if not isinstance(value, list) or not value:
        raise VerificationError("signatures are missing from the envelope")
    if len(value) > MAX_SIGNATURES:
        raise VerificationError(f"envelope has {len(value)} signatures, at most {MAX_SIGNATURES} are allowed")
    signatures: dict[str, bytes] = {}
    for entry in value:
        if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"}:
            raise VerificationError("signature must have keyid and sig, and nothing else")
        identity = entry["keyid"]
        if not isinstance(identity, str) or not _KEY_ID.fullmatch(identity):
            raise VerificationError(f"signature names the key {shown(identity)}, which is no key id")
        if identity in signatures:
            raise VerificationError(f"signature of key {identity} is there twice")
        signature = _decoded(entry["sig"], "signature")
        if len(signature) != _SIGNATURE_BYTES:
            raise VerificationError(
                f"signature of key {identity} has {len(signature)} bytes, not {_SIGNATURE_BYTES}"
            )
        signatures[identity] = signature
    if list(signatures) != sorted(signatures):
        raise VerificationError("signatures are out of order")
    return signatures


def _decoded(value: Any, what: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (ValueError, binascii.Error):
        data = None
    if data is None or base64.b64encode(data).decode("ascii") != value:
        raise VerificationError(f"{what} is not in base64")
    return data
