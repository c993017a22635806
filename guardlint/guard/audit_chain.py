"""Records as lines, each chained to the one before.

A line is canonical JSON with ``hash`` and, where the log has a key, ``mac`` at its end.  ``hash`` is the
SHA-256 of the record without these two, ``prev`` the ``hash`` of the record before (64 zeros for the very
first), ``mac`` a keyed digest of ``hash``.  Removing, changing or reordering records breaks the chain;
cutting the end off does not, so keep a head somewhere else.  Who can write the file can write it all anew
with other hashes, but not with other macs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from guardlint.bundle.canonical import compact
from guardlint.guard.audit_spelling import spelled

__all__ = [
    "GENESIS",
    "SCHEMA",
    "Record",
    "chained",
    "hash_in",
    "keyed_digest",
    "mac_of",
    "parse",
    "record_hash",
    "sealed",
]

SCHEMA: Final = "guardlint/audit/v1"
GENESIS: Final = "0" * 64

Record = dict[str, Any]

_END: Final = re.compile(rb',"hash":"([0-9a-f]{64})"(?:,"mac":"([0-9a-f]{64})")?\}\Z')
_LONGEST_END: Final = 160


def chained(record: Record, previous: str, key: bytes | None = None) -> tuple[bytes, Record]:
    """The line, without its end, and the record with ``prev``, ``hash`` and ``mac`` (with ``key``).

    The record has its names in the order of the line, so that ``json.dumps`` can spell it again.
    Raises ValueError for what JSON or UTF-8 does not have.
    """
    line, _ = sealed(spelled({**record, "prev": previous}), key)
    return line, json.loads(line)


def sealed(text: str, key: bytes | None = None) -> tuple[bytes, str]:
    """The line of a record that ``text`` spells, ``prev`` included, and its hash.

    Raises ValueError for what UTF-8 does not have.
    """
    body = text.encode("utf-8")
    digest = hashlib.sha256(body).hexdigest()
    end = f',"hash":"{digest}"' if key is None else f',"hash":"{digest}","mac":"{mac_of(digest, key)}"'
    return b"%b%b}" % (body[:-1], end.encode("ascii")), digest


def record_hash(record: Record) -> str:
    """The hash that ``record`` must carry."""
    body = {name: value for name, value in record.items() if name not in ("hash", "mac")}
    return hashlib.sha256(compact(body)).hexdigest()


def hash_in(line: bytes, record: Record) -> bool:
    """Whether the hash in ``record``, which ``line`` spells, is that of the line's bytes.

    Of the bytes and not of what they say: whoever reads the first of two equal names reads another record.
    """
    end = _END.search(line, max(0, len(line) - _LONGEST_END))
    if end is None or end[1].decode("ascii") != record.get("hash"):
        return False
    return bool(hashlib.sha256(line[: end.start()] + b"}").hexdigest() == record["hash"])


def mac_of(digest: str, key: bytes) -> str:
    """The keyed digest of a record's hash; not the HMAC of any text, so that no text can stand for it."""
    return keyed_digest(key)(b"guardlint audit record\n" + digest.encode("ascii")).hex()


@lru_cache(maxsize=4)
def keyed_digest(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 (RFC 2104) by ``key``, which is prepared once: ``hmac`` takes four times as long."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(data: bytes) -> bytes:
        one, two = inner.copy(), outer.copy()
        one.update(data)
        two.update(one.digest())
        return two.digest()

    return digest


def parse(line: bytes) -> Record | None:
    """The object in a line, None for anything else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
