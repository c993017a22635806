"""Answers for texts that were seen before: a conversation is sent again with every turn.

Kept are a keyed hash of the text and the answer, never a word of the text; the key is random and dies with
the process.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from typing import Final, Generic, TypeVar

from guardlint.pii.span import Span

__all__ = ["KeyedCache", "SpanCache"]

_KEY_BYTES: Final = 32
Answer = TypeVar("Answer")


class KeyedCache(Generic[Answer]):
    """The answers for the last ``limit`` texts; safe between threads. No answer is None."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._keyed = hashlib.blake2b(key=os.urandom(_KEY_BYTES), digest_size=_KEY_BYTES)
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, label: str, text: str) -> Answer | None:
        """The answer for ``text``, None if unseen; ``label`` is what else the answer depends on."""
        digest = self._digest(label, text)
        with self._lock:
            answer = self._answers.get(digest)
            if answer is not None:
                self._answers.move_to_end(digest)
            return answer

    def put(self, label: str, text: str, answer: Answer) -> None:
        """Remember the answer for ``text``."""
        digest = self._digest(label, text)
        with self._lock:
            self._answers[digest] = answer
            self._answers.move_to_end(digest)
            if len(self._answers) > self._limit:
                self._answers.popitem(last=False)

    def _digest(self, label: str, text: str) -> bytes:
        # BLAKE2 takes a key by itself and needs a fifth of the time of an HMAC (RFC 7693, section 2.9).
        digest = self._keyed.copy()
        digest.update(f"{label}\0{text}".encode("utf-8", "surrogatepass"))
        return digest.digest()


SpanCache = KeyedCache[tuple[Span, ...]]
"""What was found in texts: places, kinds and scores."""
