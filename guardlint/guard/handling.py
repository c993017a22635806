"""How each rail of the company is handled when it is slow or breaks: ``rails`` of ``plan.yml``.

::

    rails:
      input:
        self check input: {timeout_seconds: 5, on_failure: degrade, breaker: {failures: 5, seconds: 30}}
        content safety check input $model=guard: {at_once: 4}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast

from guardlint.engines import Direction
from guardlint.errors import ConfigError

__all__ = ["Breaker", "Handling", "read_handling", "together"]

_PLACE: Final = "plan.yml"
_KEYS: Final = {"timeout_seconds", "on_failure", "at_once", "breaker"}
_MOST_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Breaker:
    """After ``failures`` in a row a rail is not asked for ``seconds``: it counts as failed at once."""

    failures: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done about one rail.

    ``timeout``: seconds that it may take; None: what the plan leaves.  ``degrade``: when it fails the text
    passes without it, and the verdict says so; else the text is blocked.  ``at_once``: how many texts it
    looks at, at the same time; None: any.
    """

    timeout: float | None = None
    degrade: bool = False
    at_once: int | None = None
    breaker: Breaker | None = None


def read_handling(value: Any) -> Mapping[Direction, Mapping[str, Handling]]:
    """``rails`` of a plan: for each direction, flow -> handling.  Raises ConfigError."""
    found: dict[Direction, Mapping[str, Handling]] = {}
    for direction, flows in _mapping(value, "`rails`").items():
        if direction not in ("input", "output"):
            raise ConfigError("`rails` may hold `input` and `output`", place=_PLACE)
        named = _mapping(flows, f"`rails.{direction}`")
        if not all(isinstance(flow, str) and flow for flow in named):
            raise ConfigError(f"`rails.{direction}` must name flows", place=_PLACE)
        found[cast("Direction", direction)] = MappingProxyType(
            {flow: _handling(entry, f"`rails.{direction}` of {flow}") for flow, entry in named.items()}
        )
    return MappingProxyType(found)


def together(handlings: list[Handling]) -> Handling:
    """One handling for rails that only run together: the tightest of each."""
    if len(handlings) == 1:
        return handlings[0]
    return Handling(
        min((each.timeout for each in handlings if each.timeout is not None), default=None),
        bool(handlings) and all(each.degrade for each in handlings),
        min((each.at_once for each in handlings if each.at_once is not None), default=None),
        next((each.breaker for each in handlings if each.breaker is not None), None),
    )


def _handling(entry: Any, what: str) -> Handling:
    data = _mapping(entry, what)
    unknown = sorted(str(key) for key in data if key not in _KEYS)
    if unknown:
        raise ConfigError(f"{what} has unknown keys: {', '.join(unknown)}", place=_PLACE)
    timeout, at_once, breaker = (data.get(key) for key in ("timeout_seconds", "at_once", "breaker"))
    on_failure = data.get("on_failure", "block")
    if on_failure not in ("block", "degrade"):
        raise ConfigError(f"`on_failure` in {what} must be `block` or `degrade`", place=_PLACE)
    return Handling(
        None if timeout is None else _seconds(timeout, f"`timeout_seconds` in {what}"),
        on_failure == "degrade",
        None if at_once is None else _count(at_once, f"`at_once` in {what}"),
        None if breaker is None else _breaker(breaker, f"`breaker` in {what}"),
    )


def _breaker(value: Any, what: str) -> Breaker:
    data = _mapping(value, what)
    if set(data) != {"failures", "seconds"}:
        raise ConfigError(f"{what} must have `failures` and `seconds`", place=_PLACE)
    return Breaker(_count(data["failures"], what), _seconds(data["seconds"], what))


def _seconds(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_SECONDS:
        raise ConfigError(f"{what} must be seconds above 0, at most {_MOST_SECONDS}", place=_PLACE)
    return float(value)


def _count(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 10_000:
        raise ConfigError(f"{what} must be a count from 1 to 10000", place=_PLACE)
    return value


def _mapping(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what} must be a mapping", place=_PLACE)
    return value
