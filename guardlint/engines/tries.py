"""How often models were asked in fact: tries, whatever became of the answer.

NeMo notes a call when its answer is there (``llm/call.py``).  One that failed and was repeated, came too late
or was called off is in no note, and whoever runs the model may have to pay for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any, Final

__all__ = ["Tries", "count_tries", "counting"]


class Tries:
    """The tries of one piece of work.  Holds a number and nothing else: connections keep it."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self) -> None:
        """One more."""
        self._count += 1

    def take(self) -> int:
        """Those that have not been taken yet."""
        count, self._count = self._count, 0
        return count


_NOW: Final[ContextVar[Tries | None]] = ContextVar("guardlint_tries", default=None)


@contextlib.contextmanager
def counting(tries: Tries) -> Iterator[None]:
    """Count what the current task asks of models into ``tries``."""
    token = _NOW.set(tries)
    try:
        yield
    finally:
        _NOW.reset(token)


def count_tries(engines: Iterable[Any]) -> None:
    """Listen to the HTTP sessions of NeMo's model engines, which must have been started.

    One that has no session (a model of another framework) is left alone: its calls are those that NeMo notes.
    """
    from aiohttp import TraceConfig

    listening = TraceConfig()
    listening.on_request_start.append(_asked)
    listening.freeze()
    for engine in engines:
        # An `aiohttp_retry.RetryClient` around a session: it asks the session anew for each try.
        session = getattr(getattr(engine, "_client", None), "_client", None)
        known = getattr(session, "trace_configs", None)
        if isinstance(known, list):
            known.append(listening)


async def _asked(*_: object) -> None:
    tries = _NOW.get()
    if tries is not None:
        tries.add()
