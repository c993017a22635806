"""Where a call runs: in the caller's own thread for as long as nothing waits, then in the guard's loop.

Crossing into another thread and back costs three times what a regular expression does, and most calls need
neither: their personal data is known and their rails ask no model.  So the work of a call is one coroutine
that is started by hand where the caller stands.  When it has to wait it says so, and the very same coroutine
goes on as a task of the guard's loop, to which detectors, workers and connections belong.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Collection, Coroutine, Generator, Iterable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from guardlint.engines.tries import Tries

__all__ = ["Deadline", "cross", "finished", "fits_here", "reads_here"]

T = TypeVar("T")

_CROSSING: Final = object()
_MOST_TEXTS: Final = 16
_MOST_CHARACTERS: Final = 20_000
_MOST_PARTS: Final = 100
_JSON: Final = ("{", "[", '"')


def fits_here(texts: Collection[str]) -> bool:
    """Whether the caller's thread may look at so much text: its event loop has others to serve."""
    return len(texts) <= _MOST_TEXTS and sum(map(len, texts)) <= _MOST_CHARACTERS


def reads_here(messages: Iterable[Mapping[str, object]]) -> bool:
    """Whether the caller's thread may look for the texts in these messages.

    They are counted, not read; of long texts only JSON is work before anybody has looked at it.
    """
    parts = characters = 0
    for message in messages:
        parts += 1
        for value in message.values():
            if isinstance(value, str):
                characters += len(value) if value.startswith(_JSON) else 0
            elif isinstance(value, list | tuple):
                parts += len(value)
    return parts <= _MOST_PARTS and characters <= _MOST_CHARACTERS


def finished(work: Coroutine[Any, Any, T]) -> tuple[T] | None:
    """The result of ``work`` if it ends without waiting, in a tuple; else None, and it is started.

    Raises what ``work`` raises.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return (done.value,)
    return None


async def cross(loop: asyncio.AbstractEventLoop) -> None:
    """Go on in ``loop``: whoever started this coroutine by hand has to make it a task there."""
    if asyncio._get_running_loop() is not loop:  # noqa: SLF001  the public one raises where there is none
        await _leave()


@types.coroutine
def _leave() -> Generator[object, None, None]:
    yield _CROSSING


class Deadline:
    """``seconds`` for a piece of work that may cross into ``loop``.  A context manager.

    Nothing can be interrupted before the crossing; what ends too late there has failed all the same.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._end = monotonic() + seconds
        self._timeout: asyncio.Timeout | None = None
        self.tries = Tries()
        """What the work asked of models meanwhile."""

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self._end

    async def cross(self) -> None:
        """Go on in the guard's loop, where the deadline cancels what still waits."""
        if self._timeout is None:
            await cross(self._loop)
            timeout = asyncio.timeout_at(self._loop.time() + self._end - monotonic())
            await timeout.__aenter__()
            self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timeout is not None:
            finished(self._timeout.__aexit__(kind, error, trace))  # it has nothing to wait for
        if kind is None and monotonic() >= self._end:
            raise TimeoutError
