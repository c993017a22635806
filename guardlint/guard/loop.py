"""One event loop in a thread of the guard's own.

What connects to a model or a worker belongs to the loop that started it (an IORails used from a second one
hangs), and hosts have several loops, or none.  So whatever waits runs here, and callers wait in theirs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from guardlint.engines.quiet import forget_here, withhold_here
from guardlint.errors import GuardlintError
from guardlint.guard.audit_context import without_given

__all__ = ["OwnedLoop"]

_LOG = logging.getLogger("guardlint.guard")
T = TypeVar("T")

_END_SECONDS: Final = 5.0  # for work that was called off, and again for what is to be done last


class OwnedLoop:
    """Started on creation, a daemon thread: it never keeps the host's process alive."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_say_where)
        self._closing = False
        # A handler of a signal may close in the middle of a submit, in the same thread.
        self._lock = threading.RLock()
        self._given: set[Coroutine[Any, Any, Any]] = set()
        self._thread = threading.Thread(target=self._run, name="guardlint-guard", daemon=True)
        self._thread.start()

    @property
    def inside(self) -> bool:
        """Whether the caller is in the loop's own thread."""
        return threading.get_ident() == self._thread.ident

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run ``work``, or the rest of it, in the loop.

        Raises GuardlintError from the loop's own thread, or when closed.
        """
        with self._lock:
            if self.inside or self._closing:
                work.close()
                raise GuardlintError("a guard cannot be called from its own thread, or after close()")
            self._given.add(work)
            # Connections outlive the call that made them, and they keep its context.
            future = without_given(asyncio.run_coroutine_threadsafe, work, self.loop)
        future.add_done_callback(lambda _: self._given.discard(work))
        return future

    def close(self, last: Callable[[], Awaitable[None]] | None = None, timeout: float = 5.0) -> None:
        """Take no more work, and give what there is ``timeout`` seconds; cancel it, do ``last`` and end.

        Waits for all that, but in the loop's own thread.  May be called twice.
        """
        with self._lock:
            if not self._closing:
                self._closing = True
                self.loop.call_soon_threadsafe(lambda: self.loop.create_task(self._end(last, timeout)))
        if not self.inside:
            self._thread.join(timeout + 2 * _END_SECONDS)

    async def _end(self, last: Callable[[], Awaitable[None]] | None, timeout: float) -> None:
        try:
            works = {task for task in asyncio.all_tasks() if task.get_coro() in self._given}
            if works:
                await asyncio.wait(works, timeout=timeout)
                for task in works:
                    task.cancel()
                await asyncio.wait(works, timeout=_END_SECONDS)
            if last is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(last(), _END_SECONDS)
        finally:
            self.loop.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        withhold_here()
        try:
            self.loop.run_forever()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()
            forget_here()


def _say_where(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler prints the traceback of an exception whose text may be a prompt.
    error = context.get("exception")
    _LOG.error("background failure in the guard (%s)", type(error).__name__ if error else "unknown")
