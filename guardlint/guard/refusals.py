"""What a caller gets on a block: the refusal in the shape of the function's replies, or an exception.

A refusal is made anew from its text, so that nothing of the blocked reply can be in it but its number, its
model and what it cost.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Final, Literal

from guardlint.errors import GuardlintError, UsageError
from guardlint.guard.messages import text_slots
from guardlint.guard.replies import Reply, ReplyKind
from guardlint.guard.shapes import as_plain
from guardlint.guard.verdict import Verdict

__all__ = ["Blocked", "OnBlock", "Shape", "check_on_block", "refusal", "shape_of_hint", "shape_of_reply"]

OnBlock = Literal["message", "exception"] | Callable[[Verdict], Any]
"""``message``: the refusal; ``exception``: raise :class:`Blocked`; or whatever a function makes of it."""

_ABOUT: Final = ("id", "created", "created_at", "model", "usage")


class Blocked(GuardlintError):
    """The guard let a call not through.  ``verdict`` says why; nothing here holds a word of a message."""

    def __init__(self, verdict: Verdict) -> None:
        why = f"the rail {verdict.rail}" if verdict.rail else verdict.reason or "no reason"
        super().__init__(f"the guard blocked the call: {why}")
        self.verdict = verdict

    def __reduce__(self) -> tuple[type[Blocked], tuple[Verdict]]:
        return type(self), (self.verdict,)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the replies of a function look like; ``cls`` is their class, None for texts and dictionaries."""

    kind: ReplyKind = "text"
    cls: type | None = None


def check_on_block(value: object, name: str) -> None:
    """Raises UsageError when ``value`` is not an OnBlock."""
    if value not in (None, "message", "exception") and not callable(value):
        raise UsageError(f"{name} must be `message`, `exception` or a function that takes the verdict")


def shape_of_reply(reply: Reply) -> Shape:
    """The shape of what a function returned."""
    plain = reply.kind in ("text", "list") or isinstance(reply.given, Mapping)
    return Shape(reply.kind, None if plain else type(reply.given))


def shape_of_hint(hint: Any) -> Shape | None:
    """What a return annotation says; None when it says nothing that helps."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        shapes = [shape_of_hint(one) for one in typing.get_args(hint) if one is not NoneType]
        return next((shape for shape in shapes if shape is not None), None)
    kind = typing.get_origin(hint) or hint
    if not isinstance(kind, type):
        return None
    if issubclass(kind, str):
        return Shape("text")
    if issubclass(kind, list):
        return Shape("list")
    names = _field_names(kind)
    if "choices" in names:
        found: ReplyKind = "choices"
    elif "output" in names and "content" not in names:
        found = "output"
    elif "content" in names or issubclass(kind, Mapping):
        found = "message"
    else:
        return None
    return Shape(found, None if issubclass(kind, Mapping) else kind)


def refusal(text: str, shape: Shape, blocked: Any = None) -> Any:
    """``text`` as a reply of that shape; ``blocked`` is the reply that it stands for, where there is one.

    Raises TypeError when the class of the replies cannot hold it.
    """
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if shape.kind == "text":
        return text
    if shape.kind == "list":
        return [message]
    data = message
    if shape.kind == "choices":
        data = _about(blocked, {"id": "guardlint", "created": int(time()), "model": "guardlint"})
        choice = {"index": 0, "message": message, "finish_reason": "content_filter", "logprobs": None}
        data |= {"object": "chat.completion", "choices": [choice]}
    elif shape.kind == "output":
        data = _about(blocked, {"id": "guardlint", "created_at": int(time()), "model": "guardlint"})
        part = {"type": "output_text", "text": text, "annotations": []}
        said = {"type": "message", "id": "guardlint", "status": "completed", **message, "content": [part]}
        data |= {"object": "response", "status": "completed", "output": [said]}
        data |= {"parallel_tool_calls": False, "tool_choice": "auto", "tools": []}
    return data if shape.cls is None else _made(shape.cls, data)


def _about(blocked: Any, default: dict[str, Any]) -> dict[str, Any]:
    """What a reply says of itself: its number, its model and what it cost."""
    told = as_plain(blocked) if blocked is not None else {}
    kept = {name: told[name] for name in _ABOUT if told.get(name) is not None}
    return {**default, **{name: value for name, value in kept.items() if not text_slots({name: value})}}


def _made(cls: type, data: dict[str, Any]) -> Any:
    if cls is SimpleNamespace:
        return _namespace(data)
    names = _field_names(cls)
    fitting = {name: value for name, value in data.items() if name in names}
    make = getattr(cls, "model_validate", None) or getattr(cls, "parse_obj", None)  # pydantic 2 and 1
    if make is not None:
        with contextlib.suppress(Exception):
            return make(fitting)
    if set(fitting) >= {"content"}:
        with contextlib.suppress(Exception):
            return cls(**fitting)
    raise TypeError(f"a refusal cannot be a {cls.__name__}")


def _namespace(value: Any) -> Any:
    if isinstance(value, dict):
        missing = {"refusal": None, "tool_calls": None} if "content" in value and "role" in value else {}
        return SimpleNamespace(**missing, **{name: _namespace(item) for name, item in value.items()})
    return [_namespace(item) for item in value] if isinstance(value, list) else value


def _field_names(cls: type) -> frozenset[str]:
    if dataclasses.is_dataclass(cls):
        return frozenset(field.name for field in dataclasses.fields(cls) if field.init)
    fields = getattr(cls, "model_fields", None) or getattr(cls, "__fields__", None)
    if fields:
        return frozenset(fields)
    return frozenset(name for base in cls.__mro__ for name in inspect.get_annotations(base))
