"""What is in an archive: manifest, plan and files, each checked against the others.

Whose archive it is, nobody asks here: ``verify`` does before, and ``inspect`` and ``diff`` say that they
have not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlint.bundle.canonical import read_json, shown
from guardlint.bundle.container import MAX_ARCHIVE_BYTES, MAX_ENVELOPE_BYTES, split, unpack
from guardlint.bundle.manifest import MANIFEST, PLAN, digest_of, read_manifest, read_plan
from guardlint.errors import VerificationError

__all__ = [
    "MAX_BUNDLE_BYTES",
    "Contents",
    "check_files",
    "claimed_signers",
    "open_archive",
    "read_bundle",
    "read_contents",
]

MAX_BUNDLE_BYTES = 64 + MAX_ENVELOPE_BYTES + MAX_ARCHIVE_BYTES


@dataclass(frozen=True, slots=True)
class Contents:
    """An archive that is whole. ``digest`` is its SHA-256 in hexadecimal; ``files`` hold the manifest too."""

    manifest: dict[str, Any]
    plan: dict[str, Any]
    files: dict[str, bytes]
    digest: str


def read_contents(bundle: bytes) -> Contents:
    """What a bundle holds, whoever signed it, or nobody. Raises VerificationError where it is not whole."""
    archive = split(bundle)[1]
    files, manifest = open_archive(archive)
    check_files(manifest["files"], files)
    return Contents(manifest, read_plan(files[PLAN]), files, hashlib.sha256(archive).hexdigest())


def claimed_signers(bundle: bytes) -> tuple[str, ...]:
    """The ids of the keys that the envelope names, which proves nothing; empty where it has none."""
    try:
        return tuple(str(entry["keyid"]) for entry in read_json(split(bundle)[0])["signatures"])
    except (ValueError, KeyError, TypeError):
        return ()


def open_archive(archive: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and the manifest, checked by itself. Raises VerificationError."""
    files = unpack(archive)
    for name in (MANIFEST, PLAN):
        if name not in files:
            raise VerificationError(f"{name} is missing from the archive")
    return files, read_manifest(files[MANIFEST])


def check_files(listed: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    """Every file as the manifest lists it, and none beside. Raises VerificationError."""
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


def read_bundle(path: Path) -> bytes:
    """The file, never more of it than a bundle may have; a pipe or a device is not opened.

    Raises VerificationError.
    """
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
