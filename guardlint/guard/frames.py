"""Messages between the guard and a worker: four bytes of length, then JSON in ASCII.

ASCII because a text may hold what UTF-8 cannot (a lone surrogate), and a check must not fail on that.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final, Protocol

__all__ = ["MAX_FRAME", "BadFrame", "decode", "encode", "read_frame", "size_of"]

MAX_FRAME: Final = 64 * 1024 * 1024
HEADER: Final = struct.Struct(">I")


class BadFrame(Exception):
    """What came through the pipe is not a frame."""


class _Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...


def encode(value: dict[str, Any]) -> bytes:
    """One frame.  Raises BadFrame when it is larger than ``MAX_FRAME``."""
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_FRAME:
        raise BadFrame
    return HEADER.pack(len(body)) + body


def size_of(header: bytes) -> int:
    """The length of the body that follows.  Raises BadFrame when nobody here would send as much."""
    size = int(HEADER.unpack(header)[0])
    if size > MAX_FRAME:
        raise BadFrame
    return size


def decode(body: bytes) -> dict[str, Any]:
    """The object in a frame's body.  Raises BadFrame."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame from None
    if not isinstance(value, dict):
        raise BadFrame
    return value


def read_frame(stream: _Readable) -> dict[str, Any] | None:
    """The next frame of a blocking stream, None at its end.  Raises BadFrame."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    size = size_of(header)
    body = stream.read(size)
    return decode(body) if len(body) == size else None
