"""Which parameters of a chat function hold what its model reads.

Functions have more of them than one: ``chat(message, history)``, ``ask(model, prompt)``,
``answer(question, system=...)``.  A parameter is known by its name.  What has a name that holds words of a
conversation is read or refused, never passed by: text that goes to a model unread is a hole.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from guardlint.errors import UsageError
from guardlint.guard.places import Place, messages_place, named_place, parameters_of

__all__ = ["Kind", "Parameters", "read_parameters"]

Kind = Literal["messages", "system"]
"""How a parameter before the messages is read: as earlier turns, or as the application's own words."""

# Whole conversations before single turns (OpenAI's responses take `input`, and beside it the number of a
# `prompt`), and last the names that may also be those of a material. One that must be given leads.
_TURN: Final = (
    *("messages", "message", "input", "inputs", "prompt", "question", "query"),
    *("user_input", "user_message", "user_prompt", "user_query", "user_text", "msg"),
    *("text", "content", "contents"),
)
_HISTORY: Final = (
    *("history", "chat_history", "message_history", "conversation_history", "conversation"),
    *("previous_messages", "past_messages"),
)
_SYSTEM: Final = ("system", "system_prompt", "system_message", "system_instruction", "instructions")
_RETRIEVED: Final = (
    *("context", "documents", "docs", "chunks", "relevant_chunks", "passages"),
    *("retrieved", "retrieved_documents", "context_documents"),
)
_ANY_NAME: Final = inspect.Parameter.VAR_KEYWORD
_MANY: Final = inspect.Parameter.VAR_POSITIONAL
# What functions take beside the messages. It only helps to find them where no name tells.
_NO_TEXT: Final = re.compile(
    r"(?:\w+_)?(?:ids?|key|token|model|client|config|settings|options|params|request|session|user|tenant|name"
    r"|lang|language|locale|temperature|top_[pk]|max_tokens|seed|timeout|limit|db|logger|llm|agent|tools?|mode"
    r"|callbacks?|headers|stream|n|k)"
)
_NUMBERS: Final = (int, float, bool, "int", "float", "bool")


@dataclass(frozen=True, slots=True)
class Parameters:
    """``main`` holds the messages, those of ``before`` what stands before them, in that order.

    ``context`` holds retrieved texts.  ``unread`` need not be given; what is given there is refused.
    """

    main: Place
    before: tuple[tuple[Kind, Place], ...] = ()
    context: Place | None = None
    unread: tuple[Place, ...] = ()


def read_parameters(
    fn: Callable[..., Any], messages: str | Sequence[str] | None = None, context: str | None = None
) -> Parameters:
    """Where ``fn`` takes its messages.

    ``messages`` names the parameter of the newest ones; several names are all parameters that the model
    reads, in their order, and nothing else is looked for then.  Raises UsageError where the names leave open
    what would be read.
    """
    retrieved = None if context is None else named_place(fn, context)
    if messages is not None and not isinstance(messages, str):
        return _stated(fn, tuple(messages), retrieved)
    parameters = parameters_of(fn)
    if parameters is None:
        place = messages_place(fn) if messages is None else named_place(fn, messages)
        return Parameters(place, (), retrieved)
    named = {one.name: one for one in parameters if one.kind is not _ANY_NAME}
    open_ended = any(one.kind is _ANY_NAME for one in parameters)
    called = sorted((name for name in _TURN if name in named), key=lambda name: not _is_wanted(named[name]))
    main = messages or next(iter(called), None)
    place = named_place(fn, main) if main is not None else _unnamed(fn, parameters)
    taken = {main, context, *place.names}
    system = [name for name in _SYSTEM if name not in taken and (name in named or open_ended)]
    history = [name for name in _HISTORY if name not in taken and (name in named or open_ended)]
    turns = [name for name in _TURN if name not in taken and (name in named or open_ended)]
    _refuse_several([name for name in turns if _is_wanted(named.get(name))], place, "messages", "messages")
    if retrieved is None:
        texts = [name for name in _RETRIEVED if name in named and name not in taken]
        _refuse_several(texts[1:], None, "retrieved texts", "context", texts)
        retrieved = named_place(fn, texts[0]) if texts else None
        turns += [name for name in _RETRIEVED if open_ended and name not in (*taken, *texts)]
    before: list[tuple[Kind, Place]] = [("system", named_place(fn, name)) for name in system]
    before += [("messages", named_place(fn, name)) for name in history]
    return Parameters(place, tuple(before), retrieved, tuple(named_place(fn, name) for name in turns))


def _stated(fn: Callable[..., Any], names: tuple[str, ...], context: Place | None) -> Parameters:
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise UsageError('messages must name parameters, each once: messages=("history", "message")')
    before = tuple((_kind_of(name), named_place(fn, name)) for name in names[:-1])
    return Parameters(named_place(fn, names[-1]), before, context)


def _kind_of(name: str) -> Kind:
    return "system" if name in _SYSTEM else "messages"


def _unnamed(fn: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> Place:
    """No parameter is called like messages: the only one that can be them.  Raises UsageError for more."""
    own = parameters[1:] if parameters and parameters[0].name in ("self", "cls") else parameters
    known = {*_HISTORY, *_SYSTEM, *_RETRIEVED}
    open_ones = [one for one in own if _is_wanted(one) and one.name not in known and _can_be_text(one)]
    if len(open_ones) > 1:
        _refuse_several([one.name for one in open_ones], None, "messages", "messages")
    if open_ones:
        return named_place(fn, open_ones[0].name)
    # None that has to be given and says what it is: a history alone, or whatever comes first.
    history = next((one.name for one in own if one.name in _HISTORY), None)
    return messages_place(fn) if history is None else named_place(fn, history)


def _is_wanted(parameter: inspect.Parameter | None) -> bool:
    """Whether a call without it is none."""
    if parameter is None or parameter.kind in (_ANY_NAME, _MANY):
        return False
    return parameter.default is inspect.Parameter.empty


def _can_be_text(parameter: inspect.Parameter) -> bool:
    return parameter.annotation not in _NUMBERS and not _NO_TEXT.fullmatch(parameter.name)


def _refuse_several(
    more: Sequence[str], main: Place | None, what: str, option: str, names: Sequence[str] = ()
) -> None:
    if not more:
        return
    shown = list(names) or [*([main.shown] if main is not None else []), *more]
    asked = f'say which: guard.wrap(..., {option}="{shown[0]}")'
    if option == "messages":
        listed = ", ".join(map(_quoted, shown))
        asked = f"name all that the model reads, in their order: guard.wrap(..., messages=({listed}))"
    raise UsageError(
        f"the function has several parameters that may hold {what}: {', '.join(shown)}",
        help=asked,
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
