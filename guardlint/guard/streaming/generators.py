"""Guarded generator functions, sync and async: the rails around a function that yields its reply."""

from __future__ import annotations

import contextlib
import functools
import inspect
import typing
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from time import perf_counter
from typing import Any, Final, Literal

from guardlint.errors import UsageError
from guardlint.guard.bare import alone
from guardlint.guard.refusals import shape_of_hint
from guardlint.guard.running import Begin, Tell, aover, over
from guardlint.guard.streaming.kept import Kept
from guardlint.guard.streaming.pieces import Shape
from guardlint.guard.streaming.stream import Stream
from guardlint.guard.turns import Turn
from guardlint.guard.wrapping import ChatFunction

__all__ = ["astreamed", "guarded_stream", "streamed"]

_OVER: Final = object()


def guarded_stream(
    chat: ChatFunction, begin: Begin, tell: Tell, kind: Literal["sync", "async"] | None = None
) -> Callable[..., Any]:
    """The generator function of ``chat`` between its rails, sync or async as it is, with its signature."""
    if kind == "sync" or (kind is None and chat.kind == "generator"):

        @functools.wraps(chat.fn)
        def guarded(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
            try:
                turn = begin(chat, args, kwargs)
            finally:
                del args, kwargs
            yield from streamed(turn, tell)

        return guarded

    @functools.wraps(chat.fn)
    async def guarded_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        try:
            turn = begin(chat, args, kwargs)
        finally:
            del args, kwargs
        async with contextlib.aclosing(astreamed(turn, tell)) as pieces:
            async for piece in pieces:
                yield piece

    return guarded_async


def streamed(turn: Turn, tell: Tell, *, keep: bool = False) -> Generator[Any, None, None]:
    """The pieces of a function that may be released; ``keep`` them for the turn's history, too."""
    ways = _Ways(turn, keep)
    if not turn.call.blocked:
        turn.service.wait_input(turn.call, "call")
    if turn.call.blocked:
        turn.service.record(turn.call, "call", "not-called")
    else:
        pieces = None
        try:
            ways.prepare()
        except BaseException:
            over(turn, "not-called", tell)
            raise
        try:
            pieces = ways.open(ways.call())
            while not ways.over:
                ways.take(_next(ways, pieces))
                while ways.due:
                    turn.service.wait_stream(ways.stream, turn.call)
                if not ways.over:
                    yield from ways.stream.take()
            ways.completed()
        finally:
            with contextlib.suppress(Exception):  # nothing more of it is wanted
                _close(pieces)
            over(turn, ways.close(), tell)
    yield from ways.rest()
    if turn.call.blocked:
        piece, verdict = turn.refused(tell(turn.call.verdict()))
        tell(verdict)
        yield piece


async def astreamed(turn: Turn, tell: Tell, *, keep: bool = False) -> AsyncGenerator[Any, None]:
    """:func:`streamed` of an async function."""
    ways = _Ways(turn, keep)
    if not turn.call.blocked:
        await turn.service.await_input(turn.call, "call")
    if turn.call.blocked:
        await turn.service.await_record(turn.call, "call", "not-called")
    else:
        pieces = None
        try:
            ways.prepare()
        except BaseException:
            await aover(turn, "not-called", tell)
            raise
        try:
            pieces = ways.aopen(await ways.acall())
            while not ways.over:
                ways.take(await _anext(ways, pieces))
                while ways.due:
                    await turn.service.await_stream(ways.stream, turn.call)
                if not ways.over:
                    for piece in ways.stream.take():
                        yield piece
            ways.completed()
        finally:
            with contextlib.suppress(Exception):
                await _aclose(pieces)
            await aover(turn, ways.close(), tell)
    for piece in ways.rest():
        yield piece
    if turn.call.blocked:
        piece, verdict = await turn.arefused(tell(turn.call.verdict()))
        tell(verdict)
        yield piece


def _next(ways: _Ways, pieces: Iterator[Any]) -> Any:
    started = perf_counter()
    try:
        return next(pieces, _OVER)
    except BaseException:
        ways.ended = "raised"
        raise
    finally:
        ways.spent += perf_counter() - started


async def _anext(ways: _Ways, pieces: AsyncIterator[Any]) -> Any:
    started = perf_counter()
    try:
        return await anext(pieces, _OVER)
    except BaseException:
        ways.ended = "raised"
        raise
    finally:
        ways.spent += perf_counter() - started


class _Ways:
    """One stream between its function and its consumer: everything that waits for nothing."""

    __slots__ = ("_is_open", "_rest", "ended", "spent", "stream", "turn")

    def __init__(self, turn: Turn, keep: bool) -> None:
        self.turn = turn
        chat = turn.chat
        if chat.pieces is None:
            chat.pieces = _stated(chat)
        self.stream = turn.stream = Stream(turn.service.plan, turn.call, Shape.like(chat.pieces))
        self.stream.kept = Kept() if keep else None
        self.ended = "raised"
        self.spent = 0.0  # seconds in the function, whose pieces rails and consumers keep waiting
        self._is_open = False
        self._rest: list[Any] = []

    def prepare(self) -> None:
        """See :meth:`Turn.prepare <guardlint.guard.turns.Turn.prepare>`."""
        self.turn.prepare()
        self.turn.call.function_ms = 0.0
        self.stream.started = perf_counter()

    def call(self) -> Any:
        """What the function gives."""
        started = perf_counter()
        try:
            return self.turn.chat.fn(*self.turn.args, **self.turn.kwargs)
        finally:
            self.spent += perf_counter() - started

    async def acall(self) -> Any:
        """:meth:`call`, and what it gives where that has to be awaited."""
        given = self.call()
        started = perf_counter()
        try:
            return await given if inspect.isawaitable(given) else given
        finally:
            self.spent += perf_counter() - started

    def open(self, given: Any) -> Iterator[Any]:
        """The iterator of what the function gave.  Raises UsageError when there is none."""
        # Dictionaries, texts and models of pydantic can be iterated over, and are no pieces.
        if isinstance(given, list | tuple) or hasattr(given, "__next__"):
            self._opened()
            return iter(given)
        raise self._is_no_stream(given, "an iterator")

    def aopen(self, given: Any) -> AsyncIterator[Any]:
        """The async iterator of what the function gave.  Raises UsageError when there is none."""
        if hasattr(given, "__anext__") or (hasattr(given, "__aiter__") and not hasattr(given, "__iter__")):
            self._opened()
            return aiter(given)
        raise self._is_no_stream(given, "an async iterator")

    def _opened(self) -> None:
        self.ended = "stopped"
        self._is_open = True

    def _is_no_stream(self, given: object, wanted: str) -> UsageError:
        if inspect.iscoroutine(given):
            given.close()
        self.turn.call.block("reply-unsupported", error=True)
        self.ended = "unread"
        return UsageError(
            f"the guard cannot stream a reply of type {type(given).__name__} and does not release it",
            help=f"return {wanted} of pieces, or use a generator function",
        )

    def take(self, piece: Any) -> None:
        """One more piece, or their end.  Raises UsageError for what cannot be read."""
        if piece is _OVER:
            self.ended = "whole"
            self.stream.finish()
            return
        if piece is None:
            return  # what `delta.content` is in the last chunk of a stream
        kind = type(piece).__name__
        try:
            self.stream.push(piece)
        except Exception as error:  # noqa: BLE001 - whatever it is, the piece is not released
            self.turn.call.block("reply-unsupported", error=True)
            self.ended = "unread"
            if isinstance(error, UsageError):
                raise alone(error) from None
            # Its words may be the piece's: pydantic's quote what they do not take.
            raise UsageError(
                f"the guard cannot read a piece of type {kind} and does not release it"
            ) from None
        finally:
            del piece  # an exception takes this frame along

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
        if self._is_open:
            self.turn.chat.pieces = self.stream.shape
            self.turn.streamed(self.stream.message)
            self.stream.note(self.ended)
        else:
            self.turn.took()
        self.turn.call.function_ms = self.spent * 1000
        return "raised" if self.ended == "raised" else "returned"

    def rest(self) -> list[Any]:
        """The last pieces, after the record: none of them without one.  The history has its turn now."""
        turn, kept = self.turn, self.stream.kept
        if self._is_open and kept is not None:
            refused = {"role": "assistant", "content": turn.service.plan.refusal}
            turn.history = [*turn.said(), *([refused] if turn.call.blocked else kept.messages())]
        return [] if turn.call.reason == "audit-failed" else self._rest


def _close(pieces: Any) -> None:
    close = getattr(pieces, "close", None)
    if callable(close):
        close()


async def _aclose(pieces: Any) -> None:
    close = getattr(pieces, "aclose", None) or getattr(pieces, "close", None)
    done = close() if callable(close) else None
    if inspect.isawaitable(done):
        await done


def _stated(chat: ChatFunction) -> Shape:
    """What the pieces look like before any was seen: as the annotation or the wish says, else texts."""
    shape = chat.shape
    with contextlib.suppress(Exception):  # annotations may name anything, also what cannot be imported
        for part in typing.get_args(typing.get_type_hints(chat.fn).get("return"))[:1]:
            shape = shape_of_hint(part) or shape
    return Shape.stated(shape.kind, shape.cls)
