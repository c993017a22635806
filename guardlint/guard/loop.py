"""One event loop in a thread of the guard's own.

What connects to a model or a worker belongs to the loop that started it (an IORails used from a second one
hangs), and hosts have several loops, or none.  So whatever waits runs here, and callers wait in theirs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from guardlint.errors import GuardlintError
from guardlint.guard.audit_context import without_given

__all__ = ["OwnedLoop"]

_LOG = logging.getLogger("guardlint.guard")
T = TypeVar("T")


class OwnedLoop:
    """Started on creation, a daemon thread: it never keeps the host's process alive."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_say_where)
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
        if self.inside or self.loop.is_closed():
            work.close()
            raise GuardlintError("a guard cannot be called from its own thread, or after close()")
        # Connections outlive the call that made them, and they keep its context.
        return without_given(asyncio.run_coroutine_threadsafe, work, self.loop)

    def close(self, timeout: float = 5.0) -> None:
        """Cancel what runs and end the thread."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()


def _say_where(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler prints the traceback of an exception whose text may be a prompt.
    error = context.get("exception")
    _LOG.error("background failure in the guard (%s)", type(error).__name__ if error else "unknown")
