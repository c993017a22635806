"""The object that hosts hold: loads a verified bundle and puts its rails around chat functions."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, Self, TypeVar, Unpack, cast, overload

from guardlint.errors import UsageError
from guardlint.guard.audit import Audit, AuditLog, Record
from guardlint.guard.bare import alone, bare
from guardlint.guard.checks import Checks
from guardlint.guard.life import CLOSE_SECONDS
from guardlint.guard.refusals import OnBlock, check_on_block
from guardlint.guard.running import arun_turn, guarded_call, run_turn
from guardlint.guard.service import Bundle, Service
from guardlint.guard.session import Session
from guardlint.guard.streamed import AsyncStreamed, Ending, Streamed
from guardlint.guard.streaming.generators import guarded_stream
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Result, Verdict
from guardlint.guard.wrapping import (
    TRUSTED_ROLES,
    ChatFunction,
    Kind,
    Options,
    expect,
    untrusted_roles,
)
from guardlint.pii import Pseudonyms

__all__ = ["AuditSink", "Guard"]

P = ParamSpec("P")
R = TypeVar("R")
AuditSink = AuditLog | str | os.PathLike[str] | Callable[[Record], object] | None

_OWN = "__guardlint__"  # what a wrapped function says of itself: its guard and how it was read


class Guard(Checks):
    """The rails of one bundle.  Make it with :meth:`load`, share it between threads and event loops.

    Whatever fails blocks.  Nothing it logs, raises or records holds a word of a message.
    """

    def __init__(
        self,
        bundle: Bundle,
        audit: AuditSink = None,
        *,
        on_block: OnBlock = "message",
        on_error: OnBlock | None = None,
        trusted_roles: Sequence[str] = TRUSTED_ROLES,
        now: datetime | None = None,
    ) -> None:
        """Start the rails of a bundle that is verified already.  Most callers want :meth:`load`."""
        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        self._untrusted = untrusted_roles(trusted_roles)
        self._last: contextvars.ContextVar[Verdict | None] = contextvars.ContextVar("guardlint", default=None)
        self._wishes: tuple[OnBlock | None, OnBlock | None] = (on_block, on_error)
        sink = AuditLog(audit) if isinstance(audit, str | os.PathLike) else audit
        self._service = Service(bundle, Audit(sink), now)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        trust: Any,
        audit: AuditSink = None,
        now: datetime | None = None,
        on_block: OnBlock = "message",
        on_error: OnBlock | None = None,
        trusted_roles: Sequence[str] = TRUSTED_ROLES,
    ) -> Self:
        """Verify the bundle at ``path`` and start its rails (seconds: NeMo and Presidio are imported).

        ``trust`` says whose signatures count (``guardlint.bundle.trust.load_trust``); ``audit`` is where one
        record per call goes: a file, an :class:`AuditLog` or a callable; ``now`` the time for the bundle's
        dates, by default the clock's.  ``on_block`` is what a caller gets on a block: the refusal
        (``message``), a :class:`~guardlint.guard.refusals.Blocked` (``exception``), or what a function makes
        of the verdict; ``on_error`` the same where something broke, by default as ``on_block``.
        ``trusted_roles`` are the roles of what the application itself says: name none where a client writes
        the list of messages, and the input rails judge its ``system`` turns like a user's.

        Raises VerificationError before anything of an untrusted bundle is read, ConfigError when a half does
        not load or the bundle requires an audit and there is none, RuntimeUnavailable when the runtime extra
        is missing.
        """
        from guardlint.bundle.verify import verify_bundle

        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        untrusted_roles(trusted_roles)
        bundle = verify_bundle(Path(path), trust, now=now)
        return cls(bundle, audit, on_block=on_block, on_error=on_error, trusted_roles=trusted_roles, now=now)

    @property
    def last_verdict(self) -> Verdict | None:
        """The verdict on the last call that this guard saw in the current thread or task; else None."""
        return self._last.get()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many calls this guard has seen in this process, by verdict, and how many of them had an error
        or were degraded."""
        return self._service.counts.now()

    @property
    def expires(self) -> datetime | None:
        """When the bundle expires, and with it this guard: every call is blocked from then on."""
        return self._service.expiry.end

    @overload
    def protect(self, fn: Callable[P, R], /, **options: Unpack[Options]) -> Callable[P, R]: ...

    @overload
    def protect(
        self, fn: None = None, /, **options: Unpack[Options]
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def protect(self, fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Decorate a chat function: see :meth:`wrap`."""
        return functools.partial(self.wrap, **options) if fn is None else self.wrap(fn, **options)

    def wrap(self, fn: Callable[P, R], **options: Unpack[Options]) -> Callable[P, R]:
        """``fn`` between input and output rails, sync or async as it is, with its signature.

        ``fn`` takes messages (a list of dictionaries or of a client library's objects, or a prompt as a
        string) as its parameter ``messages``, ``prompt``, ``question`` or the like, or as the one that
        ``messages`` names; ``messages=("history", "message")`` names several, in their order.  ``context``
        names the parameter with retrieved texts.  A function of whose parameters it is not clear which hold
        words for the model is refused.  It returns a text, an assistant message, a chat completion or a
        response, as dictionaries or objects, and so does the wrapped function.

        ``options`` are those of :class:`~guardlint.guard.wrapping.Options`.

        A block returns the plan's refusal in the shape that ``reply`` or the annotation says, else in that of
        the last reply, else as a text; ``on_block`` and ``on_error`` change that for this function.

        A generator function yields its reply in pieces, texts or OpenAI's chunks, and so does the wrapped
        one, as soon as the rails let them go.  A reply that cannot be read raises UsageError when it comes.
        """
        given: Any = fn.__func__ if isinstance(fn, staticmethod | classmethod) else fn
        chat = ChatFunction.of(given, **options)
        streams = chat.kind in ("generator", "async-generator")
        guarded = (guarded_stream if streams else guarded_call)(chat, self._turn, self._tell)
        setattr(guarded, _OWN, (self, chat, guarded))
        if isinstance(fn, staticmethod | classmethod):  # their decorators stand below this one
            return cast("Callable[P, R]", type(fn)(guarded))
        return cast("Callable[P, R]", guarded)

    def call(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]:
        """Call the sync ``fn(*args, **kwargs)`` guarded and tell the verdict beside the reply."""
        try:
            turn = self._begun(fn, args, kwargs, ("sync",))
        finally:
            del args, kwargs
        return run_turn(turn, self._tell)

    async def acall(self, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> Result[R]:
        """:meth:`call` for an async function."""
        try:
            turn = self._begun(fn, args, kwargs, ("async",))
        finally:
            del args, kwargs
        return await arun_turn(turn, self._tell)

    @bare
    def stream(self, fn: Callable[P, Iterable[R]], *args: P.args, **kwargs: P.kwargs) -> Streamed[R]:
        """The pieces of ``fn(*args, **kwargs)``, guarded, with the verdict in the end.

        ``fn`` is a sync generator function, or returns an iterator of pieces, such as a client's stream.
        """
        chat, args_, kwargs_ = self._read(fn, args, kwargs)
        expect(chat, ("generator", "sync"), "guard")
        ending = Ending(self._tell)
        return Streamed(guarded_stream(chat, self._turn, ending.tell, "sync")(*args_, **kwargs_), ending)

    @bare
    def astream(
        self,
        fn: Callable[P, AsyncIterable[R] | Awaitable[AsyncIterable[R]]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncStreamed[R]:
        """:meth:`stream` for an async generator function, or one that returns an async iterator."""
        chat, args_, kwargs_ = self._read(fn, args, kwargs)
        expect(chat, ("async-generator", "async", "sync"), "guard")
        ending = Ending(self._tell)
        pieces = guarded_stream(chat, self._turn, ending.tell, "async")(*args_, **kwargs_)
        return AsyncStreamed(pieces, ending)

    @bare
    def session(self, id: str | None = None, *, messages: Any = ()) -> Session:
        """A conversation that this guard keeps: see :class:`~guardlint.guard.session.Session`.

        ``messages`` are what it begins with, such as a system prompt.
        """
        return Session(self, id, messages)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Refuse further calls, stop the workers and remove what was unpacked.  May be called twice.

        Calls under way have ``timeout`` seconds to end.  What is not checked by then is blocked with the
        reason ``guard-closed`` and is in a record.  In an event loop, whose tasks could not go on meanwhile,
        it waits for rails alone: use :meth:`aclose` there.
        """
        self._service.close(timeout)

    async def aclose(self, timeout: float = CLOSE_SECONDS) -> None:
        """:meth:`close`, while the event loop goes on with its calls."""
        await asyncio.to_thread(self._service.close, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a guard cannot be pickled: load it in the process that uses it")

    def _read(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[ChatFunction, tuple[Any, ...], dict[str, Any]]:
        """How ``fn`` is called, and with what; what is wrapped is not wrapped twice."""
        self._forget()
        plain: Any = fn
        before: tuple[Any, ...] = ()
        named: dict[str, Any] = {}
        while isinstance(plain, functools.partial):
            plain, before, named = plain.func, (*plain.args, *before), {**plain.keywords, **named}
        guard, chat, own = getattr(plain, _OWN, (None, None, None))
        # A decorator around it has the mark too (functools.wraps), and has to run.
        if guard is self and isinstance(chat, ChatFunction) and own is getattr(plain, "__func__", plain):
            bound = (plain.__self__,) if inspect.ismethod(plain) else ()
            return chat, (*bound, *before, *args), {**named, **kwargs}
        return ChatFunction.of(fn), args, kwargs

    def _turn(
        self,
        chat: ChatFunction,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pseudonyms: Pseudonyms | None = None,
    ) -> Turn:
        self._forget()
        untrusted = self._untrusted if chat.untrusted is None else chat.untrusted
        try:
            return Turn(self._service, chat, args, kwargs, self._wishes, pseudonyms, untrusted)
        except UsageError as error:
            raise alone(error) from None
        finally:
            del args, kwargs

    def _begun(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], kinds: tuple[Kind, ...]
    ) -> Turn:
        try:
            chat, args, kwargs = self._read(fn, args, kwargs)
            expect(chat, kinds, "guard")
            return self._turn(chat, args, kwargs)
        except UsageError as error:
            raise alone(error) from None
        finally:
            del args, kwargs

    def _tell(self, verdict: Verdict) -> Verdict:
        self._last.set(verdict)
        return verdict

    def _forget(self) -> None:
        """A call that comes to no verdict must not seem to have that of the last one."""
        self._last.set(None)
