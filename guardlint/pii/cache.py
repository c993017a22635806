"""Answers for texts that were seen before: a conversation is sent again with every turn.

Kept are a keyed hash of the text and the places and kinds of what was found, never a word of it; the key is
random and dies with the process.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from guardlint.pii.span import Span

__all__ = ["SpanCache"]

_KEY_BYTES: Final = 32


class SpanCache:
    """The findings of the last ``limit`` texts; safe between threads."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._key = os.urandom(_KEY_BYTES)
        self._found: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, label: str, text: str) -> list[Span] | None:
        """What was found in ``text``, None if unseen; ``label`` is what else the answer depends on."""
        digest = self._digest(label, text)
        with self._lock:
            spans = self._found.get(digest)
            if spans is None:
                return None
            self._found.move_to_end(digest)
            return list(spans)

    def put(self, label: str, text: str, spans: Sequence[Span]) -> None:
        """Remember what was found in ``text``."""
        digest = self._digest(label, text)
        with self._lock:
            self._found[digest] = tuple(spans)
            self._found.move_to_end(digest)
            if len(self._found) > self._limit:
                self._found.popitem(last=False)

    def _digest(self, label: str, text: str) -> bytes:
        data = f"{label}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, hashlib.sha256)
