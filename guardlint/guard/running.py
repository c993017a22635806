"""A turn from its input steps to what the caller gets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from guardlint.errors import UsageError
from guardlint.guard.records import FunctionOutcome
from guardlint.guard.turns import Turn
from guardlint.guard.verdict import Result, Verdict
from guardlint.guard.wrapping import ChatFunction

__all__ = ["Begin", "Tell", "aover", "arun_turn", "guarded_call", "over", "run_turn"]

Tell = Callable[[Verdict], Verdict]
"""Told of every verdict; gives it back."""


Begin = Callable[[ChatFunction, tuple[Any, ...], dict[str, Any]], Turn]
"""Makes the turn of a call."""


def guarded_call(chat: ChatFunction, begin: Begin, tell: Tell) -> Callable[..., Any]:
    """The function of ``chat`` between its rails, sync or async as it is, with its signature."""
    if chat.kind == "async":

        @functools.wraps(chat.fn)
        async def guarded_async(*args: Any, **kwargs: Any) -> Any:
            try:
                turn = begin(chat, args, kwargs)
            finally:
                del args, kwargs
            return (await arun_turn(turn, tell)).reply

        return guarded_async

    @functools.wraps(chat.fn)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            turn = begin(chat, args, kwargs)
        finally:
            del args, kwargs  # an exception takes this frame along, and shows what it holds
        return run_turn(turn, tell).reply

    return guarded


def run_turn(turn: Turn, tell: Tell) -> Result[Any]:
    """Input steps, the sync function, output steps."""
    call, service = turn.call, turn.service
    if not call.blocked:
        service.wait_input(call, "call")
    if call.blocked:
        service.record(call, "call", "not-called")
        return _refused(turn, tell)
    try:
        turn.prepare()
    except BaseException:
        over(turn, "not-called", tell)
        raise
    try:
        turn.given = turn.chat.fn(*turn.args, **turn.kwargs)
    except BaseException:
        turn.took()
        over(turn, "raised", tell)
        raise
    try:
        turn.returned()
    except UsageError:
        over(turn, "returned", tell)
        raise
    if not call.blocked:
        released = service.wait_output(call, turn.message, "call")
        if released is not None:
            return _passed(turn, released, tell)
    service.record(call, "call", "returned")
    return _refused(turn, tell)


async def arun_turn(turn: Turn, tell: Tell) -> Result[Any]:
    """:func:`run_turn` of an async function."""
    call, service = turn.call, turn.service
    if not call.blocked:
        await service.await_input(call, "call")
    if call.blocked:
        await service.await_record(call, "call", "not-called")
        return await _arefused(turn, tell)
    try:
        turn.prepare()
    except BaseException:
        await aover(turn, "not-called", tell)
        raise
    try:
        turn.given = await turn.chat.fn(*turn.args, **turn.kwargs)
    except BaseException:
        turn.took()
        await aover(turn, "raised", tell)
        raise
    try:
        turn.returned()
    except UsageError:
        await aover(turn, "returned", tell)
        raise
    if not call.blocked:
        released = await service.await_output(call, turn.message, "call")
        if released is not None:
            return _passed(turn, released, tell)
    await service.await_record(call, "call", "returned")
    return await _arefused(turn, tell)


def over(turn: Turn, function: FunctionOutcome, tell: Tell) -> None:
    """The turn has come to its end: record it and tell the verdict."""
    turn.service.record(turn.call, "call", function)
    tell(turn.call.verdict())


async def aover(turn: Turn, function: FunctionOutcome, tell: Tell) -> None:
    """:func:`over`, leaving the calling loop free."""
    await turn.service.await_record(turn.call, "call", function)
    tell(turn.call.verdict())


def _passed(turn: Turn, released: Any, tell: Tell) -> Result[Any]:
    return Result(turn.released(released), tell(turn.call.verdict()))


def _refused(turn: Turn, tell: Tell) -> Result[Any]:
    reply, verdict = turn.refused(tell(turn.call.verdict()))
    return Result(reply, tell(verdict))


async def _arefused(turn: Turn, tell: Tell) -> Result[Any]:
    reply, verdict = await turn.arefused(tell(turn.call.verdict()))
    return Result(reply, tell(verdict))
