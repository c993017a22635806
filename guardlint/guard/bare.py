"""Errors without the words that were being read: trackers of errors print what the frames below one hold."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from guardlint.errors import GuardlintError

__all__ = ["alone", "bare"]

P = ParamSpec("P")
R = TypeVar("R")


def alone(error: GuardlintError) -> GuardlintError:
    """The error without the frames below it, and without those of what led to it."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def bare(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, sync or async, whose GuardlintErrors come from a frame that holds no argument.

    Not for what calls functions of the host: their exceptions keep their frames.
    """
    called: Callable[..., Any] = function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            try:
                return await called(*args, **kwargs)
            except GuardlintError as error:
                raise alone(error) from None
            finally:
                del args, kwargs

        return cast("Callable[P, R]", awaited)

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        try:
            return called(*args, **kwargs)
        except GuardlintError as error:
            raise alone(error) from None
        finally:
            del args, kwargs

    return cast("Callable[P, R]", plain)
