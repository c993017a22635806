"""``runtime.stream`` of a policy: when the output rails look at a reply that is still growing.

A policy carries it as one word, such as ``64+sentence``: after 64 words at the latest, and at the ends of
sentences. ``end`` holds the whole reply until its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["plan_stream", "stream_as_tight", "stream_word"]

_SENTENCE = "sentence"
_END = "end"


def stream_word(data: Mapping[str, Any]) -> str:
    """The word for what a document writes."""
    every = data.get("every_tokens")
    parts = [*([str(every)] if every is not None else []), *([_SENTENCE] if data.get("sentence") else [])]
    return "+".join(parts) or _END


def plan_stream(word: str) -> dict[str, Any]:
    """What a plan says for it."""
    looks: dict[str, Any] = {}
    for part in word.split("+"):
        if part == _SENTENCE:
            looks["sentence"] = True
        elif part != _END:
            looks["every_tokens"] = int(part)
    return {**looks, "at_end": True}


def stream_as_tight(word: str, floor: str) -> bool:
    """Whether no longer stretch goes out before the next look: the end alone, else fewer words."""
    return _looseness(word) <= _looseness(floor)


def _looseness(word: str) -> tuple[float, bool]:
    if word == _END:
        return 0, False
    looks = plan_stream(word)
    return looks.get("every_tokens", math.inf), "sentence" not in looks
