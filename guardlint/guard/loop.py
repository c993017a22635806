"""One event loop in a thread of the guard's own.

An IORails belongs to the loop that started it (used from a second one it hangs), and hosts have several
loops, or none.  So everything the guard runs, runs here, and callers wait in theirs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from guardlint.errors import GuardlintError

__all__ = ["OwnedLoop"]

_LOG = logging.getLogger("guardlint.guard")
T = TypeVar("T")


class OwnedLoop:
    """Started on creation, a daemon thread: it never keeps the host's process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_say_where)
        self._thread = threading.Thread(target=self._run, name="guardlint-guard", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run ``work`` in the loop.  Raises GuardlintError from the loop's own thread, or when closed."""
        if threading.current_thread() is self._thread or self._loop.is_closed():
            work.close()
            raise GuardlintError("a guard cannot be called from its own thread, or after close()")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, timeout: float = 5.0) -> None:
        """Cancel what runs and end the thread."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


def _say_where(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler prints the traceback of an exception whose text may be a prompt.
    error = context.get("exception")
    _LOG.error("background failure in the guard (%s)", type(error).__name__ if error else "unknown")
