"""Signs of a jailbreak that need no model: what a message hides, and how it is built.

NeMo's heuristics measure perplexity with GPT-2, which wants torch and a download, or ask a server; a bundle
has neither.  These signs are others: text that people cannot see, orders in an encoding, noise of optimised
suffixes, forged turns, and the frames of well-known jailbreaks.  They know no meaning: a polite jailbreak in
plain words passes, and a judge has to see to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from guardlint.guard.native_frames import frames
from guardlint.guard.native_hidden import encoded_order, hidden_signs, noise

__all__ = ["JailbreakHeuristics"]

_LONGEST = 60_000  # characters that are looked at; context-bloat and length-limits bound what may be longer


@dataclass(frozen=True, slots=True)
class JailbreakHeuristics:
    """Blocks from a score of ``threshold`` on: a strong sign counts 1, a weak one a half."""

    reads_seams: ClassVar[bool] = True

    rail: str
    threshold: float = 1.0

    @classmethod
    def of(cls, rail: str, settings: Mapping[str, Any]) -> JailbreakHeuristics:
        """From a plan's settings.  Raises ValueError."""
        unknown = sorted(set(settings) - {"threshold"})
        value = settings.get("threshold", 1.0)
        if unknown:
            raise ValueError(f"no setting '{unknown[0]}'")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ValueError("'threshold' is a number above 0, at most 1")
        return cls(rail, float(value))

    def check(self, texts: Sequence[str]) -> str | None:
        """The first sign of the text whose score reaches the threshold, or None."""
        for text in texts:
            found = sorted(signs(text), key=lambda sign: -sign[1])
            if found and sum(weight for _, weight in found) >= self.threshold:
                return found[0][0]
        return None


def signs(text: str) -> Iterator[tuple[str, float]]:
    """The signs in one text with their weights, each once."""
    part = text if len(text) <= _LONGEST else text[: _LONGEST // 2] + text[-_LONGEST // 2 :]
    yield from hidden_signs(part)
    yield from noise(part)
    if encoded_order(part):
        yield "encoded-order", 1.0
    yield from frames(part)
