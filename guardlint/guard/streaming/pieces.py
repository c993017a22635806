"""The pieces of a stream: the texts in them taken out, and put into new pieces of the same shape.

Pieces are texts, dictionaries (``{"content": "..."}``), chunks of OpenAI's chat completions, as dictionaries
or as the objects of its client, and ``events``. Every string of a delta is text, except for names and ids.
Beside the deltas only what looks like a name passes: other texts there have no way through the rails, and
token probabilities spell the text, so both are left out. Whatever is no plain data is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import time
from typing import Any, Final

from guardlint.errors import UsageError
from guardlint.guard.streaming.events import Events, is_event
from guardlint.guard.streaming.plain import NAMES, Audio, Delta, Key, Read, bare, index_of, split
from guardlint.guard.tools import tool_calls

__all__ = ["Delta", "Key", "Read", "Shape"]

_ENVELOPE: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "type")


class Shape:
    """How the pieces of one stream look; it learns from each."""

    __slots__ = ("_form", "_kind", "_last", "_said", "_type", "events")

    def __init__(self) -> None:
        self._kind = "text"  # of the last piece
        self._form = "message"  # of the last one that was no text
        self._type: Any = None
        self._last: Mapping[str, Any] = {}
        self._said: set[tuple[object, ...]] = set()
        self.events: Events | None = None
        """Those that came; None until then."""

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
        shape.events = None if other.events is None else Events.like(other.events)
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
        cls = None if isinstance(piece, Mapping) else type(piece)
        if is_event(data):
            self._kind = "event"
            self.events = self.events or Events()
            return self.events.read(data, cls)
        self._type = cls
        self._last = {name: bare(data[name]) for name in (*_ENVELOPE, "role", "usage") if name in data}
        if not isinstance(data.get("choices"), list):
            self._kind = self._form = "message"
            if isinstance(data.get("snapshot"), str):
                raise UsageError("the guard cannot read pieces that repeat what was said before")
            around = {name: data[name] for name in ("role", "type") if name in data}
            data, sound = _without_sound(data)
            audio = (Audio(0, {**around, "audio": sound}),) if sound else ()
            deltas, rest = split(data)
            calls = tuple((0, path, name) for path, name in _called(data))
            return Read(
                _keyed(0, deltas),
                rest=None if (deltas or audio) and not calls else rest,
                calls=calls,
                audio=audio,
                called=tuple(_whole_calls(data)),
            )
        self._kind = self._form = "chunk"
        return self._read_chunk(data)

    def write(self, key: Key, text: str) -> Any:
        """A piece that adds ``text`` to one text."""
        choice, path = key
        if not path:
            return text
        if self.events is not None and self.events.knows(key):
            return self.events.write(key, text)
        delta = _nested(path, text)
        return {**self._envelope(), **delta} if self._form == "message" else self._chunk(choice, delta, None)

    def refusal(self, text: str, verdict: Mapping[str, Any], choices: tuple[int, ...]) -> Any:
        """The last piece of a stream of dictionaries or chunks that was blocked; None for texts."""
        if self._kind == "text":
            return None
        if self._kind == "event":
            return (self.events or Events()).refusal(text, verdict)
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
        called: list[tuple[str, Any]] = []
        audio: list[Audio] = []
        news = not data["choices"] or bool(data.get("usage"))
        for position, choice in enumerate(data["choices"]):
            if not isinstance(choice, Mapping):
                raise UsageError("the guard cannot read a chunk whose choices are no mappings")
            index = choice["index"] if type(choice.get("index")) is int else position
            delta = choice.get("delta") or {}
            plain = choice.get("text")  # of the older completions
            if not isinstance(delta, Mapping) or not isinstance(plain, str | None):
                raise UsageError("the guard cannot read a chunk whose delta or text is none")
            delta, sound = _without_sound(delta)
            if sound:
                audio.append(Audio(index, self._chunk(index, {"audio": sound}, None)))
            called += _whole_calls(delta)
            found, rest = split(delta)
            calls += [(index, path, name) for path, name in _called(delta)]
            texts = list(_keyed(index, found))
            if isinstance(plain, str) and plain:
                texts.append(Delta((index, ("text",)), plain))
            if choice.get("finish_reason"):
                ends.append(index)
            deltas += texts
            named = set(_names(index, rest))
            news = (
                news or not (texts or sound) or bool(choice.get("finish_reason")) or not named <= self._said
            )
            self._said |= named
            shown = bare({name: item for name, item in choice.items() if name not in ("delta", "logprobs")})
            shown |= {"delta": rest} if "delta" in choice else {}
            shown |= {"logprobs": None} if "logprobs" in choice else {}
            shown |= {"text": ""} if "text" in choice else {}
            rests.append(shown)
        around = bare({name: item for name, item in data.items() if name != "choices"})
        shown_piece = self._typed({**around, "choices": rests}) if news else None
        return Read(
            tuple(deltas),
            tuple(ends),
            shown_piece,
            tuple(calls),
            audio=tuple(audio),
            called=tuple(called),
        )

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
    if not callable(dump) or not hasattr(type(piece), "model_validate"):
        return None
    if not hasattr(piece, "choices") and not isinstance(getattr(piece, "type", None), str):
        return None
    data = dump(exclude_unset=True, warnings=False)  # its warnings quote what they are about
    if not isinstance(data, Mapping):
        return None
    return data if isinstance(data.get("choices"), list) or is_event(data) else None


def _without_sound(delta: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """A delta without its sound, and the sound, which is no text and says the same as its transcript."""
    audio = delta.get("audio")
    if not isinstance(audio, Mapping) or not isinstance(audio.get("data"), str) or not audio["data"]:
        return delta, {}
    sound = {name: bare(audio[name]) for name in ("id", "expires_at") if name in audio}
    rest = {name: item for name, item in audio.items() if name != "data"}
    return {**delta, "audio": rest}, {**sound, "data": audio["data"]}


def _whole_calls(delta: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The calls of tools in a delta that are not said in parts."""
    parts = ("tool_calls", "function_call")
    return tool_calls({name: item for name, item in delta.items() if name not in parts})


def _called(delta: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The place and the name of each tool that a delta begins to call."""
    entries = delta.get("tool_calls")
    for position, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
        for kind in ("function", "custom"):
            inner = entry.get(kind) if isinstance(entry, Mapping) else None
            if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
                yield ("tool_calls", index_of(entry, position), kind), inner["name"]
    inner = delta.get("function_call")
    if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
        yield ("function_call",), inner["name"]


def _keyed(choice: int, texts: list[tuple[tuple[str | int, ...], str]]) -> tuple[Delta, ...]:
    return tuple(Delta((choice, path), text) for path, text in texts)


def _names(choice: int, rest: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[object, ...]]:
    """What a delta says beside its texts: a role, the id and the name of a tool call."""
    if isinstance(rest, Mapping):
        for key, item in rest.items():
            if key not in NAMES:
                yield from _names(choice, item, (*path, str(key)))
            elif item and key not in ("index", "type"):
                yield choice, path, key, str(item)
    elif isinstance(rest, list):
        for item in rest:
            yield from _names(choice, item, (*path, str(index_of(item, 0))))
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
