"""Which texts have already passed, without keeping a word of them."""

from __future__ import annotations

from guardlint.pii import KeyedCache

__all__ = ["SeenTexts"]


class SeenTexts:
    """The last ``limit`` texts that passed, as keyed hashes."""

    def __init__(self, limit: int = 20_000) -> None:
        self._passed: KeyedCache[bool] = KeyedCache(limit)

    def remember(self, step: str, text: str) -> None:
        """Note that ``text`` passed ``step``."""
        self._passed.put(step, text, True)

    def knows(self, step: str, text: str) -> bool:
        """Whether ``text`` passed ``step`` before."""
        return self._passed.get(step, text) is not None
