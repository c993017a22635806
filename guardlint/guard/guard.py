"""The object that hosts hold: loads a verified bundle and puts its rails around chat functions."""

from __future__ import annotations

import contextvars
import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, Self, TypeVar, cast, overload

from guardlint.errors import UsageError
from guardlint.guard.audit import Audit, AuditLog, Record
from guardlint.guard.checks import Checks
from guardlint.guard.refusals import OnBlock, check_on_block
from guardlint.guard.service import Bundle, Service
from guardlint.guard.session import Session
from guardlint.guard.streaming.generators import guarded_stream
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Result, Verdict
from guardlint.guard.wrapping import ChatFunction, ReplyShape, refuse_generator
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
    ) -> None:
        """Start the rails of a bundle that is verified already.  Most callers want :meth:`load`."""
        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        self._last: contextvars.ContextVar[Verdict | None] = contextvars.ContextVar("guardlint", default=None)
        self._wishes: tuple[OnBlock | None, OnBlock | None] = (on_block, on_error)
        sink = AuditLog(audit) if isinstance(audit, str | os.PathLike) else audit
        self._service = Service(bundle, Audit(sink))

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
    ) -> Self:
        """Verify the bundle at ``path`` and start its rails (seconds: NeMo and Presidio are imported).

        ``trust`` says whose signatures count (``guardlint.bundle.trust.load_trust``); ``audit`` is where one
        record per call goes: a file, an :class:`AuditLog` or a callable; ``now`` the time for the bundle's
        dates, by default the clock's.  ``on_block`` is what a caller gets on a block: the refusal
        (``message``), a :class:`~guardlint.guard.refusals.Blocked` (``exception``), or what a function makes
        of the verdict; ``on_error`` the same where something broke, by default as ``on_block``.

        Raises VerificationError before anything of an untrusted bundle is read, ConfigError when a half does
        not load or the bundle requires an audit and there is none, RuntimeUnavailable when the runtime extra
        is missing.
        """
        from guardlint.bundle.verify import verify_bundle

        check_on_block(on_block, "on_block")
        check_on_block(on_error, "on_error")
        bundle = verify_bundle(Path(path), trust, now=now)
        return cls(bundle, audit, on_block=on_block, on_error=on_error)

    @property
    def last_verdict(self) -> Verdict | None:
        """The verdict on the last call that this guard saw in the current thread or task; else None."""
        return self._last.get()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many calls this guard has seen in this process, by verdict, and how many of them had an error
        or were degraded."""
        return self._service.counts.now()

    @overload
    def protect(
        self,
        fn: Callable[P, R],
        /,
        *,
        reply: ReplyShape | None = None,
        messages: str | None = None,
        context: str | None = None,
        on_block: OnBlock | None = None,
        on_error: OnBlock | None = None,
    ) -> Callable[P, R]: ...

    @overload
    def protect(
        self,
        fn: None = None,
        /,
        *,
        reply: ReplyShape | None = None,
        messages: str | None = None,
        context: str | None = None,
        on_block: OnBlock | None = None,
        on_error: OnBlock | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def protect(self, fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Decorate a chat function: see :meth:`wrap`."""
        return functools.partial(self.wrap, **options) if fn is None else self.wrap(fn, **options)

    def wrap(
        self,
        fn: Callable[P, R],
        *,
        reply: ReplyShape | None = None,
        messages: str | None = None,
        context: str | None = None,
        on_block: OnBlock | None = None,
        on_error: OnBlock | None = None,
    ) -> Callable[P, R]:
        """``fn`` between input and output rails, sync or async as it is, with its signature.

        ``fn`` takes messages (a list of dictionaries or of a client library's objects, or a prompt as a
        string) as its parameter ``messages``, as the one that ``messages`` names, or else its first one;
        ``context`` names the parameter with retrieved texts.  It returns a text, an assistant message, a
        chat completion or a response, as dictionaries or objects, and so does the wrapped function.

        A block returns the plan's refusal in the shape that ``reply`` or the annotation says, else in that of
        the last reply, else as a text; ``on_block`` and ``on_error`` change that for this function.

        A generator function yields its reply in pieces, texts or OpenAI's chunks, and so does the wrapped
        one, as soon as the rails let them go.  A reply that cannot be read raises UsageError when it comes.
        """
        chat = ChatFunction.of(
            fn, reply, messages=messages, context=context, on_block=on_block, on_error=on_error
        )
        guarded: Callable[..., Any]
        if chat.kind in ("generator", "async-generator"):
            guarded = guarded_stream(chat, self._turn, self._tell)
        elif chat.is_async:

            @functools.wraps(fn)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                return (await self._arun_turn(self._turn(chat, args, kwargs))).reply

            guarded = guarded_async
        else:

            @functools.wraps(fn)
            def guarded_sync(*args: Any, **kwargs: Any) -> Any:
                return self._run_turn(self._turn(chat, args, kwargs)).reply

            guarded = guarded_sync
        setattr(guarded, _OWN, (self, chat, guarded))
        return cast("Callable[P, R]", guarded)

    def call(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]:
        """Call the sync ``fn(*args, **kwargs)`` guarded and tell the verdict beside the reply."""
        chat, before = self._read(fn)
        if chat.is_async:
            raise UsageError("an async function needs `await guard.acall(...)`")
        return self._run_turn(self._turn(chat, (*before, *args), kwargs))

    async def acall(self, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> Result[R]:
        """:meth:`call` for an async function."""
        chat, before = self._read(fn)
        if not chat.is_async:
            raise UsageError("a sync function needs `guard.call(...)`")
        return await self._arun_turn(self._turn(chat, (*before, *args), kwargs))

    def session(self, id: str | None = None, *, messages: Any = ()) -> Session:
        """A conversation that this guard keeps: see :class:`~guardlint.guard.session.Session`.

        ``messages`` are what it begins with, such as a system prompt.
        """
        return Session(self, id, messages)

    def close(self) -> None:
        """Stop the workers, remove what was unpacked, refuse further calls.  May be called twice."""
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a guard cannot be pickled: load it in the process that uses it")

    def _read(self, fn: Callable[..., Any]) -> tuple[ChatFunction, tuple[Any, ...]]:
        """How ``fn`` is called, and what its arguments begin with; what is wrapped is not wrapped twice."""
        guard, chat, own = getattr(fn, _OWN, (None, None, None))
        # A decorator around it has the mark too (functools.wraps), and has to run.
        if guard is self and isinstance(chat, ChatFunction) and own is getattr(fn, "__func__", fn):
            refuse_generator(chat)
            return chat, (fn.__self__,) if inspect.ismethod(fn) else ()
        chat = ChatFunction.of(fn)
        refuse_generator(chat)
        return chat, ()

    def _turn(
        self,
        chat: ChatFunction,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pseudonyms: Pseudonyms | None = None,
    ) -> Turn:
        return Turn(self._service, chat, args, kwargs, self._wishes, pseudonyms)

    def _run_turn(self, turn: Turn) -> Result[Any]:
        call = turn.call
        if not call.blocked:
            self._service.wait_input(call, "call")
        if call.blocked:
            return self._refused(turn)
        args, kwargs = turn.arguments()
        try:
            reply = turn.chat.fn(*args, **kwargs)
        except BaseException:
            turn.raised()
            self._tell(call.verdict())
            raise
        message = self._returned(turn, reply)
        released = None if call.blocked else self._service.wait_output(call, message, "call")
        return self._refused(turn) if released is None else self._passed(turn, released)

    async def _arun_turn(self, turn: Turn) -> Result[Any]:
        call = turn.call
        if not call.blocked:
            await self._service.await_input(call, "call")
        if call.blocked:
            return await self._arefused(turn)
        args, kwargs = turn.arguments()
        try:
            reply = await turn.chat.fn(*args, **kwargs)
        except BaseException:
            turn.took()
            await self._service.await_record(call, "call", "raised")
            self._tell(call.verdict())
            raise
        message = self._returned(turn, reply)
        released = None if call.blocked else await self._service.await_output(call, message, "call")
        return await self._arefused(turn) if released is None else self._passed(turn, released)

    def _returned(self, turn: Turn, reply: Any) -> Any:
        try:
            return turn.returned(reply)
        except UsageError:
            self._tell(turn.call.verdict())
            raise

    def _passed(self, turn: Turn, released: Any) -> Result[Any]:
        return Result(turn.released(released), self._tell(turn.call.verdict()))

    def _refused(self, turn: Turn) -> Result[Any]:
        reply, verdict = turn.refused(self._tell(turn.call.verdict()))
        return Result(reply, self._tell(verdict))

    async def _arefused(self, turn: Turn) -> Result[Any]:
        reply, verdict = await turn.arefused(self._tell(turn.call.verdict()))
        return Result(reply, self._tell(verdict))

    def _tell(self, verdict: Verdict) -> Verdict:
        self._last.set(verdict)
        return verdict
