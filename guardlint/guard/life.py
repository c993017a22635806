"""A guard from its start to its close: what it runs on, in every process that it is forked into."""

from __future__ import annotations

import os
import threading
import weakref
from time import monotonic, sleep
from typing import Any, Final

from guardlint.errors import GuardlintError
from guardlint.guard.bundle import Bundle
from guardlint.guard.call import Call
from guardlint.guard.forks import renew_after_fork
from guardlint.guard.plan import Plan
from guardlint.guard.queueing import running_loop
from guardlint.guard.runtime import Runtime, open_runtime

__all__ = ["CLOSE_SECONDS", "Closed", "Life"]

CLOSE_SECONDS: Final = 5.0
"""How long calls may go on when the guard is closed."""
_LAST_SECONDS: Final = 1.0  # the same for one that was forgotten, or whose host ends
_LOOK_SECONDS: Final = 0.01
_ABANDONED: list[Runtime] = []  # of the parent process: collecting them could close what is the parent's


class Closed(GuardlintError):
    """The guard is closed."""

    def __init__(self) -> None:
        super().__init__("the guard is closed")


class Life:
    """Opens at once, and again after a fork; counts the calls that have begun and are in no record yet."""

    def __init__(self, plan: Plan, bundle: Bundle) -> None:
        """Seconds.  Raises GuardlintError when a part cannot start."""
        self._plan = plan
        self._bundle = bundle
        # A handler of a signal may close the guard in the middle of anything, in the same thread.
        self._lock = threading.RLock()
        self._begun: set[int] = set()
        self._closing = False
        self.closed = False
        """Whether nothing goes on any more."""
        self._runtime: Runtime | None = None
        self._finalizer: weakref.finalize[Any, Life] | None = None
        self._open()
        renew_after_fork(self)

    @property
    def inside(self) -> bool:
        """Whether the caller is in the guard's own thread."""
        return self._runtime is not None and self._runtime.loop.inside

    def begin(self, call: Call) -> Runtime:
        """Count the call in.  Raises Closed as soon as the guard is to be closed."""
        if self._closing:
            raise Closed
        runtime = self.now()
        self._begun.add(id(call))
        return runtime

    def end(self, call: Call) -> None:
        """The call has its record."""
        self._begun.discard(id(call))

    def now(self) -> Runtime:
        """What a call that has begun runs on.  Raises Closed."""
        runtime = self._runtime
        if runtime is not None and runtime.pid == os.getpid():
            return runtime
        with self._lock:
            if self.closed:
                raise Closed
            return self._runtime or self._open()

    def close(self, timeout: float) -> None:
        """Let no call begin, give those under way ``timeout`` seconds, then end everything.

        In an event loop only the rails go on meanwhile: nobody waits for what this loop has to do.
        """
        self._closing = True
        end = monotonic() + timeout
        if not self.inside and running_loop() is None:
            while self._begun and monotonic() < end:
                sleep(_LOOK_SECONDS)
        with self._lock:
            self.closed = True
            runtime, self._runtime = self._runtime, None
        if runtime is not None:
            runtime.close(max(end - monotonic(), 0.0))
        if self._finalizer is not None:
            self._finalizer.detach()

    def after_fork(self) -> None:
        """In the new process: threads did not survive, and locks may be held by one of them for ever."""
        self._lock = threading.RLock()
        self._begun = set()
        if self._runtime is not None:
            _ABANDONED.append(self._runtime)
            self._runtime = None

    def _open(self) -> Runtime:
        self._runtime = open_runtime(self._plan, self._bundle.files, self._bundle.manifest)
        self._finalizer = weakref.finalize(self, self._runtime.close, _LAST_SECONDS)
        return self._runtime
