"""How a chat function looks from outside: where its messages come in, and what shape its replies have."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

from guardlint.errors import UsageError
from guardlint.guard.conversations import Conversation
from guardlint.guard.gathering import Gathered, gather
from guardlint.guard.messages import Message
from guardlint.guard.parameters import Parameters, read_parameters
from guardlint.guard.places import Arguments
from guardlint.guard.refusals import OnBlock, Shape, check_on_block, shape_of_hint, shape_of_reply
from guardlint.guard.replies import Reply

__all__ = ["TRUSTED_ROLES", "ChatFunction", "Kind", "Options", "ReplyShape", "expect", "untrusted_roles"]

Kind = Literal["sync", "async", "generator", "async-generator"]
ReplyShape = Literal["text", "message", "chat-completion", "response"] | type
"""How refusals look; a class is that of the replies, for example ``openai.types.chat.ChatCompletion``."""

TRUSTED_ROLES: Final = ("system", "developer")
"""The roles of what the application itself says to its model."""
_SHAPES: Final = {
    "text": Shape("text"),
    "message": Shape("message"),
    "chat-completion": Shape("choices"),
    "response": Shape("output"),
}
_NEEDS: Final[dict[Kind, str]] = {
    "sync": "a sync function needs `{}.call(...)`",
    "async": "an async function needs `await {}.acall(...)`",
    "generator": "a generator function has no single reply: it needs `{}.stream(...)`",
    "async-generator": "an async generator function has no single reply: it needs `{}.astream(...)`",
}


class Options(TypedDict, total=False):
    """What can be said of one function.

    ``reply`` is the shape of its replies; ``messages`` and ``context`` name its parameters; ``on_block`` and
    ``on_error`` are what a caller gets; ``trusted_roles`` the roles that no rail judges.
    """

    reply: ReplyShape | None
    messages: str | Sequence[str] | None
    context: str | None
    on_block: OnBlock | None
    on_error: OnBlock | None
    trusted_roles: Sequence[str] | None


class ChatFunction:
    """A chat function: ``fn``, its ``kind``, where its messages are, how its refusals must look.

    ``on_block``, ``on_error`` and ``untrusted``, the roles that are judged all the same, are as stated for
    this function, None where nothing was said.
    """

    __slots__ = (
        "_last",
        "_parameters",
        "_stated",
        "fn",
        "kind",
        "on_block",
        "on_error",
        "pieces",
        "untrusted",
    )

    def __init__(self, fn: Callable[..., Any], kind: Kind, parameters: Parameters) -> None:
        self.fn = fn
        self.kind = kind
        self.on_block: OnBlock | None = None
        self.on_error: OnBlock | None = None
        self.untrusted: frozenset[str] | None = None
        self.pieces: Any = None
        """What the pieces of its last stream looked like."""
        self._parameters = parameters
        self._stated: Shape | None = None
        self._last = Shape()

    @classmethod
    def of(
        cls,
        fn: Callable[..., Any],
        reply: ReplyShape | None = None,
        *,
        messages: str | Sequence[str] | None = None,
        context: str | None = None,
        on_block: OnBlock | None = None,
        on_error: OnBlock | None = None,
        trusted_roles: Sequence[str] | None = None,
    ) -> ChatFunction:
        """Read ``fn``; ``messages`` and ``context`` name its parameters.

        Raises UsageError when it cannot be guarded.
        """
        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        kind = _kind(fn)
        chat = cls(fn, kind, read_parameters(fn, messages, context))
        chat.on_block, chat.on_error = on_block, on_error
        chat.untrusted = None if trusted_roles is None else untrusted_roles(trusted_roles)
        chat._stated = _shape_of(reply) if reply is not None else shape_of_hint(_hint(fn))
        return chat

    @property
    def shape(self) -> Shape:
        """The shape of the next refusal: as stated, else as the last reply was, else a text."""
        return self._stated or self._last

    def learn(self, reply: Reply) -> None:
        """Note what the function really returned."""
        self._last = shape_of_reply(reply)

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Conversation | Gathered:
        """The messages among the arguments.  Raises UsageError when there are none."""
        parameters = self._parameters
        try:
            if parameters.before or parameters.unread:
                return gather(parameters, args, kwargs)
            return Conversation.of(parameters.main.take(args, kwargs))
        except KeyError:
            raise UsageError(
                f"the call lacks its {parameters.main.shown}",
                help='where another parameter holds the messages, name it: guard.wrap(..., messages="...")',
            ) from None

    def put(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: Conversation | Gathered,
        messages: Sequence[Message],
    ) -> Arguments:
        """The arguments with ``messages`` in the place of those that were ``read``."""
        if isinstance(read, Gathered):
            return read.put(args, kwargs, messages)
        return self._parameters.main.put(args, kwargs, read.give(messages))

    def insert(self, args: tuple[Any, ...], kwargs: dict[str, Any], messages: Any) -> Arguments:
        """The arguments with messages, which are not among them yet."""
        return self._parameters.main.insert(args, kwargs, messages)

    def take_context(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The retrieved texts among the arguments, or their default; None without any."""
        place = self._parameters.context
        if place is None:
            return None
        try:
            return place.take(args, kwargs)
        except KeyError:
            return place.default

    def put_context(self, args: tuple[Any, ...], kwargs: dict[str, Any], context: Any) -> Arguments:
        """The arguments with other retrieved texts."""
        place = self._parameters.context
        return (args, kwargs) if place is None else place.put(args, kwargs, context)


def untrusted_roles(roles: Sequence[str]) -> frozenset[str]:
    """The others of :data:`TRUSTED_ROLES`.  Raises UsageError for what are no names of these."""
    if isinstance(roles, str) or not all(role in TRUSTED_ROLES for role in roles):
        raise UsageError(
            "trusted_roles may hold `system` and `developer`",
            help="trusted_roles=() where a client writes the list of messages",
        )
    return frozenset(TRUSTED_ROLES).difference(roles)


def expect(chat: ChatFunction, kinds: tuple[Kind, ...], holder: str) -> None:
    """Raises UsageError for a function of another kind, and names what of ``holder`` it is for."""
    if chat.kind not in kinds:
        raise UsageError(_NEEDS[chat.kind].format(holder))


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
