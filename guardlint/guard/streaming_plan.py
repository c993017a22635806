"""The plan's key ``stream``: when the output rails look at a text that is still growing, and for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from guardlint.errors import ConfigError
from guardlint.guard.streaming.beginnings import Beginnings, Pattern

__all__ = ["MOST_TOKENS", "Looks", "forbidden_by", "read_stream"]

_PLACE: Final = "plan.yml"
_KEYS: Final = frozenset({"every_tokens", "sentence", "at_end"})
_DEFAULT_TOKENS: Final = 64
MOST_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True)
class Looks:
    """When rails look at a growing reply; always once more at its end.

    ``every_tokens``: after so many words at the latest, None for no such limit; ``sentence``: at the ends of
    sentences. Without either they look at the end alone, and nothing is released before.
    ``forbidden``: the rails' own patterns, as far as a bundle says them; what may become a match waits.
    """

    every_tokens: int | None = _DEFAULT_TOKENS
    sentence: bool = True
    forbidden: Beginnings = field(default_factory=lambda: Beginnings(()), compare=False)

    @property
    def only_at_end(self) -> bool:
        """Whether the whole reply is held back until its end."""
        return self.every_tokens is None and not self.sentence


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


def forbidden_by(files: Mapping[str, bytes]) -> Beginnings:
    """The patterns of both halves' regex rails for replies, from the files of a bundle.

    Read from every file that NeMo may merge: a pattern too many holds back, one too few would leak.
    (``library/regex/rail_config.py``: a list of patterns, and one switch for their case.)
    """
    found: list[Pattern] = []
    for half in ("company/", "team/"):
        options = [
            option
            for name, data in files.items()
            if name.startswith(half) and name.endswith((".yml", ".yaml"))
            for option in _options(data)
        ]
        ignore_case = any(option.get("case_insensitive") is True for option in options)
        found += [Pattern(text, ignore_case) for option in options for text in _texts(option)]
    return Beginnings(found).prepared()


def _options(data: bytes) -> Iterator[Mapping[str, Any]]:
    """What a file of a configuration says of regular expressions for replies."""
    if b"regex_detection" not in data:
        return
    from guardlint.source.pyyaml import yaml  # not for whoever imports the package alone

    try:
        value = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return  # NeMo refuses it too
    for key in ("rails", "config", "regex_detection", "output"):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        yield value


def _texts(option: Mapping[str, Any]) -> Iterator[str]:
    patterns = option.get("patterns")
    for pattern in patterns if isinstance(patterns, list) else ():
        if isinstance(pattern, str):
            yield pattern
