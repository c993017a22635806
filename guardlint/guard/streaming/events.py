"""Pieces that are events: OpenAI's Responses and Anthropic's messages, as dictionaries or objects.

What an event adds to a text is streamed like any other; one that says a text whole (``response.completed``)
says what was released of it. Requests that are echoed and token probabilities are left out.
The choices of other streams are outputs and content blocks here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from guardlint.errors import UsageError
from guardlint.guard.messages import Path
from guardlint.guard.streaming.plain import Audio, Delta, Key, Read, Whole, bare, split
from guardlint.guard.tools import tool_calls

__all__ = ["CALL", "Event", "Events", "is_event"]

CALL: Final = "tool call"
"""Where the arguments of a call are, with the name of the tool; no field is called like that."""

_ANTHROPIC: Final = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop"}
    | {"message_delta", "message_stop", "ping", "error"}
)
_DELTAS: Final = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_ARGUMENTS: Final = frozenset(
    {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}
    | {"response.mcp_call_arguments.delta", "input_json_delta"}
)
_REPLY: Final = ("text_delta", "response.output_text.delta")
_AUDIO: Final = "response.audio.delta"
_OVER: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "error", "message_delta", "message_stop"}
)
_PLACES: Final = ("output_index", "index")
_PARTS: Final = ("content_index", "summary_index", "annotation_index")
# Of a response; the rest of it is the request's.
_RESPONSE: Final = frozenset(
    {"id", "object", "created_at", "completed_at", "status", "model", "usage", "parallel_tool_calls"}
    | {"tool_choice", "temperature", "top_p", "max_output_tokens", "truncation", "service_tier", "store"}
    | {"previous_response_id", "background", "incomplete_details"}
)
_LEFT_OUT: Final = frozenset({"obfuscation"})


def is_event(data: Mapping[str, Any]) -> bool:
    """Whether it is one of those events."""
    kind = data.get("type")
    return isinstance(kind, str) and (kind in _ANTHROPIC or kind.startswith("response."))


@dataclass(frozen=True, slots=True)
class Event:
    """An event that adds to no text: its data, without the texts that it says whole, and its class."""

    cls: Any
    data: dict[str, Any]

    def filled(self, texts: Mapping[Path, str]) -> Any:
        """The event with these texts."""
        data = self.data
        for path, text in texts.items():
            data = _put(data, path, text)
        return _typed(self.cls, data)


class Events:
    """The events of one stream."""

    __slots__ = ("_around", "_classes", "_count", "_family", "_numbers", "_text")

    def __init__(self) -> None:
        self._around: dict[Key, tuple[Any, dict[str, Any]]] = {}
        self._classes: dict[str, Any] = {}
        self._count = 0
        self._family = ""
        self._numbers: set[int] = set()
        self._text: Key | None = None

    @classmethod
    def like(cls, other: Events) -> Events:
        """Those of another stream from the same place."""
        events = cls()
        events._classes, events._family = dict(other._classes), other._family
        return events

    def read(self, data: Mapping[str, Any], cls: Any) -> Read:
        """Take an event apart; ``cls`` is an object's class.  Raises UsageError for what cannot be read."""
        kind = str(data["type"])
        self._count += 1
        self._classes[kind] = cls
        self._family = "response" if kind.startswith("response.") else self._family or "message"
        number = next((data[name] for name in _PLACES if type(data.get(name)) is int), 0)
        found = _delta(kind, data)
        if found is None:
            return self._whole(kind, number, data, cls)
        self._numbers.add(number)
        what, text, path = found
        around = _without(data, path)
        if what == _AUDIO:
            return Read((), audio=(Audio(number, _typed(cls, {**around, "delta": text})),))
        part = next((data[name] for name in _PARTS if type(data.get(name)) is int), 0)
        key: Key = (number, (CALL, "arguments") if what in _ARGUMENTS else (what, part, *path))
        self._around[key] = (cls, around)
        if what in _REPLY:
            self._text = key
        return Read((Delta(key, text),) if text else ())

    def knows(self, key: Key) -> bool:
        """Whether a text of the stream came in events."""
        return key in self._around

    @staticmethod
    def is_reply(key: Key) -> bool:
        """Whether it is what the model says, not what it thinks, or calls tools with."""
        return key[1][0] in _REPLY

    def write(self, key: Key, text: str) -> Any:
        """An event that adds ``text``."""
        cls, around = self._around[key]
        kind = str(around["type"])
        path = ("delta",) if kind.startswith("response.") else ("delta", _field(around["delta"]))
        return _typed(cls, _put(around, path, text))

    def refusal(self, text: str, verdict: Mapping[str, Any]) -> Any:
        """The last event of a stream that was blocked: more of its text."""
        if self._text is not None:
            cls, around = self._around[self._text]
            piece = _put(around, ("delta",) if "delta" in self._text[1] else ("delta", "text"), text)
            return _typed(cls, piece) if cls is not None else {**piece, "guardlint": dict(verdict)}
        number = max(self._numbers, default=0)
        if self._family == "response":
            kind, more = "response.output_text.delta", {"output_index": number, "content_index": 0}
            piece = {"type": kind, "item_id": "guardlint", **more, "sequence_number": self._count}
            piece |= {"delta": text, "logprobs": []}
        else:
            kind = "content_block_delta"
            piece = {"type": kind, "index": number, "delta": {"type": "text_delta", "text": text}}
        cls = self._classes.get(kind)
        return _typed(cls, piece) if cls is not None else {**piece, "guardlint": dict(verdict)}

    def _whole(self, kind: str, number: int, data: Mapping[str, Any], cls: Any) -> Read:
        shown = {name: item for name, item in data.items() if name not in _LEFT_OUT}
        if isinstance(data.get("response"), Mapping):
            shown["response"] = _response(data["response"])
        shown = _silent(shown)
        texts, rest = split(shown, by_position=True)
        over = kind in _OVER
        ends = kind.endswith((".done", "_stop", ".completed", ".failed")) or over
        self._numbers.add(number)
        wholes = tuple(
            Whole(path, (_number(path, number), ("whole", self._count, *path)), text) for path, text in texts
        )
        calls = tuple((number, (CALL,), name) for name in _begun(kind, data))
        return Read(
            (),
            tuple(sorted(self._numbers)) if over else (number,) if ends else (),
            Event(cls, rest),
            calls,
            wholes,
            again=ends,
            called=tuple(_called(data, begun=bool(calls))),
        )


def _delta(kind: str, data: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]] | None:
    """What an event adds, and where it says so; None when it adds to no text."""
    delta = data.get("delta")
    if kind.startswith("response."):
        return (kind, delta, ("delta",)) if kind.endswith(".delta") and isinstance(delta, str) else None
    if kind != "content_block_delta" or not isinstance(delta, Mapping):
        return None
    what = str(delta.get("type"))
    field = _DELTAS.get(what)
    if field is None or set(delta) - {"type", field} or not isinstance(delta.get(field), str):
        return None
    return what, delta[field], ("delta", field)


def _field(delta: Mapping[str, Any]) -> str:
    return _DELTAS[str(delta["type"])]


def _without(data: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """What stands around the text."""
    plain = {name: item for name, item in data.items() if name not in (*_LEFT_OUT, "logprobs")}
    around: dict[str, Any] = bare(_put(plain, path, ""))
    return {**around, "logprobs": []} if "logprobs" in data else around


def _put(data: Any, path: Path, text: str) -> Any:
    """A copy with ``text`` at ``path``."""
    if not path:
        return text
    copy: Any = list(data) if isinstance(data, list) else dict(data)
    copy[path[0]] = _put(copy[path[0]], path[1:], text)
    return copy


def _response(value: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: bare(item) for name, item in value.items() if name in _RESPONSE}
    kept |= {name: [] for name in ("tools",) if name in value}
    return kept | {name: value[name] for name in ("output", "error") if name in value}


def _silent(value: Any) -> Any:
    """Without sound that has a transcript, and without token probabilities."""
    if isinstance(value, Mapping):
        spoken = "transcript" in value
        return {
            name: [] if name == "logprobs" else "" if spoken and name == "data" else _silent(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_silent(item) for item in value]
    return value


def _number(path: Path, number: int) -> int:
    """The output, or block, that a text stands in."""
    if path[:2] in (("response", "output"), ("message", "content")) and len(path) > 2:
        return path[2] if isinstance(path[2], int) else number
    return number


def _begun(kind: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The name of the tool that an event begins to call."""
    if kind in ("response.output_item.added", "content_block_start"):
        called = data.get("item", data.get("content_block"))
        if isinstance(called, Mapping):
            for name, _ in list(tool_calls(called))[:1]:
                yield name


def _called(data: Mapping[str, Any], *, begun: bool) -> Iterator[tuple[str, Any]]:
    """The calls that an event says whole; one that only begins is not."""
    for name, arguments in tool_calls(data):
        if arguments or not begun:
            yield name, arguments


def _typed(cls: Any, data: dict[str, Any]) -> Any:
    if cls is None:
        return data
    made = cls.model_validate(data)
    if not isinstance(made, cls):
        raise UsageError("the guard cannot make an event of the stream's own class")
    return made
