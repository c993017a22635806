"""Messages between the guard and a worker process: four bytes of length, then JSON in ASCII.

ASCII because a text may hold what UTF-8 cannot (a lone surrogate), and a check must not fail on that.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, BinaryIO, Final, Protocol

__all__ = ["MAX_FRAME", "BadFrame", "decode", "encode", "read_frame", "send", "size_of", "take_pipes"]

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


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes under other descriptors; 0, 1 and 2 become the null device.

    A ``print`` of user code must not become part of a frame, and what it prints may be content.
    """
    inbound, outbound = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    return inbound, outbound


def send(outbound: BinaryIO, value: dict[str, Any]) -> None:
    """Write one frame whole."""
    data = memoryview(encode(value))
    while data:
        data = data[outbound.write(data) :]
