"""The plan's key ``stream``: when the output rails look at a text that is still growing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from guardlint.errors import ConfigError

__all__ = ["MOST_TOKENS", "Looks", "read_stream"]

_PLACE: Final = "plan.yml"
_KEYS: Final = frozenset({"every_tokens", "sentence", "at_end"})
_DEFAULT_TOKENS: Final = 64
MOST_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True)
class Looks:
    """When rails look at a growing reply; always once more at its end.

    ``every_tokens``: after so many words at the latest, None for no such limit; ``sentence``: at the ends of
    sentences. Without either they look at the end alone, and nothing is released before.
    """

    every_tokens: int | None = _DEFAULT_TOKENS
    sentence: bool = True


def read_stream(data: Any) -> Looks:
    """The plan's word on streams; None stands for none, so for the defaults.  Raises ConfigError."""
    if data is None:
        return Looks()
    if not isinstance(data, Mapping) or not data or not set(data) <= _KEYS:
        raise ConfigError(f"`stream` must be a mapping of {', '.join(sorted(_KEYS))}", place=_PLACE)
    every, sentence = data.get("every_tokens"), data.get("sentence", False)
    if every is not None and (type(every) is not int or not 1 <= every <= MOST_TOKENS):
        raise ConfigError(
            f"`stream.every_tokens` must be a whole number from 1 to {MOST_TOKENS}", place=_PLACE
        )
    if not isinstance(sentence, bool) or data.get("at_end", True) is not True:
        raise ConfigError(
            "`stream.sentence` must be true or false, and `stream.at_end` can only be true", place=_PLACE
        )
    return Looks(every, sentence)
