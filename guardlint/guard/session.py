"""A conversation that the guard keeps: its history as the model saw it, and one set of pseudonyms."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from guardlint.errors import UsageError
from guardlint.guard.bare import bare
from guardlint.guard.checks import Checks
from guardlint.guard.conversations import Conversation
from guardlint.guard.forks import renew_after_fork
from guardlint.guard.messages import Message
from guardlint.guard.queueing import Place, Queue, running_loop
from guardlint.guard.running import arun_turn, run_turn
from guardlint.guard.shapes import as_plain
from guardlint.guard.streamed import AsyncStreamed, Ending, Streamed
from guardlint.guard.streaming.generators import astreamed, streamed
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Result, Verdict
from guardlint.guard.wrapping import ChatFunction, expect
from guardlint.pii import Pseudonyms

if TYPE_CHECKING:
    from guardlint.guard.guard import Guard

__all__ = ["Session"]

R = TypeVar("R")


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
        self._untrusted = guard._untrusted  # noqa: SLF001
        self._history = list(Conversation.of(messages).messages)
        self._shared = _SharedPseudonyms()
        self._queue = Queue()
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
        chat, args, kwargs = self._guard._read(fn, args, kwargs)  # noqa: SLF001
        expect(chat, ("sync",), "session")
        with self._queue.turn():
            try:
                turn = self._turn(chat, args, kwargs, text)
            finally:
                del text, args, kwargs  # an exception takes this frame along, and shows what it holds
            try:
                return run_turn(turn, self._tell)
            finally:
                self._keep(turn)

    async def acall(
        self, fn: Callable[..., Awaitable[R]], text: Any, /, *args: Any, **kwargs: Any
    ) -> Result[R]:
        """:meth:`call` for an async function."""
        chat, args, kwargs = self._guard._read(fn, args, kwargs)  # noqa: SLF001
        expect(chat, ("async",), "session")
        async with self._queue.aturn():
            try:
                turn = self._turn(chat, args, kwargs, text)
            finally:
                del text, args, kwargs
            try:
                return await arun_turn(turn, self._tell)
            finally:
                self._keep(turn)

    def stream(self, fn: Callable[..., Iterable[R]], text: Any, /, *args: Any, **kwargs: Any) -> Streamed[R]:
        """:meth:`call` for a reply in pieces: see :meth:`Guard.stream <guardlint.guard.guard.Guard.stream>`.

        The turn begins when the first piece is asked for and holds the others up until the stream is at its
        end, is closed, or is held by nobody any more.  One whose function did not come to its end, because it
        raised or nobody wanted the rest, leaves nothing in the history.
        """
        chat, args, kwargs = self._guard._read(fn, args, kwargs)  # noqa: SLF001
        expect(chat, ("generator", "sync"), "session")
        turn = _StreamedTurn(self, chat, args, kwargs, text)
        return Streamed(turn.pieces(), turn)

    def astream(
        self,
        fn: Callable[..., AsyncIterable[R] | Awaitable[AsyncIterable[R]]],
        text: Any,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> AsyncStreamed[R]:
        """:meth:`stream` for an async generator function, or one that returns an async iterator."""
        chat, args, kwargs = self._guard._read(fn, args, kwargs)  # noqa: SLF001
        expect(chat, ("async-generator", "async", "sync"), "session")
        turn = _StreamedTurn(self, chat, args, kwargs, text)
        return AsyncStreamed(turn.apieces(), turn)

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

    @bare
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

    def _forget(self) -> None:
        self._guard._forget()  # noqa: SLF001


class _SharedPseudonyms(Pseudonyms):
    """Pseudonyms for several threads: two values never get one name."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def name(self, entity: str, value: str) -> str:
        with self._lock:
            return super().name(entity, value)


class _StreamedTurn(Ending):
    """A turn whose reply streams: it holds its place in the queue until there are no more pieces."""

    __slots__ = ("_args", "_chat", "_kwargs", "_place", "_session", "_text", "_turn")

    def __init__(
        self, session: Session, chat: ChatFunction, args: tuple[Any, ...], kwargs: dict[str, Any], text: Any
    ) -> None:
        super().__init__(session._guard._tell)  # noqa: SLF001
        self._session = session
        self._chat, self._args, self._kwargs, self._text = chat, args, kwargs, text
        self._place: Place | None = None
        self._turn: Turn | None = None

    def pieces(self) -> Generator[Any, None, None]:
        try:
            self._session._queue.wait(self._begun)  # noqa: SLF001
            yield from streamed(self._open(), self.tell, keep=True)
        finally:
            self.over()

    async def apieces(self) -> AsyncGenerator[Any, None]:
        try:
            await self._session._queue.await_(self._begun)  # noqa: SLF001
            async with contextlib.aclosing(astreamed(self._open(), self.tell, keep=True)) as released:
                async for piece in released:
                    yield piece
        finally:
            self.over()

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        queue = self._session._queue  # noqa: SLF001
        if self._place is None:
            self._place = queue.place(running_loop())
        self._place.go_on()
        with queue.inside():
            try:
                yield
            finally:
                self._place.rest()

    def over(self) -> None:
        if self._place is None or self._place.done():
            return
        if self._turn is not None:
            self._session._keep(self._turn)  # noqa: SLF001
        self._place.leave()

    @property
    def _begun(self) -> Place:
        assert self._place is not None, "a piece is asked for within a step"
        return self._place

    def _open(self) -> Turn:
        self._turn = self._session._turn(self._chat, self._args, self._kwargs, self._text)  # noqa: SLF001
        return self._turn
