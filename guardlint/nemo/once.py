"""Ask once: what a function says of a configuration is kept with the configuration.

Many rules ask the same (which rails run, which prompts they ask with); a configuration does not change once
it has been read. What is kept goes away with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["once", "once_each"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


def once(function: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Keep the result for each set of arguments; they must be hashable, and the result not be changed."""

    @wraps(function)
    def asked(subject: S, /, *arguments: P.args, **named: P.kwargs) -> T:
        kept: dict[Any, T]
        try:
            kept = subject._asked_once  # type: ignore[attr-defined]  # noqa: SLF001 - put there below
        except AttributeError:
            kept = subject.__dict__["_asked_once"] = {}
        question = (function, arguments, *named.items()) if named else (function, arguments)
        if question in kept:
            return kept[question]
        kept[question] = answer = function(subject, *arguments, **named)
        return answer

    return asked


def once_each(function: Callable[Concatenate[S, P], Iterator[T]]) -> Callable[Concatenate[S, P], Iterator[T]]:
    """The same for a function that yields: it runs to its end the first time."""

    @wraps(function)
    def asked(subject: S, /, *arguments: P.args, **named: P.kwargs) -> Iterator[T]:
        kept: dict[Any, tuple[T, ...]]
        try:
            kept = subject._asked_once  # type: ignore[attr-defined]  # noqa: SLF001
        except AttributeError:
            kept = subject.__dict__["_asked_once"] = {}
        question = (function, arguments, *named.items()) if named else (function, arguments)
        if question in kept:
            return iter(kept[question])
        kept[question] = answer = tuple(function(subject, *arguments, **named))
        return iter(answer)

    return asked
