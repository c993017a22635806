"""How a chat function looks from outside: where its messages come in, and what shape its replies have."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal

from guardlint.errors import UsageError
from guardlint.guard.messages import Message

__all__ = ["ChatFunction", "ReplyShape", "as_reply", "from_reply"]

ReplyShape = Literal["text", "message"]


class ChatFunction:
    """A chat function: ``fn``, whether it is async, where its messages are, how its refusals must look."""

    __slots__ = ("_index", "_last", "_name", "_stated", "fn", "is_async")

    def __init__(
        self, fn: Callable[..., Any], is_async: bool, index: int, name: str | None, stated: ReplyShape | None
    ) -> None:
        self.fn = fn
        self.is_async = is_async
        self._index = index
        self._name = name
        self._stated = stated
        self._last: ReplyShape = "text"

    @classmethod
    def of(cls, fn: Callable[..., Any], reply: ReplyShape | None = None) -> ChatFunction:
        """Read ``fn``.  Raises UsageError when it cannot be guarded."""
        asynchronous = _is_async(fn)
        index, name = _messages_parameter(fn)
        return cls(fn, asynchronous, index, name, reply or _stated_shape(fn))

    @property
    def shape(self) -> ReplyShape:
        """The shape of the next refusal: as stated, else as the last reply was, else a text."""
        return self._stated or self._last

    def learn(self, reply: object) -> None:
        """Note what the function really returned."""
        self._last = "text" if isinstance(reply, str) else "message"

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
        """The messages among the arguments.  Raises UsageError when there are none."""
        if self._name is not None and self._name in kwargs:
            return kwargs[self._name]
        if self._index < len(args):
            return args[self._index]
        raise UsageError(f"the call lacks its {self._name or 'messages'}")

    def put(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], messages: object
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other messages."""
        if self._name is not None and self._name in kwargs:
            return args, {**kwargs, self._name: messages}
        return (*args[: self._index], messages, *args[self._index + 1 :]), kwargs


def _is_async(fn: Callable[..., Any]) -> bool:
    """Whether calling ``fn`` gives a coroutine.

    Raises UsageError for generator functions: they hand text out piece by piece, before the whole reply,
    which is what output rails read, exists.
    """
    called = fn if inspect.isroutine(fn) or isinstance(fn, type) else getattr(fn, "__call__", fn)  # noqa: B004
    if any(
        check(candidate)
        for check in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for candidate in (fn, called)
    ):
        raise UsageError(
            "guardlint refuses to wrap a generator function: it would release text before it is checked",
            help="pass a function that returns the whole reply",
        )
    if not callable(fn):
        raise UsageError(f"a chat function must be callable, not {type(fn).__name__}")
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(called)


def _messages_parameter(fn: Callable[..., Any]) -> tuple[int, str | None]:
    """Where the messages are: the position, and the name when they may be passed by name.

    It is the parameter ``messages``, else the first after ``self`` or ``cls``.  Raises UsageError.
    """
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return 0, "messages"
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for index, parameter in enumerate(parameters):
        if parameter.name == "messages":
            return index, "messages"
    for index, parameter in enumerate(parameters):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return index, None
        if parameter.kind in positional and not (index == 0 and parameter.name in ("self", "cls")):
            return index, parameter.name if parameter.kind is positional[1] else None
    raise UsageError("a chat function must take the messages (or the prompt) as a parameter")


def _stated_shape(fn: Callable[..., Any]) -> ReplyShape | None:
    """What the return annotation says, None when it says nothing or something else."""
    try:
        hint = typing.get_type_hints(fn).get("return")
    except Exception:  # noqa: BLE001 - annotations may name anything, also what cannot be imported
        return None
    if hint is str:
        return "text"
    origin = typing.get_origin(hint) or hint
    return "message" if isinstance(origin, type) and issubclass(origin, Mapping) else None


def as_reply(reply: object) -> Message:
    """The function's reply as an assistant message.

    Raises UsageError, naming the type only, for what cannot be read: it must not be released unread.
    """
    if isinstance(reply, str):
        return {"role": "assistant", "content": reply}
    content = reply.get("content") if isinstance(reply, Mapping) else 0
    if isinstance(reply, Mapping) and (content is None or isinstance(content, str | list)):
        return dict(reply) if isinstance(reply.get("role"), str) else {"role": "assistant", **reply}
    if inspect.iscoroutine(reply):
        reply.close()
    raise UsageError(
        f"the guard cannot read a reply of type {type(reply).__name__} and does not release it",
        help="return the text, or the assistant message as a dictionary",
    )


def from_reply(message: Message, like: object) -> Any:
    """The message in the shape of ``like``, the reply it was made from."""
    if isinstance(like, str):
        return message["content"]
    if isinstance(like, Mapping) and "role" not in like:
        return {key: value for key, value in message.items() if key != "role"}
    return message
