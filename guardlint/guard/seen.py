"""Which texts have already passed, without keeping a word of them."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from typing import Final

__all__ = ["SeenTexts"]

_KEY_BYTES: Final = 32


class SeenTexts:
    """The keyed hashes of the last ``limit`` texts that passed; the key is random and dies with the process.

    Used from one thread, the guard's own.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._key = os.urandom(_KEY_BYTES)
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def remember(self, step: str, text: str) -> None:
        """Note that ``text`` passed ``step``."""
        digest = self._digest(step, text)
        self._digests[digest] = None
        self._digests.move_to_end(digest)
        if len(self._digests) > self._limit:
            self._digests.popitem(last=False)

    def knows(self, step: str, text: str) -> bool:
        """Whether ``text`` passed ``step`` before."""
        digest = self._digest(step, text)
        if digest not in self._digests:
            return False
        self._digests.move_to_end(digest)
        return True

    def _digest(self, step: str, text: str) -> bytes:
        data = f"{step}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, hashlib.sha256)
