"""A conversation that the guard keeps: its history as the model saw it, and one set of pseudonyms."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import os
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from guardlint.errors import UsageError
from guardlint.guard.checks import Checks
from guardlint.guard.conversations import Conversation
from guardlint.guard.messages import Message
from guardlint.guard.shapes import as_plain
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Result, Verdict
from guardlint.pii import Pseudonyms

if TYPE_CHECKING:
    from guardlint.guard.guard import Guard

__all__ = ["Session"]

R = TypeVar("R")

_INSIDE: contextvars.ContextVar[tuple[int, ...]] = contextvars.ContextVar("guardlint_session", default=())


class Session(Checks):
    """A conversation.  Make it with ``guard.session()``, share it between threads and event loops.

    Turns of one session come one after the other, in the order in which they were begun.  Its history holds
    what the model saw and said, never what was blocked or what a pseudonym stands for; all of it is in
    memory only and is gone after :meth:`close`.  The checks go on from the history and use its pseudonyms.
    """

    def __init__(self, guard: Guard, id: str | None = None, messages: Any = ()) -> None:
        """``id`` is a random one by default; ``messages`` are what the conversation begins with."""
        self.id = id or uuid.uuid4().hex
        self._guard = guard
        self._service = guard._service  # noqa: SLF001 - a session is a part of its guard
        self._history = list(Conversation.of(messages).messages)
        self._shared = _SharedPseudonyms()
        self._queue = _Queue()
        self._closed = False

    @property
    def messages(self) -> list[Message]:
        """The conversation so far, as the model saw it: copies."""
        return [as_plain(message) for message in self._history]

    @property
    def last_verdict(self) -> Verdict | None:
        """See :attr:`Guard.last_verdict <guardlint.guard.guard.Guard.last_verdict>`."""
        return self._guard.last_verdict

    def call(self, fn: Callable[..., R], text: Any, /, *args: Any, **kwargs: Any) -> Result[R]:
        """One turn: the sync ``fn`` with the history and what is new, guarded.

        ``text`` is what the user says, or a list of new messages (tool results, for example).  ``args`` and
        ``kwargs`` are the other arguments of ``fn``.  After a block of the input nothing of the turn is
        kept, after one of the output the refusal stands in the history.
        """
        chat, before = self._guard._read(fn)  # noqa: SLF001
        if chat.is_async:
            raise UsageError("an async function needs `await session.acall(...)`")
        with self._queue.turn():
            turn = self._turn(chat, (*before, *args), kwargs, text)
            try:
                return self._guard._run_turn(turn)  # noqa: SLF001
            finally:
                self._keep(turn)

    async def acall(
        self, fn: Callable[..., Awaitable[R]], text: Any, /, *args: Any, **kwargs: Any
    ) -> Result[R]:
        """:meth:`call` for an async function."""
        chat, before = self._guard._read(fn)  # noqa: SLF001
        if not chat.is_async:
            raise UsageError("a sync function needs `session.call(...)`")
        async with self._queue.aturn():
            turn = self._turn(chat, (*before, *args), kwargs, text)
            try:
                return await self._guard._arun_turn(turn)  # noqa: SLF001
            finally:
                self._keep(turn)

    def close(self) -> None:
        """Forget the conversation; further calls are refused.  May be called twice."""
        self._closed = True
        self._history = []
        self._shared = _SharedPseudonyms()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session {self.id}: {len(self._history)} messages>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be pickled: what its pseudonyms stand for never leaves the process")

    def _turn(self, chat: Any, args: tuple[Any, ...], kwargs: dict[str, Any], text: Any) -> Turn:
        self._open()
        new = [*self.messages, *Conversation.of(text).messages]
        args, kwargs = chat.insert(args, kwargs, new)
        return self._guard._turn(chat, args, kwargs, self._shared)  # noqa: SLF001

    def _keep(self, turn: Turn) -> None:
        if turn.history is not None and not self._closed:
            self._history = turn.history

    def _open(self) -> None:
        if self._closed:
            raise UsageError("the session is closed")

    def _pseudonyms(self) -> Pseudonyms:
        self._open()
        return self._shared

    def _so_far(self, messages: Any) -> list[Message]:
        return self.messages if messages is None else super()._so_far(messages)

    def _tell(self, verdict: Verdict) -> Verdict:
        return self._guard._tell(verdict)  # noqa: SLF001


class _SharedPseudonyms(Pseudonyms):
    """Pseudonyms for several threads: two values never get one name."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def name(self, entity: str, value: str) -> str:
        with self._lock:
            return super().name(entity, value)


class _Place(concurrent.futures.Future[None]):
    """A place in the queue, after ``before``; done when its turn is over, or given up."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__()
        self.loop = loop
        self.before: _Place | None = None

    def cancel(self) -> bool:
        """Never: who waits for it may give up, the others go on."""
        return False

    def next(self) -> _Place | None:
        """The nearest one before it that is not done; None when it is this one's turn."""
        while self.before is not None and self.before.done():
            self.before = self.before.before  # over, or given up while others were still before it
        return self.before

    def waits_for(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether one before it is a turn in that event loop."""
        place = self.next()
        while place is not None and place.loop is not loop:
            place = place.next()
        return place is not None


class _Queue:
    """Whose turn it is, for threads and event loops alike; after a fork it is empty."""

    def __init__(self) -> None:
        self._last: _Place | None = None
        self._renew()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait in this thread.

        Raises UsageError inside a turn of the same session, and in an event loop that an async turn of it
        needs: both would wait for themselves.
        """
        with self._place(None) as mine:
            loop = _running_loop()
            if loop is not None and mine.waits_for(loop):
                raise UsageError("a sync turn of a session cannot wait in the event loop of an async one")
            while (place := mine.next()) is not None:
                concurrent.futures.wait([place])
            yield

    @contextlib.asynccontextmanager
    async def aturn(self) -> AsyncIterator[None]:
        """:meth:`turn`, leaving the calling loop free."""
        with self._place(_running_loop()) as mine:
            while (place := mine.next()) is not None:
                await asyncio.shield(asyncio.wrap_future(place))
            yield

    @contextlib.contextmanager
    def _place(self, loop: asyncio.AbstractEventLoop | None) -> Iterator[_Place]:
        """A place in the queue."""
        if id(self) in _INSIDE.get():
            raise UsageError("a turn of a session cannot begin another one of the same session")
        if self._pid != os.getpid():
            self._renew()  # the threads whose turn it was are not in this process
        mine = _Place(loop)
        with self._lock:
            mine.before, self._last = self._last, mine
        token = _INSIDE.set((*_INSIDE.get(), id(self)))
        try:
            yield mine
        finally:
            mine.set_result(None)  # first of all: the others wait for it
            with contextlib.suppress(ValueError):  # a coroutine may be closed in another context
                _INSIDE.reset(token)

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._last = None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
