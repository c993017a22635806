"""What ``guard.stream`` and ``session.stream`` give: the released pieces, and in the end the verdict."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

from guardlint.guard.verdict import Verdict

__all__ = ["AsyncStreamed", "Ending", "Streamed"]

R_co = TypeVar("R_co", covariant=True)


class Ending:
    """What is told of a stream while it runs.

    It is a part of its own so that the pieces and who makes them do not hold each other: a stream that nobody
    wants any more ends at once.
    """

    __slots__ = ("_tell", "verdict")

    def __init__(self, tell: Callable[[Verdict], Verdict]) -> None:
        self._tell = tell
        self.verdict: Verdict | None = None

    def tell(self, verdict: Verdict) -> Verdict:
        """Note the verdict and tell it on."""
        self.verdict = verdict
        return self._tell(verdict)

    def step(self) -> AbstractContextManager[None]:
        """Around each piece that is asked for."""
        return contextlib.nullcontext()

    def over(self) -> None:
        """There are no more pieces.  May be called twice."""


class Streamed(Generator[R_co, None, None]):
    """The pieces of a guarded stream, each as soon as it may be released.

    Nothing runs before the first is asked for.  Leaving it early closes the function: by :meth:`close`, at
    the end of a ``with``, or when nobody holds it any more.
    """

    __slots__ = ("__weakref__", "_ending", "_pieces")

    def __init__(self, pieces: Generator[R_co, None, None], ending: Ending) -> None:
        self._pieces = pieces
        self._ending = ending

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None until the stream is over."""
        return self._ending.verdict

    def send(self, _: Any, /) -> R_co:
        """The next piece; no function is sent anything."""
        return self._step(lambda: next(self._pieces))

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None, /) -> R_co:
        """Raise where the stream rests: it ends with that."""
        return self._step(lambda: self._pieces.throw(_error(kind, value, trace)))

    def close(self) -> None:
        """End the stream and close the function that it comes from.  May be called twice."""
        self._pieces.close()
        self._ending.over()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _step(self, ask: Callable[[], R_co]) -> R_co:
        with self._ending.step():
            try:
                return ask()
            finally:
                if inspect.getgeneratorstate(self._pieces) == inspect.GEN_CLOSED:
                    self._ending.over()


class AsyncStreamed(AsyncGenerator[R_co, None]):
    """:class:`Streamed`, for ``async for`` and ``async with``."""

    __slots__ = ("__weakref__", "_ending", "_pieces")

    def __init__(self, pieces: AsyncGenerator[R_co, None], ending: Ending) -> None:
        self._pieces = pieces
        self._ending = ending

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None until the stream is over."""
        return self._ending.verdict

    async def asend(self, _: Any, /) -> R_co:
        """The next piece; no function is sent anything."""
        with self._ending.step():
            try:
                return await anext(self._pieces)
            finally:
                self._check()

    async def athrow(self, kind: Any, value: Any = None, trace: TracebackType | None = None, /) -> R_co:
        """Raise where the stream rests: it ends with that."""
        with self._ending.step():
            try:
                return await self._pieces.athrow(_error(kind, value, trace))
            finally:
                self._check()

    async def aclose(self) -> None:
        """End the stream and close the function that it comes from.  May be called twice."""
        try:
            await self._pieces.aclose()
        finally:
            self._check()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _check(self) -> None:
        if self._pieces.ag_frame is None:  # type: ignore[attr-defined]  # of every async generator
            self._ending.over()

    def __del__(self) -> None:
        # The loop closes the function when it comes to it, which may be never; the turn is over now.
        self._ending.over()


def _error(kind: Any, value: Any, trace: TracebackType | None) -> BaseException:
    error: BaseException
    if isinstance(value, BaseException):
        error = value
    elif isinstance(kind, BaseException):
        error = kind
    else:
        error = kind() if value is None else kind(value)
    return error if trace is None else error.with_traceback(trace)
