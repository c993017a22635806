"""A seal on a log: its head, signed by a key that the machines which write records do not have.

The signature is the DSSE envelope of bundles, over an in-toto statement whose subject is the last record.
A log that goes on after it still holds the sealed record; one that was written anew does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guardlint.bundle.canonical import compact, read_json
from guardlint.bundle.dsse import open_envelope, sign_envelope
from guardlint.bundle.keys import Signer
from guardlint.bundle.manifest import time_text
from guardlint.bundle.trust import Trust
from guardlint.errors import VerificationError
from guardlint.guard.audit_chain import GENESIS
from guardlint.guard.audit_verify import ChainReport

__all__ = ["Seal", "open_seal", "seal_log"]

_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "https://guardlint.dev/attestations/audit/v1"


@dataclass(frozen=True, slots=True)
class Seal:
    """What was sealed: the hash of record number ``records`` after ``begins``, at ``sealed`` (RFC 3339)."""

    head: str
    records: int
    begins: str
    sealed: str
    key_ids: tuple[str, ...] = ()


def seal_log(report: ChainReport, signers: Sequence[Signer], now: datetime) -> bytes:
    """The content of a seal on a chain that was verified.  Raises BundleError."""
    return sign_envelope(
        _statement(Seal(report.head, report.records, report.begins, time_text(now))), signers
    )


def open_seal(envelope: bytes, trust: Trust, now: datetime) -> Seal:
    """What a seal says, signed by keys trusted at ``now``.  Raises VerificationError."""
    payload, signed_by = open_envelope(envelope, trust.keys, revoked=trust.revoked)
    try:
        statement = read_json(payload)
        said = statement["predicate"]
        seal = Seal(
            str(statement["subject"][0]["digest"]["sha256"]),
            int(said["records"]),
            str(said["begins"]),
            str(said["sealed"]),
            signed_by,
        )
    except (ValueError, KeyError, IndexError, TypeError):
        raise VerificationError("the signature is not over an audit log") from None
    if payload != _statement(seal):
        raise VerificationError("the signature is not over an audit log")
    for identity in signed_by:
        last = trust.not_after.get(identity)
        if last is not None and now > last:
            raise VerificationError(f"key {identity} is not trusted since {time_text(last)}")
    return seal


def _statement(seal: Seal) -> bytes:
    return compact(
        {
            "_type": _TYPE,
            "subject": [{"name": "last audit record", "digest": {"sha256": seal.head}}],
            "predicateType": _PREDICATE,
            "predicate": {
                "records": seal.records,
                "begins": seal.begins or GENESIS,
                "sealed": seal.sealed,
            },
        }
    )
