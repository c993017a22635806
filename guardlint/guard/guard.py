"""The object that hosts hold: loads a verified bundle and puts its rails around chat functions."""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, overload

from guardlint.errors import UsageError
from guardlint.guard.audit import Audit, AuditLog, Record
from guardlint.guard.messages import Message, as_messages
from guardlint.guard.pipeline import Call
from guardlint.guard.service import Bundle, Service
from guardlint.guard.verdict import Checked, Result, Verdict
from guardlint.guard.wrapping import ChatFunction, ReplyShape, as_reply, from_reply

__all__ = ["AuditSink", "Guard"]

P = ParamSpec("P")
R = TypeVar("R")
AuditSink = AuditLog | str | os.PathLike[str] | Callable[[Record], object] | None

_LAST: contextvars.ContextVar[tuple[int, Verdict] | None] = contextvars.ContextVar("guardlint", default=None)


class Guard:
    """The rails of one bundle.  Make it with :meth:`load`, share it between threads and event loops.

    Whatever fails blocks.  Nothing it logs, raises or records holds a word of a message.
    """

    def __init__(self, bundle: Bundle, audit: AuditSink = None) -> None:
        """Start the rails of a bundle that is verified already.  Most callers want :meth:`load`."""
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
    ) -> Self:
        """Verify the bundle at ``path`` and start its rails (seconds: NeMo and Presidio are imported).

        ``trust`` says whose signatures count (``guardlint.bundle.trust.load_trust``); ``audit`` is where one
        record per call goes: a file, an :class:`AuditLog` or a callable; ``now`` the time for the bundle's
        dates, by default the clock's.  Raises VerificationError before anything of an untrusted bundle is
        read, ConfigError when a half does not load or the bundle requires an audit and there is none,
        RuntimeUnavailable when the runtime extra is missing.
        """
        from guardlint.bundle.verify import verify_bundle

        return cls(verify_bundle(Path(path), trust, now=now), audit)

    @property
    def last_verdict(self) -> Verdict | None:
        """The verdict on the last call that this guard saw in the current thread or task; else None."""
        last = _LAST.get()
        return last[1] if last is not None and last[0] == id(self) else None

    @overload
    def protect(self, fn: Callable[P, R], /, *, reply: ReplyShape | None = None) -> Callable[P, R]: ...

    @overload
    def protect(
        self, fn: None = None, /, *, reply: ReplyShape | None = None
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def protect(self, fn: Callable[..., Any] | None = None, /, *, reply: ReplyShape | None = None) -> Any:
        """Decorate a chat function: see :meth:`wrap`."""
        return functools.partial(self.wrap, reply=reply) if fn is None else self.wrap(fn, reply=reply)

    def wrap(self, fn: Callable[P, R], *, reply: ReplyShape | None = None) -> Callable[P, R]:
        """``fn`` between input and output rails, sync or async as it is, with its signature.

        ``fn`` takes messages (a list of dictionaries, or a prompt as a string) as its parameter ``messages``
        or else its first one, and returns a text or an assistant message as a dictionary.  A block returns
        the plan's refusal: as a message when ``reply="message"``, when ``fn`` is annotated to return a
        mapping or when it last returned one, else as a text.

        Raises UsageError for generator functions; a reply that cannot be read raises it when it comes.
        """
        chat = ChatFunction.of(fn, reply)
        if chat.is_async:

            @functools.wraps(fn)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                return (await self._acall(chat, args, kwargs)).reply

            return guarded_async  # type: ignore[return-value]

        @functools.wraps(fn)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return self._call(chat, args, kwargs).reply

        return guarded

    def call(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Result:
        """Call the sync ``fn(*args, **kwargs)`` guarded and tell the verdict beside the reply."""
        chat = ChatFunction.of(fn)
        if chat.is_async:
            raise UsageError("an async function needs `await guard.acall(...)`")
        return self._call(chat, args, kwargs)

    async def acall(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Result:
        """:meth:`call` for an async function."""
        chat = ChatFunction.of(fn)
        if not chat.is_async:
            raise UsageError("a sync function needs `guard.call(...)`")
        return await self._acall(chat, args, kwargs)

    def check_input(self, messages: str | Sequence[Message]) -> Checked:
        """Run the input steps alone; ``value`` holds the messages as a model may see them."""
        call = Call(as_messages(messages))
        self._service.wait_input(call, "input")
        return self._checked(call, messages, self._given(messages, call))

    async def acheck_input(self, messages: str | Sequence[Message]) -> Checked:
        """:meth:`check_input`, awaited."""
        call = Call(as_messages(messages))
        await self._service.await_input(call, "input")
        return self._checked(call, messages, self._given(messages, call))

    def check_output(self, reply: str | Message, *, messages: str | Sequence[Message] = ()) -> Checked:
        """Run the output steps alone on a reply to ``messages``; ``value`` holds it as it may be released."""
        call = Call(as_messages(messages))
        released = self._service.wait_output(call, as_reply(reply), "output")
        return self._checked(call, reply, None if released is None else from_reply(released, reply))

    async def acheck_output(self, reply: str | Message, *, messages: str | Sequence[Message] = ()) -> Checked:
        """:meth:`check_output`, awaited."""
        call = Call(as_messages(messages))
        released = await self._service.await_output(call, as_reply(reply), "output")
        return self._checked(call, reply, None if released is None else from_reply(released, reply))

    def close(self) -> None:
        """Stop the workers, remove what was unpacked, refuse further calls.  May be called twice."""
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, chat: ChatFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
        conversation = chat.take(args, kwargs)
        call = Call(as_messages(conversation))
        call.content["input"] = self._service.audit.keyed_hash(call.messages)
        self._service.wait_input(call, "call")
        if call.blocked:
            return self._refused(call, chat)
        args, kwargs = chat.put(args, kwargs, self._given(conversation, call))
        started = perf_counter()
        try:
            reply = chat.fn(*args, **kwargs)
        except BaseException:
            self._raised(call, started)
            raise
        call.function_ms = (perf_counter() - started) * 1000
        message = self._read(call, chat, reply)
        released = self._service.wait_output(call, message, "call")
        return (
            self._refused(call, chat) if released is None else self._result(call, from_reply(released, reply))
        )

    async def _acall(self, chat: ChatFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
        conversation = chat.take(args, kwargs)
        call = Call(as_messages(conversation))
        call.content["input"] = self._service.audit.keyed_hash(call.messages)
        await self._service.await_input(call, "call")
        if call.blocked:
            return self._refused(call, chat)
        args, kwargs = chat.put(args, kwargs, self._given(conversation, call))
        started = perf_counter()
        try:
            reply = await chat.fn(*args, **kwargs)
        except BaseException:
            self._raised(call, started)
            raise
        call.function_ms = (perf_counter() - started) * 1000
        message = self._read(call, chat, reply)
        released = await self._service.await_output(call, message, "call")
        return (
            self._refused(call, chat) if released is None else self._result(call, from_reply(released, reply))
        )

    def _raised(self, call: Call, started: float) -> None:
        call.function_ms = (perf_counter() - started) * 1000
        self._service.record(call, "call", "raised")
        self._tell(call.verdict())

    def _read(self, call: Call, chat: ChatFunction, reply: Any) -> Message:
        try:
            message = as_reply(reply)
        except UsageError:
            call.block("reply-unsupported", error=True)
            self._service.record(call, "call", "returned")
            self._tell(call.verdict())
            raise
        chat.learn(reply)
        return message

    def _refused(self, call: Call, chat: ChatFunction) -> Result:
        return self._result(call, self._refusal(chat.shape))

    def _refusal(self, shape: ReplyShape) -> Any:
        text = self._service.plan.refusal
        return text if shape == "text" else {"role": "assistant", "content": text}

    def _result(self, call: Call, reply: Any) -> Result:
        return Result(reply, self._tell(call.verdict()))

    def _checked(self, call: Call, given: object, value: Any) -> Checked:
        if call.blocked:
            refusal = self._refusal("text" if isinstance(given, str) else "message")
            value = refusal if isinstance(given, str | dict) else [refusal]
        return Checked(value, self._tell(call.verdict()))

    def _tell(self, verdict: Verdict) -> Verdict:
        _LAST.set((id(self), verdict))
        return verdict

    @staticmethod
    def _given(conversation: object, call: Call) -> Any:
        return call.messages[0]["content"] if isinstance(conversation, str) else call.messages
