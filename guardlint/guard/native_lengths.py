"""Bounds on what goes in and what comes out: one text, all texts of a call, their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["LengthLimits"]


@dataclass(frozen=True, slots=True)
class LengthLimits:
    """Characters of the longest text and of all together, and how many texts; None: no bound.

    NeMo's context-bloat rail reads the last user message only, so a thousand short messages, a long history
    and a long tool result pass it.
    """

    reads_seams: ClassVar[bool] = False

    rail: str
    max_text: int | None = None
    max_together: int | None = None
    max_texts: int | None = None

    @classmethod
    def of(cls, rail: str, settings: Mapping[str, Any]) -> LengthLimits:
        """From a plan's settings.  Raises ValueError."""
        known = ("max_text", "max_together", "max_texts")
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"no bound '{name}'")
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise ValueError(f"'{name}' is a number above 0")
        return cls(rail, *(settings.get(name) for name in known))

    def check(self, texts: Sequence[str]) -> str | None:
        """Which bound the texts break, or None."""
        sizes = [len(text) for text in texts]
        if self.max_texts is not None and len(sizes) > self.max_texts:
            return "too-many-texts"
        if self.max_text is not None and any(size > self.max_text for size in sizes):
            return "text-too-long"
        if self.max_together is not None and sum(sizes) > self.max_together:
            return "too-long-together"
        return None
