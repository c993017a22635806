"""The pieces of a stream: the texts in them taken out, and put into new pieces of the same shape.

Pieces are texts, dictionaries (``{"content": "..."}``), and chunks of OpenAI's chat completions, as
dictionaries or as the objects of its client. Every string of a delta is text, except for names and ids.
Beside the deltas only what looks like a name passes: other texts there have no way through the rails, and
token probabilities spell the text, so both are left out. Whatever is no plain data is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import time
from typing import Any, Final

from guardlint.errors import UsageError

__all__ = ["Delta", "Key", "Read", "Shape"]

Key = tuple[int, tuple[str | int, ...]]
"""A text of a stream: the choice, and the path in its delta; list entries by their ``index``."""

_NAMES: Final = frozenset(
    {"role", "id", "type", "index", "name", "tool_call_id", "object", "created", "model", "finish_reason"}
    | {"status", "mime_type", "media_type", "format", "expires_at", "data"}
)
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/+=-]{0,200}")
"""What a name or an id looks like; anything else is text, whatever it is called."""
_DEPTH: Final = 64
_ENVELOPE: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "type")


@dataclass(frozen=True, slots=True)
class Delta:
    """More of one text."""

    key: Key
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """A piece taken apart: its texts, the choices that it ends, and what else there is to pass on.

    ``calls``: the choice, the place and the name of each tool that it begins to call.
    """

    deltas: tuple[Delta, ...]
    ends: tuple[int, ...] = ()
    rest: Any = None
    calls: tuple[tuple[int, tuple[str | int, ...], str], ...] = ()


class Shape:
    """How the pieces of one stream look; it learns from each."""

    __slots__ = ("_form", "_kind", "_last", "_said", "_type")

    def __init__(self) -> None:
        self._kind = "text"  # of the last piece
        self._form = "message"  # of the last one that was no text
        self._type: Any = None
        self._last: Mapping[str, Any] = {}
        self._said: set[tuple[object, ...]] = set()

    @classmethod
    def stated(cls, kind: str, piece_class: Any = None) -> Shape:
        """Before any piece was seen: ``kind`` is that of whole replies, see ``guard.replies``."""
        shape = cls()
        if kind == "choices":
            shape._kind = shape._form = "chunk"
            shape._type = piece_class
            shape._last = {
                "id": "guardlint",
                "object": "chat.completion.chunk",
                "created": int(time()),
                "model": "guardlint",
            }
        elif kind == "message":
            shape._kind = "message"
        return shape

    @classmethod
    def like(cls, other: Shape) -> Shape:
        """Another stream of pieces that look the same."""
        shape = cls()
        shape._kind, shape._form = other._kind, other._form
        shape._type, shape._last = other._type, other._last
        return shape

    def read(self, piece: object) -> Read:
        """Take a piece apart.  Raises UsageError, naming its type only, for what cannot be read."""
        if isinstance(piece, str):
            self._kind = "text"
            return Read((Delta((0, ()), piece),) if piece else ())
        data = _as_data(piece)
        if data is None:
            raise UsageError(
                f"the guard cannot read a piece of type {type(piece).__name__} and does not release it",
                help="yield texts, dictionaries with a content, or chunks of chat completions",
            )
        self._type = None if isinstance(piece, Mapping) else type(piece)
        self._last = {name: _bare(data[name]) for name in (*_ENVELOPE, "role", "usage") if name in data}
        if not isinstance(data.get("choices"), list):
            self._kind = self._form = "message"
            deltas, rest = _split(data)
            calls = tuple((0, path, name) for path, name in _called(data))
            return Read(_keyed(0, deltas), rest=None if deltas and not calls else rest, calls=calls)
        self._kind = self._form = "chunk"
        return self._read_chunk(data)

    def write(self, key: Key, text: str) -> Any:
        """A piece that adds ``text`` to one text."""
        choice, path = key
        if not path:
            return text
        delta = _nested(path, text)
        return {**self._envelope(), **delta} if self._form == "message" else self._chunk(choice, delta, None)

    def refusal(self, text: str, verdict: Mapping[str, Any], choices: tuple[int, ...]) -> Any:
        """The last piece of a stream of dictionaries or chunks that was blocked; None for texts."""
        if self._kind == "text":
            return None
        if self._kind == "message":
            return {**self._envelope(), "content": text, "guardlint": dict(verdict)}
        delta = {"content": text}
        return self._typed(
            {
                **self._envelope(),
                "choices": [_choice(index, delta, "content_filter") for index in choices or (0,)],
            }
        )

    def _read_chunk(self, data: Mapping[str, Any]) -> Read:
        deltas: list[Delta] = []
        ends: list[int] = []
        rests: list[dict[str, Any]] = []
        calls: list[tuple[int, tuple[str | int, ...], str]] = []
        news = not data["choices"] or bool(data.get("usage"))
        for position, choice in enumerate(data["choices"]):
            if not isinstance(choice, Mapping):
                raise UsageError("the guard cannot read a chunk whose choices are no mappings")
            index = choice["index"] if type(choice.get("index")) is int else position
            delta = choice.get("delta") or {}
            plain = choice.get("text")  # of the older completions
            if not isinstance(delta, Mapping) or not isinstance(plain, str | None):
                raise UsageError("the guard cannot read a chunk whose delta or text is none")
            found, rest = _split(delta)
            calls += [(index, path, name) for path, name in _called(delta)]
            texts = list(_keyed(index, found))
            if isinstance(plain, str) and plain:
                texts.append(Delta((index, ("text",)), plain))
            if choice.get("finish_reason"):
                ends.append(index)
            deltas += texts
            named = set(_names(index, rest))
            news = news or not texts or bool(choice.get("finish_reason")) or not named <= self._said
            self._said |= named
            shown = _bare({name: item for name, item in choice.items() if name not in ("delta", "logprobs")})
            shown |= {"delta": rest} if "delta" in choice else {}
            shown |= {"logprobs": None} if "logprobs" in choice else {}
            shown |= {"text": ""} if "text" in choice else {}
            rests.append(shown)
        around = _bare({name: item for name, item in data.items() if name != "choices"})
        shown_piece = self._typed({**around, "choices": rests}) if news else None
        return Read(tuple(deltas), tuple(ends), shown_piece, tuple(calls))

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None) -> Any:
        return self._typed({**self._envelope(), "choices": [_choice(index, delta, finish)]})

    def _envelope(self) -> dict[str, Any]:
        kept = {name: self._last[name] for name in _ENVELOPE if name in self._last}
        if self._form == "message":
            return {name: self._last[name] for name in ("role", "type") if name in self._last}
        return {**kept, "usage": None} if "usage" in self._last else kept

    def _typed(self, data: dict[str, Any]) -> Any:
        return data if self._type is None else self._type.model_validate(data)


def _as_data(piece: object) -> Mapping[str, Any] | None:
    """A piece as a mapping; None when it is no piece.  The piece itself is not changed."""
    if isinstance(piece, Mapping):
        return piece
    dump = getattr(piece, "model_dump", None)
    if not callable(dump) or not hasattr(type(piece), "model_validate") or not hasattr(piece, "choices"):
        return None
    data = dump(exclude_unset=True, warnings=False)  # its warnings quote what they are about
    return data if isinstance(data, Mapping) and isinstance(data.get("choices"), list) else None


def _split(delta: Any) -> tuple[list[tuple[tuple[str | int, ...], str]], Any]:
    """The texts of a delta with their paths, and the delta without them."""
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
            return [without(item, (*path, _index(item, position))) for position, item in enumerate(value)]
        return _number(value)

    return texts, without(delta, ())


def _bare(value: Any, depth: int = 0) -> Any:
    """What stands beside the deltas: names and numbers, and nothing for other texts."""
    if depth > _DEPTH:
        raise UsageError("the guard cannot read what is nested that deep, or holds itself")
    if isinstance(value, str):
        return value if _NAME.fullmatch(value) else ""
    if isinstance(value, Mapping):
        return {_key(key): _bare(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bare(item, depth + 1) for item in value]
    return _number(value)


def _key(key: object) -> str:
    """The name of a field.  Raises UsageError for what may be text itself."""
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise UsageError("the fields of a piece must have plain names")
    return key


def _number(value: Any) -> Any:
    """A number, or nothing.  Raises UsageError for what may hold a text."""
    if value is None or isinstance(value, int | float):
        return value
    raise UsageError(f"the guard cannot read a piece that holds an object of type {type(value).__name__}")


def _is_name(key: object, value: Any) -> bool:
    if isinstance(value, str):
        return key in _NAMES and _NAME.fullmatch(value) is not None
    return False


def _called(delta: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The place and the name of each tool that a delta begins to call."""
    entries = delta.get("tool_calls")
    for position, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
        for kind in ("function", "custom"):
            inner = entry.get(kind) if isinstance(entry, Mapping) else None
            if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
                yield ("tool_calls", _index(entry, position), kind), inner["name"]
    inner = delta.get("function_call")
    if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
        yield ("function_call",), inner["name"]


def _index(item: Any, position: int) -> int:
    named = item.get("index") if isinstance(item, Mapping) else None
    return named if type(named) is int else position


def _keyed(choice: int, texts: list[tuple[tuple[str | int, ...], str]]) -> tuple[Delta, ...]:
    return tuple(Delta((choice, path), text) for path, text in texts)


def _names(choice: int, rest: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[object, ...]]:
    """What a delta says beside its texts: a role, the id and the name of a tool call."""
    if isinstance(rest, Mapping):
        for key, item in rest.items():
            if key not in _NAMES:
                yield from _names(choice, item, (*path, str(key)))
            elif item and key not in ("index", "type"):
                yield choice, path, key, str(item)
    elif isinstance(rest, list):
        for item in rest:
            yield from _names(choice, item, (*path, str(_index(item, 0))))
    elif rest:
        yield choice, path, str(rest)


def _choice(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    if set(delta) == {"text"}:
        return {"index": index, "text": delta["text"], "finish_reason": finish}
    return {"index": index, "delta": delta, "finish_reason": finish}


def _nested(path: tuple[str | int, ...], text: str) -> dict[str, Any]:
    """The delta that holds ``text`` at ``path``."""
    value: Any = text
    for part in reversed(path):
        if isinstance(part, str):
            value = {part: value}
        else:
            value = [{"index": part, **value} if isinstance(value, dict) else value]
    result: dict[str, Any] = value
    return result
