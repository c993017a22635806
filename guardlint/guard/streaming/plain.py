"""The plain data of a streamed piece: its texts taken out, names and numbers left, anything else refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from guardlint.errors import UsageError

__all__ = ["NAMES", "Audio", "Delta", "Key", "Read", "Whole", "bare", "index_of", "number_of", "split"]

Key = tuple[int, tuple[str | int, ...]]
"""A text of a stream: the choice, and the path in its delta; list entries by their ``index``."""

NAMES: Final = frozenset(
    {"role", "id", "type", "index", "name", "tool_call_id", "object", "created", "model", "finish_reason"}
    | {"status", "mime_type", "media_type", "format", "expires_at", "data"}
    | {"item_id", "call_id", "stop_reason", "system_fingerprint", "service_tier", "server_label"}
)
"""Fields for what is no text, as long as it looks like it."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/+=-]{0,200}")
"""What a name or an id looks like; anything else is text, whatever it is called."""
_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Delta:
    """More of one text."""

    key: Key
    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A text that is whole where it stands: at ``path`` in the rest of its piece."""

    path: tuple[str | int, ...]
    key: Key
    text: str


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound that says what a transcript of the same choice says."""

    choice: int
    piece: Any


@dataclass(frozen=True, slots=True)
class Read:
    """A piece taken apart: its texts, the choices that it ends, and what else there is to pass on.

    ``calls``: the choice, the place and the name of each tool that it begins to call; ``wholes`` are put back
    into ``rest`` once they may be released, and ``again`` says that they may have been streamed before;
    ``called`` are the calls of tools, with their arguments, that the piece says whole.
    """

    deltas: tuple[Delta, ...]
    ends: tuple[int, ...] = ()
    rest: Any = None
    calls: tuple[tuple[int, tuple[str | int, ...], str], ...] = ()
    wholes: tuple[Whole, ...] = ()
    again: bool = False
    audio: tuple[Audio, ...] = ()
    called: tuple[tuple[str, Any], ...] = ()


def split(delta: Any, *, by_position: bool = False) -> tuple[list[tuple[tuple[str | int, ...], str]], Any]:
    """The texts of a delta with their paths, and the delta without them.

    Entries of lists go by the ``index`` that they state, or by their position.
    """
    texts: list[tuple[tuple[str | int, ...], str]] = []

    def without(value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            if value:
                texts.append((path, value))
            return ""
        if len(path) > _DEPTH:
            raise UsageError("the guard cannot read what is nested that deep, or holds itself")
        if isinstance(value, Mapping):
            return {
                _key(key): item if _is_name(key, item) else without(item, (*path, key))
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            places = range(len(value)) if by_position else map(index_of, value, range(len(value)))
            return [without(item, (*path, place)) for place, item in zip(places, value, strict=True)]
        return number_of(value)

    return texts, without(delta, ())


def bare(value: Any, depth: int = 0) -> Any:
    """What stands beside the deltas: names and numbers, and nothing for other texts."""
    if depth > _DEPTH:
        raise UsageError("the guard cannot read what is nested that deep, or holds itself")
    if isinstance(value, str):
        return value if _NAME.fullmatch(value) else ""
    if isinstance(value, Mapping):
        return {_key(key): bare(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [bare(item, depth + 1) for item in value]
    return number_of(value)


def _key(key: object) -> str:
    """The name of a field.  Raises UsageError for what may be text itself."""
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise UsageError("the fields of a piece must have plain names")
    return key


def number_of(value: Any) -> Any:
    """A number, or nothing.  Raises UsageError for what may hold a text."""
    if value is None or isinstance(value, int | float):
        return value
    raise UsageError(f"the guard cannot read a piece that holds an object of type {type(value).__name__}")


def _is_name(key: object, value: Any) -> bool:
    if isinstance(value, str):
        return key in NAMES and _NAME.fullmatch(value) is not None
    return False


def index_of(item: Any, position: int) -> int:
    """The place of an entry of a list: what it says itself, else ``position``."""
    named = item.get("index") if isinstance(item, Mapping) else None
    return named if type(named) is int else position
