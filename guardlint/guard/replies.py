"""Replies of chat functions: read whole, whatever shape they have, and given back in that shape.

A reply is a text, an assistant message, a list of either, a chat completion with its choices or a response
with its output, as dictionaries or as the objects of a client library.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final, Literal

from guardlint.errors import UsageError
from guardlint.guard.messages import Message, check_names, text_slots
from guardlint.guard.shapes import as_plain, fields_of, with_changes

__all__ = ["Reply", "ReplyKind", "kept_fields"]

ReplyKind = Literal["text", "message", "list", "choices", "output"]

# What a response repeats of its request: the application's words, not the model's.
_ECHOES: Final = frozenset(
    {"instructions", "tools", "tool_choice", "prompt", "user", "truncation"}
    | {"prompt_cache_key", "safety_identifier", "conversation", "input"}
)
_HELP: Final = "return a text, an assistant message, or the client library's own reply"
_HELP_STREAMED: Final = (
    "make it a generator function (`yield from` the stream, `async for` and `yield` an async one), or use "
    "guard.stream, guard.astream"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply: ``given`` as the function returned it, ``message`` as the guard reads it.

    ``message`` is one assistant message that holds every text of the reply; ``rest`` what is not read.
    """

    given: Any = field(repr=False)
    kind: ReplyKind
    message: Message = field(repr=False)
    rest: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, given: Any) -> Reply:
        """Read a reply.

        Raises UsageError, naming the type only, for what cannot be read: it must not be released unread.
        """
        if isinstance(given, str):
            return cls(given, "text", {"role": "assistant", "content": given}, {})
        if _is_usual(given):
            return cls(given, "message", dict(given), {})
        if inspect.iscoroutine(given):
            given.close()
        data = _read(given)
        if isinstance(data, list):
            return cls(given, "list", {"role": "assistant", "items": data}, {})
        if isinstance(data.get("choices"), list):
            return cls(given, "choices", {**data, "role": "assistant"}, {})
        if isinstance(data.get("output"), list) and "content" not in data:
            echoes = _ECHOES if data.get("object") == "response" else ()
            rest = {name: value for name, value in data.items() if name in echoes}
            said = {name: value for name, value in data.items() if name not in rest}
            return cls(given, "output", {**said, "role": "assistant"}, rest)
        content = data.get("content")
        if content is not None and not isinstance(content, str | list):
            raise _unreadable(given)
        role = data.get("role")
        return cls(given, "message", {**data, "role": role if isinstance(role, str) else "assistant"}, {})

    def give(self, message: Message) -> Any:
        """``message``, this reply's after the output steps, in the shape that was given."""
        if self.kind == "text":
            return message["content"]
        if message is self.message or text_slots(message) == text_slots(self.message):
            return self.given
        new: Any = _matching(message, self.message)
        if self.kind == "list":
            return with_changes(self.given, new["items"])
        plain = as_plain(self.given)
        new = {**new, **self.rest, "role": plain.get("role")}
        return with_changes(self.given, {name: new[name] for name in plain})

    def messages(self, message: Message) -> list[Message]:
        """``message``, this reply's, as messages that a history may hold: of the first choice only."""
        if self.kind == "choices":
            first = message["choices"][0] if message["choices"] else {}
            said = first.get("message") or {"content": first.get("text")}
            return [kept_fields({"role": "assistant", **said})]
        if self.kind == "output":
            return [dict(item) for item in message["output"] if isinstance(item, dict)]
        if self.kind == "list":
            items = [{"content": one} if isinstance(one, str) else one for one in message["items"]]
            return [kept_fields({"role": "assistant", **one}) for one in items if isinstance(one, dict)]
        return [kept_fields(message)]


def _is_usual(given: Any) -> bool:
    """An assistant's text as a dictionary, and nothing beside it."""
    usual = type(given) is dict and len(given) == 2 and given.get("role") == "assistant"
    return usual and isinstance(given.get("content"), str)


def _read(given: Any) -> Any:
    if not isinstance(given, Mapping | list | tuple) and fields_of(given) is None:
        raise _unreadable(given)
    try:
        data = as_plain(given)
        if isinstance(data, dict):
            check_names(data)
    except UsageError as error:
        raise UsageError(f"{error.message}; the reply is not released", help=_HELP) from None
    return data


def _unreadable(given: object) -> UsageError:
    streams = any(hasattr(type(given), name) for name in ("__next__", "__anext__", "__aiter__"))
    return UsageError(
        f"the guard cannot read a reply of type {type(given).__name__} and does not release it",
        help=_HELP_STREAMED if streams else _HELP,
    )


def _matching(value: Any, before: Any) -> Any:
    """``value``, which was ``before``, without what still says the text as it was before it was changed.

    ``logprobs`` spell it token by token; the sound of a transcript that was changed speaks it.
    """
    if isinstance(value, dict):
        old = before if isinstance(before, dict) else {}
        new = {
            name: None if name == "logprobs" else _matching(item, old.get(name))
            for name, item in value.items()
        }
        if isinstance(new.get("transcript"), str) and isinstance(new.get("data"), str):
            return new if new["transcript"] == old.get("transcript") else {**new, "data": ""}
        return new
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        olds = before if isinstance(before, Sequence) and not isinstance(before, str | bytes) else ()
        return [_matching(item, old) for item, old in zip_longest(value, olds[: len(value)])]
    return value


def kept_fields(message: Mapping[str, Any]) -> Message:
    """Without empty fields: a client sends the message back as it is, and not every server takes them."""
    return {
        name: value
        for name, value in message.items()
        if name == "content" or (value not in (None, [], {}) and name not in ("logprobs", "parsed"))
    }
