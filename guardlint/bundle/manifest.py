"""What a bundle states about itself, twice: in ``manifest.json`` inside, and in the signed statement outside.

The statement (in-toto Statement v1, https://github.com/in-toto/attestation/tree/main/spec/v1) carries what
must be judged before the archive is opened: its digest, revision and dates.  It also names every key that
signs, so that a signature taken off a bundle of two is missed.  After opening, both must say the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from guardlint.bundle.canonical import compact, pretty, read_json, shown
from guardlint.bundle.schema import first_fault
from guardlint.errors import VerificationError
from guardlint.source.yaml_file import YamlProblem, parse_yaml

__all__ = [
    "MANIFEST",
    "MANIFEST_SCHEMA",
    "PLAN",
    "PREDICATE_TYPE",
    "Statement",
    "digest_of",
    "manifest_bytes",
    "manifest_fault",
    "parse_time",
    "read_manifest",
    "read_plan",
    "read_statement",
    "statement_bytes",
    "time_text",
]

MANIFEST = "manifest.json"
PLAN = "plan.yml"
MANIFEST_SCHEMA = "guardlint/bundle/v1"
PREDICATE_TYPE = "https://guardlint.dev/bundle/v1"

_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_PLAN_BYTES = 256 * 1024

# What schemas/bundle-manifest.json says of `files`; a test holds the two against each other.
_MAX_LISTED, _MAX_NAME = 9999, 256
_LISTED_NAME = re.compile(r"plan\.yml|(?:company|team)/[^\x00-\x1f]+")
_LISTED_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Statement:
    """What was signed.  ``digest`` is the archive's SHA-256 in hexadecimal; the times are in UTC."""

    digest: str
    name: str
    revision: int
    not_before: datetime | None
    expires: datetime | None
    signers: tuple[str, ...]


def digest_of(content: bytes) -> str:
    """``sha256:`` and 64 hexadecimal digits, as manifests write digests."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds (parts of one are cut off).  Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone")
    # not strftime: its %Y does not pad the year on every platform
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def parse_time(text: str) -> datetime:
    """The moment that ``time_text`` wrote.  Raises ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a time such as 2026-12-31T23:59:59Z")
    return datetime.fromisoformat(text)


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The one spelling of ``manifest.json``.  Raises ValueError for what JSON does not have."""
    return pretty(dict(manifest))


def manifest_fault(manifest: Mapping[str, Any]) -> str | None:
    """What is wrong with a manifest by itself, as a whole sentence, or None."""
    fault = first_fault("bundle-manifest", _with_one_file(manifest))
    if fault is not None:
        return f"{MANIFEST} at {_at(fault[0])}: {fault[2]}"
    times: list[datetime | None] = []
    for key in ("created", "not_before", "expires"):
        try:
            times.append(parse_time(manifest[key]) if manifest[key] is not None else None)
        except ValueError:
            return f"{MANIFEST} at {key}: {shown(manifest[key])} is not a time"
    if times[1] and times[2] and times[1] >= times[2]:
        return f"{MANIFEST} at expires: the bundle expires before it becomes valid"
    return None


def _with_one_file(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with one of its files where all are as its schema wants them.

    Asked about each of a thousand files, the schema takes longer than all the rest of a verification.
    """
    files = manifest.get("files")
    fine = (
        isinstance(files, dict)
        and PLAN in files
        and len(files) <= _MAX_LISTED
        and all(
            isinstance(name, str)
            and len(name) <= _MAX_NAME
            and _LISTED_NAME.fullmatch(name)
            and isinstance(digest, str)
            and _LISTED_DIGEST.fullmatch(digest)
            for name, digest in files.items()
        )
    )
    return {**manifest, "files": {PLAN: files[PLAN]}} if fine and files else dict(manifest)


def read_manifest(data: bytes) -> dict[str, Any]:
    """The manifest, checked by itself.  Raises VerificationError."""
    try:
        manifest = read_json(data, spelling=pretty)
    except ValueError as error:
        raise VerificationError(f"{MANIFEST} {error}") from None
    schema = manifest.get("schema")
    if schema != MANIFEST_SCHEMA:
        raise VerificationError(
            f"{MANIFEST} has the schema {shown(schema)}, this guardlint reads {MANIFEST_SCHEMA}"
        )
    fault = manifest_fault(manifest)
    if fault:
        raise VerificationError(fault)
    return manifest


def read_plan(data: bytes) -> dict[str, Any]:
    """The plan, checked against its schema.  Raises VerificationError."""
    if len(data) > _MAX_PLAN_BYTES:
        raise VerificationError(f"{PLAN} is larger than {_MAX_PLAN_BYTES} bytes")
    try:
        source = parse_yaml(data.decode("utf-8"), PLAN)
    except UnicodeDecodeError:
        raise VerificationError(f"{PLAN} is not UTF-8") from None
    except YamlProblem as problem:
        raise VerificationError(f"{PLAN} cannot be read: {_one_line(problem.message)}") from None
    for path, place, _ in source.duplicates():
        raise VerificationError(f"{PLAN} has the key {shown(path[-1])} twice, first in line {place.line}")
    fault = first_fault("plan", source.data)
    if fault is not None:
        raise VerificationError(f"{PLAN} at {_at(fault[0])}: {fault[2]}")
    plan: dict[str, Any] = source.data
    return plan


def statement_bytes(manifest: Mapping[str, Any], digest: str, signers: Sequence[str]) -> bytes:
    """The payload to sign for a valid manifest, an archive's hexadecimal SHA-256, and ids of all signers."""
    policy = manifest["policy"]
    predicate = {
        "name": manifest["name"],
        "revision": manifest["revision"],
        "notBefore": manifest["not_before"],
        "expires": manifest["expires"],
        "policy": {"id": policy["id"], "version": policy["version"]},
        "signers": sorted(signers),
    }
    return compact(
        {
            "_type": _STATEMENT_TYPE,
            "subject": [{"name": f"{manifest['name']}.tar", "digest": {"sha256": digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        }
    )


def read_statement(payload: bytes) -> Statement:
    """The statement of a payload whose signature has been verified.  Raises VerificationError."""
    try:
        document = read_json(payload)
    except ValueError as error:
        raise VerificationError(f"statement {error}") from None
    if document.get("_type") != _STATEMENT_TYPE:
        raise VerificationError(f"statement type {shown(document.get('_type'))} is not {_STATEMENT_TYPE}")
    if document.get("predicateType") != PREDICATE_TYPE:
        raise VerificationError(
            f"statement is about {shown(document.get('predicateType'))}, not about {PREDICATE_TYPE}"
        )
    try:
        return _statement(document)
    except (KeyError, TypeError, ValueError):
        raise VerificationError("statement does not have the fields of a bundle's") from None


def _statement(document: Mapping[str, Any]) -> Statement:
    _need(set(document) == {"_type", "subject", "predicateType", "predicate"})
    (subject,) = document["subject"]
    predicate = document["predicate"]
    _need(set(subject) == {"name", "digest"} and set(subject["digest"]) == {"sha256"})
    _need(set(predicate) == {"name", "revision", "notBefore", "expires", "policy", "signers"})
    digest, name, revision = subject["digest"]["sha256"], predicate["name"], predicate["revision"]
    _need(isinstance(digest, str) and _HEX_DIGEST.fullmatch(digest) is not None)
    _need(isinstance(name, str) and type(revision) is int and revision >= 0)
    _need(isinstance(predicate["policy"], dict) and set(predicate["policy"]) == {"id", "version"})
    signers = predicate["signers"]
    _need(isinstance(signers, list) and all(isinstance(signer, str) for signer in signers))
    times = [
        None if predicate[key] is None else parse_time(predicate[key]) for key in ("notBefore", "expires")
    ]
    return Statement(digest, name, revision, times[0], times[1], tuple(signers))


def _need(condition: bool) -> None:
    if not condition:
        raise ValueError


def _at(path: Sequence[str | int]) -> str:
    text = ".".join(str(part) for part in path)
    if not text:
        return "its top"
    return text if len(text) <= 100 and text.isprintable() else shown(text)


def _one_line(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
