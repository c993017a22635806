"""Guarded generator functions, sync and async: the rails around a function that yields its reply."""

from __future__ import annotations

import contextlib
import functools
import typing
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from time import perf_counter
from typing import Any, Final, Literal

from guardlint.errors import UsageError
from guardlint.guard.refusals import shape_of_hint
from guardlint.guard.streaming.pieces import Shape
from guardlint.guard.streaming.stream import Stream
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Verdict
from guardlint.guard.wrapping import ChatFunction

__all__ = ["StreamFunction", "Tell", "guarded_stream"]

Tell = Callable[[Verdict], Verdict]
"""Told of every verdict; gives it back."""
Begin = Callable[[ChatFunction, tuple[Any, ...], dict[str, Any]], Turn]
"""Makes the turn of a call."""

_OVER: Final = object()


def guarded_stream(chat: ChatFunction, begin: Begin, tell: Tell) -> Callable[..., Any]:
    """The generator function ``chat`` between its rails, sync or async as it is, with its signature."""
    streams = StreamFunction(chat)
    if chat.kind == "generator":

        @functools.wraps(chat.fn)
        def guarded(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
            yield from streams.run(begin(chat, args, kwargs), tell)

        return guarded

    @functools.wraps(chat.fn)
    async def guarded_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with contextlib.aclosing(streams.arun(begin(chat, args, kwargs), tell)) as pieces:
            async for piece in pieces:
                yield piece

    return guarded_async


class StreamFunction:
    """A generator function and what its pieces looked like last time: refusals look so too."""

    __slots__ = ("_chat", "_shape")

    def __init__(self, chat: ChatFunction) -> None:
        self._chat = chat
        self._shape = _stated(chat)

    def run(self, turn: Turn, tell: Tell) -> Generator[Any, None, None]:
        """The pieces of a generator function that may be released."""
        ways = _Ways(turn, tell, self._shape)
        if not turn.call.blocked:
            turn.service.wait_input(turn.call, "call")
        if not turn.call.blocked:
            pieces = ways.open()
            try:
                while not ways.over:
                    ways.take(self._next(ways, pieces))
                    while ways.due:
                        turn.service.wait_stream(ways.stream, turn.call)
                    if not ways.over:
                        yield from ways.stream.take()
                ways.completed()
            finally:
                self._shape = ways.stream.shape
                with contextlib.suppress(Exception):  # nothing more of it is wanted
                    _close(pieces)
                turn.service.wait_record(turn.call, "call", ways.close())
                tell(turn.call.verdict())
        yield from ways.rest()
        if turn.call.blocked:
            piece, verdict = turn.refused(tell(turn.call.verdict()))
            tell(verdict)
            yield piece

    async def arun(self, turn: Turn, tell: Tell) -> AsyncGenerator[Any, None]:
        """The pieces of an async generator function that may be released."""
        ways = _Ways(turn, tell, self._shape)
        if not turn.call.blocked:
            await turn.service.await_input(turn.call, "call")
        if not turn.call.blocked:
            pieces = ways.open()
            try:
                while not ways.over:
                    ways.take(await self._anext(ways, pieces))
                    while ways.due:
                        await turn.service.await_stream(ways.stream, turn.call)
                    if not ways.over:
                        for piece in ways.stream.take():
                            yield piece
                ways.completed()
            finally:
                self._shape = ways.stream.shape
                with contextlib.suppress(Exception):
                    await _aclose(pieces)
                await turn.service.await_record(turn.call, "call", ways.close())
                tell(turn.call.verdict())
        for piece in ways.rest():
            yield piece
        if turn.call.blocked:
            piece, verdict = await turn.arefused(tell(turn.call.verdict()))
            tell(verdict)
            yield piece

    @staticmethod
    def _next(ways: _Ways, pieces: Iterator[Any]) -> Any:
        try:
            return next(pieces, _OVER)
        except BaseException:
            ways.ended = "raised"
            raise

    @staticmethod
    async def _anext(ways: _Ways, pieces: AsyncIterator[Any]) -> Any:
        try:
            return await anext(pieces, _OVER)
        except BaseException:
            ways.ended = "raised"
            raise


class _Ways:
    """One stream between its function and its consumer: everything that waits for nothing."""

    __slots__ = ("_rest", "_tell", "ended", "stream", "turn")

    def __init__(self, turn: Turn, tell: Tell, shape: Shape) -> None:
        self.turn = turn
        self._tell = tell
        self.stream = turn.stream = Stream(turn.service.plan, turn.call, Shape.like(shape))
        self.ended = "stopped"
        self._rest: list[Any] = []

    def open(self) -> Any:
        """Call the function with what the input steps left."""
        args, kwargs = self.turn.arguments()
        self.turn.call.function_ms = 0.0
        self.stream.started = perf_counter()
        try:
            return iter_of(self.turn.chat.fn(*args, **kwargs))
        except BaseException:
            self.turn.raised()
            self._tell(self.turn.call.verdict())
            raise

    def take(self, piece: Any) -> None:
        """One more piece, or their end.  Raises UsageError for what cannot be read."""
        if piece is _OVER:
            self.ended = "whole"
            self.stream.finish()
            return
        if piece is None:
            return  # what `delta.content` is in the last chunk of a stream
        try:
            self.stream.push(piece)
        except Exception as error:
            self.turn.call.block("reply-unsupported", error=True)
            self.ended = "unread"
            if isinstance(error, UsageError):
                raise
            # Its words may be the piece's: pydantic's quote what they do not take.
            raise UsageError(
                f"the guard cannot read a piece of type {type(piece).__name__} and does not release it"
            ) from None

    @property
    def due(self) -> bool:
        """Whether the rails have something to look at."""
        return self.stream.due and not self.turn.call.blocked

    @property
    def over(self) -> bool:
        """Whether no more pieces are wanted."""
        return self.ended == "whole" or self.turn.call.blocked

    def completed(self) -> None:
        """The reply came to its end, or to that which the rails made."""
        if self.turn.call.blocked:
            self.ended = "blocked"
        self._rest = self.stream.take()

    def close(self) -> Literal["returned", "raised"]:
        """Before the record: what it says of the stream.  Returns what became of the function."""
        self.turn.streamed(self.stream.message)
        self.stream.note(self.ended)
        return "raised" if self.ended == "raised" else "returned"

    def rest(self) -> list[Any]:
        """The last pieces: none of them when there is no record of the call."""
        return [] if self.turn.call.reason == "audit-failed" else self._rest


def iter_of(pieces: Any) -> Any:
    """The iterator of what a generator function gave."""
    return aiter(pieces) if hasattr(pieces, "__aiter__") else iter(pieces)


def _close(pieces: Any) -> None:
    close = getattr(pieces, "close", None)
    if callable(close):
        close()


async def _aclose(pieces: Any) -> None:
    close = getattr(pieces, "aclose", None)
    if callable(close):
        await close()


def _stated(chat: ChatFunction) -> Shape:
    """What the pieces look like before any was seen: as the annotation or the wish says, else texts."""
    shape = chat.shape
    with contextlib.suppress(Exception):  # annotations may name anything, also what cannot be imported
        for part in typing.get_args(typing.get_type_hints(chat.fn).get("return"))[:1]:
            shape = shape_of_hint(part) or shape
    return Shape.stated(shape.kind, shape.cls)
