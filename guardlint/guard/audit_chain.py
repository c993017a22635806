"""Records as lines, each chained to the one before.

A line is canonical JSON with ``hash`` and, where the log has a key, ``mac`` at its end.  ``hash`` is the
SHA-256 of the record without these two, ``prev`` the ``hash`` of the record before (64 zeros for the very
first), ``mac`` a keyed digest of ``hash``.  Removing, changing or reordering records breaks the chain;
cutting the end off does not, so keep a head somewhere else.  Who can write the file can write it all anew
with other hashes, but not with other macs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any, Final

from guardlint.bundle.canonical import compact

__all__ = ["GENESIS", "SCHEMA", "Record", "chained", "hash_in", "mac_of", "parse", "record_hash"]

SCHEMA: Final = "guardlint/audit/v1"
GENESIS: Final = "0" * 64

Record = dict[str, Any]

# As bundle.canonical.compact, without making an encoder, and looking for circles, for each record.
_spelled = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode
_END: Final = re.compile(rb',"hash":"([0-9a-f]{64})"(?:,"mac":"([0-9a-f]{64})")?\}\Z')
_LONGEST_END: Final = 160


def chained(record: Record, previous: str, key: bytes | None = None) -> tuple[bytes, Record]:
    """The line, without its end, and the record with ``prev``, ``hash`` and ``mac`` (with ``key``).

    Raises ValueError for what JSON or UTF-8 does not have.
    """
    linked = {**record, "prev": previous}
    body = _spelled(linked).encode("utf-8")
    digest = hashlib.sha256(body).hexdigest()
    linked["hash"] = digest
    end = f',"hash":"{digest}"'
    if key is not None:
        linked["mac"] = mac_of(digest, key)
        end += f',"mac":"{linked["mac"]}"'
    return b"%b%b}" % (body[:-1], end.encode("ascii")), linked


def record_hash(record: Record) -> str:
    """The hash that ``record`` must carry."""
    body = {name: value for name, value in record.items() if name not in ("hash", "mac")}
    return hashlib.sha256(compact(body)).hexdigest()


def hash_in(line: bytes, record: Record) -> bool:
    """Whether the hash in ``record``, which ``line`` spells, is that of its content.

    Tried on the bytes first: to write the record again takes three times as long.
    """
    end = _END.search(line, max(0, len(line) - _LONGEST_END))
    if end is not None and end[1].decode("ascii") == record.get("hash"):
        body = line[: end.start()] + b"}"
        if hashlib.sha256(body).hexdigest() == record["hash"]:
            return True
    try:
        return bool(record.get("hash") == record_hash(record))
    except (ValueError, RecursionError):
        return False


def mac_of(digest: str, key: bytes) -> str:
    """The keyed digest of a record's hash; not the HMAC of any text, so that no text can stand for it."""
    return hmac.digest(key, b"guardlint audit record\n" + digest.encode("ascii"), "sha256").hex()


def parse(line: bytes) -> Record | None:
    """The object in a line, None for anything else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
