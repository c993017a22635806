"""Where a chat function takes its messages, and other arguments that the guard reads."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from guardlint.errors import UsageError

__all__ = ["Arguments", "Place", "messages_place", "named_place", "parameters_of"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""The positional and the named arguments of a call."""

_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_MANY: Final = inspect.Parameter.VAR_POSITIONAL
_ANY_NAME: Final = inspect.Parameter.VAR_KEYWORD
_MESSAGES: Final = "messages"


class Place:
    """Where one argument of a function is: its position, None when it has none, and its names, if any.

    ``many``: each argument from that position on is one message (``*messages``).
    """

    __slots__ = ("default", "index", "many", "names")

    def __init__(
        self, index: int | None, *names: str | None, default: Any = None, many: bool = False
    ) -> None:
        self.index = index
        self.names = tuple(name for name in names if name is not None)
        self.default = default
        self.many = many

    @property
    def shown(self) -> str:
        """What an error calls it."""
        return self.names[0] if self.names else _MESSAGES

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The argument.  Raises KeyError when the call lacks it."""
        for name in self.names:
            if name in kwargs:
                return kwargs[name]
        if self.index is None or self.index >= len(args):
            raise KeyError(self.shown)
        return args[self.index :] if self._is_spread(args) else args[self.index]

    def put(self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Arguments:
        """The arguments with another value here."""
        for name in self.names:
            if name in kwargs:
                return args, {**kwargs, name: value}
        if self.index is not None and self.index < len(args):
            if self._is_spread(args):
                return (*args[: self.index], *value), kwargs
            return (*args[: self.index], value, *args[self.index + 1 :]), kwargs
        if not self.names:
            return (*args, value), kwargs
        return args, {**kwargs, self.names[-1]: value}

    def insert(self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Arguments:
        """The arguments with a value that is not among them yet."""
        if self.index is not None and self.index <= len(args):
            values = value if self.many else (value,)
            return (*args[: self.index], *values, *args[self.index :]), kwargs
        return self.put(args, kwargs, value)

    def _is_spread(self, args: tuple[Any, ...]) -> bool:
        """Whether the messages stand one by one; a single list or text is all of them."""
        given = args[self.index :]
        return self.many and not (len(given) == 1 and isinstance(given[0], str | list | tuple))


def messages_place(fn: Callable[..., Any]) -> Place:
    """It is the parameter ``messages``, else the first after ``self`` or ``cls``.  Raises UsageError.

    A function that takes any names may be given ``messages`` by name in any case.
    """
    parameters = parameters_of(fn)
    if parameters is None:
        return Place(0, _MESSAGES)
    if any(parameter.name == _MESSAGES and parameter.kind is not _ANY_NAME for parameter in parameters):
        return named_place(fn, _MESSAGES)
    free = _MESSAGES if any(parameter.kind is _ANY_NAME for parameter in parameters) else None
    for index, parameter in enumerate(parameters):
        if parameter.kind is _MANY:
            return Place(index, free)
        if parameter.kind in _POSITIONAL and not (index == 0 and parameter.name in ("self", "cls")):
            return Place(index, free, parameter.name if parameter.kind is _POSITIONAL[1] else None)
    if free:
        return Place(None, free)
    raise UsageError(
        "a chat function must take the messages (or the prompt) as a parameter",
        help="name it with messages=... if it can only be given by name",
    )


def named_place(fn: Callable[..., Any], name: str) -> Place:
    """The parameter of that name.  Raises UsageError when there is none."""
    parameters = parameters_of(fn) or []
    for index, parameter in enumerate(parameters):
        if parameter.name == name and parameter.kind is _MANY:
            return Place(index, many=True)
        if parameter.name == name and parameter.kind is not _ANY_NAME:
            default = None if parameter.default is inspect.Parameter.empty else parameter.default
            by_name = parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
            return Place(
                index if parameter.kind in _POSITIONAL else None, name if by_name else None, default=default
            )
    if any(parameter.kind is _ANY_NAME for parameter in parameters):
        return Place(None, name)
    raise UsageError(f"the function has no parameter {name}")


def parameters_of(fn: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """What the signature says; None where there is none to be had."""
    try:
        return list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None
