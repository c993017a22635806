"""Messages that a call gives in several arguments, read as one conversation and given back one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from guardlint.errors import UsageError
from guardlint.guard.conversations import Conversation
from guardlint.guard.messages import Message
from guardlint.guard.parameters import Kind, Parameters
from guardlint.guard.places import Arguments, Place
from guardlint.guard.shapes import as_plain, with_changes

__all__ = ["Gathered", "gather"]

_NOT_GIVEN: Final = ("NotGiven", "Omit")  # how clients' libraries say that an argument is not there
_PAIR: Final = 2


class _Part(Protocol):
    @property
    def messages(self) -> tuple[Message, ...]: ...

    def give(self, messages: Sequence[Message], /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """The arguments of one call: ``messages`` are those of all of them, in the order of the conversation."""

    messages: tuple[Message, ...] = field(repr=False)
    parts: tuple[tuple[Place, _Part], ...] = field(repr=False)

    def put(self, args: tuple[Any, ...], kwargs: dict[str, Any], messages: Sequence[Message]) -> Arguments:
        """The arguments with ``messages``, those of this conversation after the input steps."""
        start = 0
        for place, part in self.parts:
            end = start + len(part.messages)
            args, kwargs = place.put(args, kwargs, part.give(messages[start:end]))
            start = end
        return args, kwargs

    def newest(self, messages: Sequence[Message]) -> list[Message]:
        """Those of the last argument: the others come again with the next call."""
        return list(messages[len(messages) - len(self.parts[-1][1].messages) :])


def gather(parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Gathered:
    """Read what the call gives.  Raises UsageError for what cannot be read, KeyError without messages."""
    newest = parameters.main.take(args, kwargs)
    for place in parameters.unread:
        if _is_text(place, _given(place, args, kwargs)):
            raise UsageError(
                f"the call gives {place.shown} beside {parameters.main.shown}, and the guard reads it not",
                help="name all parameters that the model reads, in their order: "
                f'guard.wrap(..., messages=("{place.shown}", "{parameters.main.shown}"))',
            )
    parts: list[tuple[Place, _Part]] = []
    for kind, place in parameters.before:
        value = _given(place, args, kwargs)
        if value is not None:
            parts.append((place, _read(kind, value, place.shown)))
    parts.append((parameters.main, Conversation.of(newest)))
    return Gathered(tuple(message for _, part in parts for message in part.messages), tuple(parts))


def _given(place: Place, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The argument; None where the call leaves it to its default, which the application wrote."""
    try:
        value = place.take(args, kwargs)
    except KeyError:
        return None
    return None if type(value).__name__ in _NOT_GIVEN else value


def _is_text(place: Place, value: Any) -> bool:
    """Whether it may hold words.  OpenAI's responses take the settings of their format as ``text``."""
    if value is None or isinstance(value, int | float | bool):
        return False
    return bool(value) and not (place.shown == "text" and isinstance(value, Mapping))


def _read(kind: Kind, value: Any, name: str) -> _Part:
    if isinstance(value, str):
        return _Text(value, {"role": "system" if kind == "system" else "user", "content": value})
    if not isinstance(value, list | tuple):
        raise UsageError(
            f"{name} must be a text or a list, not {type(value).__name__}",
            help='where it holds no words for the model, say what does: messages=("message",)',
        )
    if kind == "system" and not any(_has_role(item) for item in value):
        return _Text(value, {"role": "system", "content": as_plain(value)})
    if value and all(isinstance(item, list | tuple) for item in value):
        return _Pairs.of(value, name)
    return Conversation.of(value)


def _has_role(item: Any) -> bool:
    return "role" in item if isinstance(item, Mapping) else hasattr(item, "role")


@dataclass(frozen=True, slots=True)
class _Text:
    """One text, or the parts of one message."""

    given: Any = field(repr=False)
    message: Message = field(repr=False)

    @property
    def messages(self) -> tuple[Message, ...]:
        return (self.message,)

    def give(self, messages: Sequence[Message]) -> Any:
        return with_changes(self.given, messages[0]["content"])


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What was said and what was answered, pair by pair; either may be None."""

    given: Sequence[Any] = field(repr=False)
    messages: tuple[Message, ...] = field(repr=False)

    @classmethod
    def of(cls, given: Sequence[Any], name: str) -> _Pairs:
        messages: list[Message] = []
        for pair in given:
            if len(pair) != _PAIR or not all(one is None or isinstance(one, str) for one in pair):
                raise UsageError(f"the items of {name} must be messages, or pairs of texts")
            for role, text in zip(("user", "assistant"), pair, strict=True):
                if text is not None:
                    messages.append({"role": role, "content": text})
        return cls(given, tuple(messages))

    def give(self, messages: Sequence[Message]) -> Any:
        said = iter(messages)
        back = [
            type(pair)([None if one is None else next(said)["content"] for one in pair])
            for pair in self.given
        ]
        return tuple(back) if isinstance(self.given, tuple) else back
