"""Whose turn it is: the turns of one session, from any thread and any event loop, one after the other."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import os
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

from guardlint.errors import UsageError
from guardlint.guard.forks import renew_after_fork

__all__ = ["Place", "Queue", "running_loop"]

_INSIDE: contextvars.ContextVar[tuple[int, ...]] = contextvars.ContextVar("guardlint_inside", default=())
_HELD: contextvars.ContextVar[tuple[Place, ...]] = contextvars.ContextVar("guardlint_held", default=())


class Place(concurrent.futures.Future[None]):
    """A place in the queue, after ``before``; done when its turn is over, or given up."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__()
        self._pid = os.getpid()
        self.loop = loop
        self.before: Place | None = None
        self._holder: tuple[int, weakref.ref[Any] | None] | None = None

    def cancel(self) -> bool:
        """Never: who waits for it may give up, the others go on."""
        return False

    def done(self) -> bool:
        """Whether nobody has to wait for it: in a forked process its turn is not taken any more."""
        return self._pid != os.getpid() or super().done()

    def next(self) -> Place | None:
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

    def leave(self) -> None:
        """The turn is over.  May be called twice."""
        if self._pid != os.getpid():
            return  # its lock may be held for ever by a thread that waited for it
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self.set_result(None)

    def go_on(self) -> None:
        """The next piece of a stream is wanted."""
        self._holder = None

    def rest(self) -> None:
        """The turn of a stream rests until its next piece is wanted: note who would ask for that."""
        if self.done():
            return
        self.loop = running_loop()
        task = None if self.loop is None else asyncio.current_task()
        self._holder = threading.get_ident(), None if task is None else weakref.ref(task)
        _HELD.set((*(place for place in _HELD.get() if place is not self and not place.done()), self))

    @property
    def is_held_here(self) -> bool:
        """Whether it rests, and nobody but the current thread or task would go on with it."""
        if self._holder is None or self.done():
            return False
        thread, task = self._holder
        now = None if running_loop() is None else asyncio.current_task()
        return thread == threading.get_ident() and now is (None if task is None else task())


class Queue:
    """The places of one session's turns; after a fork it is empty."""

    def __init__(self) -> None:
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Nobody waits: the threads whose turn it was are not in the new process."""
        self._lock = threading.Lock()
        self._last: Place | None = None

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait in this thread, see :meth:`wait`."""
        mine = self.place()
        try:
            with self.inside():
                self.wait(mine)
                yield
        finally:
            mine.leave()

    @contextlib.asynccontextmanager
    async def aturn(self) -> AsyncIterator[None]:
        """:meth:`turn`, leaving the calling loop free."""
        mine = self.place(running_loop())
        try:
            with self.inside():
                await self.await_(mine)
                yield
        finally:
            mine.leave()

    def place(self, loop: asyncio.AbstractEventLoop | None = None) -> Place:
        """The next place; whoever has it must leave it.  ``loop`` is that of an async turn.

        Raises UsageError inside a turn of the same session, and where a stream of it rests: both would wait
        for themselves.
        """
        if id(self) in _INSIDE.get():
            raise UsageError("a turn of a session cannot begin another one of the same session")
        mine = Place(loop)
        with self._lock:
            mine.before, self._last = self._last, mine
        if mine.next() is not None and any(self._is_before(place, mine) for place in _HELD.get()):
            mine.leave()
            raise UsageError(
                "a stream of the session is still open here",
                help="take its pieces to the end, or close it, before the next turn",
            )
        return mine

    def wait(self, mine: Place) -> None:
        """Until it is this one's turn.

        Raises UsageError in an event loop that a turn before it needs: it would wait for itself.
        """
        loop = running_loop()
        if loop is not None and mine.waits_for(loop):
            raise UsageError("a sync turn of a session cannot wait in the event loop of an async one")
        while (place := mine.next()) is not None:
            concurrent.futures.wait([place])

    async def await_(self, mine: Place) -> None:
        """:meth:`wait`, leaving the calling loop free."""
        while (place := mine.next()) is not None:
            await asyncio.shield(asyncio.wrap_future(place))

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """What runs in here is part of a turn."""
        token = _INSIDE.set((*_INSIDE.get(), id(self)))
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # a coroutine may be closed in another context
                _INSIDE.reset(token)

    @staticmethod
    def _is_before(held: Place, mine: Place) -> bool:
        """Whether ``mine`` would wait for a stream that rests here."""
        if not held.is_held_here:
            return False
        place = mine.next()
        while place is not None and place is not held:
            place = place.next()
        return place is held


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread, None where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
