"""A published central repository: an archive, and beside it a signature (``<archive>.sig``).

The signature is the DSSE envelope of bundles, over an in-toto statement whose subject is the archive's
SHA-256. It is verified before the archive is looked into.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from guardlint.bundle.canonical import compact, read_json, shown
from guardlint.bundle.dsse import open_envelope, sign_envelope
from guardlint.bundle.keys import Signer
from guardlint.bundle.manifest import time_text
from guardlint.bundle.names import name_fault, names_fault
from guardlint.bundle.trust import Trust
from guardlint.errors import VerificationError

__all__ = ["MAX_BYTES", "accepted", "sign_archive", "unpack_any", "verify_archive"]

MAX_BYTES = 64 * 1024 * 1024
"""Of an archive, and of everything in it."""

_MAX_FILES = 10_000
_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://guardlint.dev/attestations/central/v1"
_FOLDERS = ("policies", "rails")


def sign_archive(archive: bytes, name: str, signers: Sequence[Signer]) -> bytes:
    """The content of ``<archive>.sig``; ``name`` is for people. Raises BundleError."""
    return sign_envelope(_statement(name, hashlib.sha256(archive).hexdigest()), signers)


def verify_archive(archive: bytes, envelope: bytes, trust: Trust, now: datetime) -> tuple[str, ...]:
    """The ids of the keys that signed the archive, each trusted at ``now``. Raises VerificationError."""
    payload, signed_by = open_envelope(envelope, trust.keys, revoked=trust.revoked)
    try:
        statement = read_json(payload)
        name = statement["subject"][0]["name"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise VerificationError("signature is over no statement about an archive") from None
    if payload != _statement(str(name), hashlib.sha256(archive).hexdigest()):
        right = statement.get("predicateType") == _PREDICATE
        raise VerificationError(
            "archive is not the one that was signed"
            if right
            else "signature is not for a central repository",
            help="fetch archive and signature again" if right else None,
        )
    for identity in signed_by:
        last = trust.not_after.get(identity)
        if last is not None and now > last:
            raise VerificationError(f"key {identity} is not trusted since {time_text(last)}")
    return signed_by


def unpack_any(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive (plain or gzip) or a zip archive, in memory, by path with ``/``.

    Folders are dropped. Raises VerificationError for links and devices, and for more than 64 MiB.
    """
    try:
        found = dict(_zip(archive) if archive[:2] == b"PK" else _tar(archive))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise VerificationError(f"archive cannot be read: {type(error).__name__}") from None
    except (NotImplementedError, RuntimeError):
        raise VerificationError("archive is encrypted or packed in an unknown way") from None
    tops = {name.partition("/")[0] for name in found}
    if len(tops) == 1 and not tops & set(_FOLDERS):
        # As git hosts pack a tag: one folder around everything.
        top = f"{tops.pop()}/"
        found = {name.removeprefix(top): content for name, content in found.items() if name.startswith(top)}
    return found


def accepted(files: Mapping[str, bytes], subfolder: str | None) -> dict[str, bytes]:
    """Those below ``policies/`` and ``rails/`` of ``subfolder``, sorted, with paths from there.

    Raises VerificationError for names that not every platform has, too much of anything, and nothing at all.
    """
    start = f"{subfolder}/" if subfolder else ""
    found = {
        name.removeprefix(start): content
        for name, content in sorted(files.items())
        if name.startswith(tuple(f"{start}{folder}/" for folder in _FOLDERS))
    }
    if not found:
        where = f"`{subfolder}` of it" if subfolder else "it"
        raise VerificationError(f"no central repository: {where} has no policies/ and no rails/")
    for name in found:
        fault = name_fault(name)
        if fault:
            raise VerificationError(f"file name {shown(name)} {fault}")
    clash = names_fault(found)
    if clash:
        raise VerificationError(f"file names clash: {clash}")
    if len(found) > _MAX_FILES or sum(map(len, found.values())) > MAX_BYTES:
        raise VerificationError(f"more than {_MAX_FILES} files or {MAX_BYTES} bytes")
    return found


def _statement(name: str, digest: str) -> bytes:
    return compact(
        {
            "_type": _TYPE,
            "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": _PREDICATE,
            "predicate": {},
        }
    )


def _tar(archive: bytes) -> Iterator[tuple[str, bytes]]:
    if archive[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(archive)) as stream:
            archive = stream.read(MAX_BYTES + 1)
        if len(archive) > MAX_BYTES:
            raise VerificationError(f"archive holds more than {MAX_BYTES} bytes")
    seen: set[str] = set()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for count, member in enumerate(tar):
            if count >= _MAX_FILES:
                raise VerificationError(f"archive has more than {_MAX_FILES} entries")
            if member.isdir():
                continue
            if not member.isreg() or member.sparse is not None:
                raise VerificationError(f"archive holds {shown(member.name)}, which is no plain file")
            yield _once(member.name, seen), _content(tar, member)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    assert stream is not None  # it is a regular file
    return stream.read()


def _zip(archive: bytes) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    left = MAX_BYTES
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        if len(packed.infolist()) > _MAX_FILES:
            raise VerificationError(f"archive has more than {_MAX_FILES} entries")
        for entry in packed.infolist():
            if entry.is_dir():
                continue
            kind = entry.external_attr >> 28
            if kind not in (0, 0o10):
                raise VerificationError(f"archive holds {shown(entry.filename)}, which is no plain file")
            with packed.open(entry) as stream:
                content = stream.read(left + 1)
            left -= len(content)
            if left < 0:
                raise VerificationError(f"archive holds more than {MAX_BYTES} bytes")
            yield _once(entry.filename, seen), content


def _once(name: str, seen: set[str]) -> str:
    name = name.removeprefix("./")
    if name in seen:
        raise VerificationError(f"archive holds {shown(name)} twice")
    seen.add(name)
    return name
