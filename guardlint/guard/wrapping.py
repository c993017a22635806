"""How a chat function looks from outside: where its messages come in, and what shape its replies have."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from guardlint.errors import UsageError
from guardlint.guard.refusals import OnBlock, Shape, check_on_block, shape_of_hint, shape_of_reply
from guardlint.guard.replies import Reply

__all__ = ["ChatFunction", "Kind", "ReplyShape", "refuse_generator"]

Kind = Literal["sync", "async", "generator", "async-generator"]
ReplyShape = Literal["text", "message", "chat-completion", "response"] | type
"""How refusals look; a class is that of the replies, for example ``openai.types.chat.ChatCompletion``."""

_SHAPES: Final = {
    "text": Shape("text"),
    "message": Shape("message"),
    "chat-completion": Shape("choices"),
    "response": Shape("output"),
}
_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Place:
    """Where one argument of a function is: its position, None when it has none, and its name, if any."""

    __slots__ = ("default", "index", "name")

    def __init__(self, index: int | None, name: str | None, default: Any = None) -> None:
        self.index = index
        self.name = name
        self.default = default

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The argument.  Raises KeyError when the call lacks it."""
        if self.name is not None and self.name in kwargs:
            return kwargs[self.name]
        if self.index is not None and self.index < len(args):
            return args[self.index]
        raise KeyError(self.name)

    def put(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with another value here."""
        by_name = self.name is not None and self.name in kwargs
        if self.index is not None and not by_name and self.index < len(args):
            return (*args[: self.index], value, *args[self.index + 1 :]), kwargs
        return args, {**kwargs, str(self.name): value}


class ChatFunction:
    """A chat function: ``fn``, its ``kind``, where its messages are, how its refusals must look.

    ``on_block`` and ``on_error`` are as stated for this function, None where nothing was said.
    """

    __slots__ = ("_context", "_last", "_messages", "_stated", "fn", "kind", "on_block", "on_error")

    def __init__(self, fn: Callable[..., Any], kind: Kind, messages: Place, context: Place | None) -> None:
        self.fn = fn
        self.kind = kind
        self.on_block: OnBlock | None = None
        self.on_error: OnBlock | None = None
        self._messages = messages
        self._context = context
        self._stated: Shape | None = None
        self._last = Shape()

    @classmethod
    def of(
        cls,
        fn: Callable[..., Any],
        reply: ReplyShape | None = None,
        *,
        messages: str | None = None,
        context: str | None = None,
        on_block: OnBlock | None = None,
        on_error: OnBlock | None = None,
    ) -> ChatFunction:
        """Read ``fn``; ``messages`` and ``context`` name its parameters.

        Raises UsageError when it cannot be guarded.
        """
        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        kind = _kind(fn)
        place = _messages_place(fn) if messages is None else _named(fn, messages)
        chat = cls(fn, kind, place, None if context is None else _named(fn, context))
        chat.on_block, chat.on_error = on_block, on_error
        chat._stated = _shape_of(reply) if reply is not None else shape_of_hint(_hint(fn))
        return chat

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine."""
        return self.kind == "async"

    @property
    def shape(self) -> Shape:
        """The shape of the next refusal: as stated, else as the last reply was, else a text."""
        return self._stated or self._last

    def learn(self, reply: Reply) -> None:
        """Note what the function really returned."""
        self._last = shape_of_reply(reply)

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The messages among the arguments.  Raises UsageError when there are none."""
        try:
            return self._messages.take(args, kwargs)
        except KeyError:
            raise UsageError(f"the call lacks its {self._messages.name or 'messages'}") from None

    def put(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], messages: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other messages."""
        return self._messages.put(args, kwargs, messages)

    def insert(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], messages: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with messages, which are not among them yet."""
        index = self._messages.index
        if index is not None and index <= len(args):
            return (*args[:index], messages, *args[index:]), kwargs
        return self._messages.put(args, kwargs, messages)

    def take_context(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The retrieved texts among the arguments, or their default; None without any."""
        if self._context is None:
            return None
        try:
            return self._context.take(args, kwargs)
        except KeyError:
            return self._context.default

    def put_context(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], context: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other retrieved texts."""
        return (args, kwargs) if self._context is None else self._context.put(args, kwargs, context)


def refuse_generator(chat: ChatFunction) -> None:
    """Raises UsageError for generator functions where one reply is wanted."""
    if chat.kind in ("generator", "async-generator"):
        raise UsageError(
            "a generator function has no single reply",
            help="iterate over guard.wrap(fn)(messages): it yields what may be released",
        )


def _kind(fn: Callable[..., Any]) -> Kind:
    """What calling ``fn`` gives.  Raises UsageError for what cannot be called."""
    if not callable(fn):
        raise UsageError(f"a chat function must be callable, not {type(fn).__name__}")
    plain = fn
    while isinstance(plain, functools.partial):
        plain = plain.func
    is_function = inspect.isroutine(plain) or isinstance(plain, type)
    called = plain if is_function else getattr(plain, "__call__", plain)  # noqa: B004
    for candidate in (plain, called):
        if inspect.isasyncgenfunction(candidate):
            return "async-generator"
        if inspect.isgeneratorfunction(candidate):
            return "generator"
        if inspect.iscoroutinefunction(candidate):
            return "async"
    return "sync"


def _parameters(fn: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None


def _messages_place(fn: Callable[..., Any]) -> Place:
    """It is the parameter ``messages``, else the first after ``self`` or ``cls``.  Raises UsageError."""
    parameters = _parameters(fn)
    if parameters is None:
        return Place(0, "messages")
    if any(parameter.name == "messages" for parameter in parameters):
        return _named(fn, "messages")
    for index, parameter in enumerate(parameters):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return Place(index, None)
        if parameter.kind in _POSITIONAL and not (index == 0 and parameter.name in ("self", "cls")):
            return Place(index, parameter.name if parameter.kind is _POSITIONAL[1] else None)
    raise UsageError("a chat function must take the messages (or the prompt) as a parameter")


def _named(fn: Callable[..., Any], name: str) -> Place:
    """The parameter of that name.  Raises UsageError when there is none."""
    parameters = _parameters(fn) or []
    for index, parameter in enumerate(parameters):
        if parameter.name == name:
            default = None if parameter.default is inspect.Parameter.empty else parameter.default
            by_name = parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
            return Place(index if parameter.kind in _POSITIONAL else None, name if by_name else None, default)
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return Place(None, name)
    raise UsageError(f"the function has no parameter {name}")


def _shape_of(reply: ReplyShape) -> Shape:
    shape = _SHAPES.get(reply) if isinstance(reply, str) else shape_of_hint(reply)
    if shape is None:
        raise UsageError(f"reply must be one of {', '.join(_SHAPES)}, or the class of the replies")
    return shape


def _hint(fn: Callable[..., Any]) -> Any:
    """The annotation of what is returned, None when it says nothing or something else."""
    try:
        return typing.get_type_hints(fn).get("return")
    except Exception:  # noqa: BLE001 - annotations may name anything, also what cannot be imported
        return None
