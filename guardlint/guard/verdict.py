"""What the guard says about a call.  Nothing here holds a word of a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

from guardlint.engines import Direction, Status
from guardlint.engines.usage import Usage

__all__ = ["Checked", "Reason", "Result", "StepRecord", "Verdict"]

T = TypeVar("T")

Reason = Literal[
    "rail",  # a rail decided
    "rail-failed",  # a rail, its model or its process broke
    "rail-missing",  # a company rail did not run although the engine says passed
    "personal-data",  # a personal-data step with the action `block`
    "personal-data-failed",  # the detector broke
    "timeout",  # the deadline of the plan passed, or that of a rail
    "reply-unsupported",  # the function returned what cannot be checked
    "cancelled",  # the caller gave up
    "audit-failed",  # the record could not be written
    "bundle-expired",  # the process went on beyond the end of its bundle
    "guard-closed",  # close() came before the end of the call
    "guard-failed",  # anything else that broke
]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the plan as it ran.

    ``step`` is ``pii``, ``company``, ``team`` or a native one; ``rails`` the flows (or the native rail) seen
    to run; ``checked`` the number of texts; ``engine`` is None for native steps; ``latency_ms`` is wall time;
    ``degraded`` are the flows that failed and were left out, as the company allows for them; ``rails_ms`` is
    the time of each flow over all texts, where flows are asked one by one; ``usage`` what it asked of models,
    as far as NeMo tells.
    """

    hook: Direction
    step: str
    engine: str | None
    rails: tuple[str, ...]
    status: Status
    rail: str | None
    error: bool
    checked: int
    llm_calls: int
    latency_ms: float
    degraded: tuple[str, ...] = ()
    rails_ms: tuple[tuple[str, float], ...] = ()
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one guarded call.

    ``status`` is ``blocked`` when the caller got the refusal, ``modified`` when a text was masked or
    rewritten, else ``passed``.  ``error`` says that something broke, ``degraded`` that the answer was given
    with less than the whole plan.  ``entities`` counts the personal data found, by entity.  ``code`` is what
    a rail says in one word that tells its reasons apart, such as ``tool-not-allowed``.
    """

    status: Status
    rail: str | None = None
    reason: Reason | None = None
    error: bool = False
    degraded: bool = False
    entities: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    steps: tuple[StepRecord, ...] = ()
    code: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, name.name) for name in fields(self))
        return _verdict, tuple(dict(value) if isinstance(value, Mapping) else value for value in values)

    @property
    def blocked(self) -> bool:
        """Whether the caller got the refusal instead of a reply."""
        return self.status == "blocked"

    @property
    def llm_calls(self) -> int:
        """Model calls that the rails made, as far as NeMo tells."""
        return sum(step.llm_calls for step in self.steps)


def _verdict(*values: Any) -> Verdict:
    """A verdict that comes from another process."""
    whole: list[Any] = [MappingProxyType(value) if isinstance(value, dict) else value for value in values]
    return Verdict(*whole)


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A guarded call: the ``reply`` (what stands for it when blocked) in the function's shape, and why."""

    reply: T = field(repr=False)
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """A check without a function: ``value`` is what may be used on, in the shape that was given.

    When ``verdict.blocked`` it is the refusal, in that shape (for a list of messages, a list with that one
    message), and None for a tool's arguments, and for a tool's result that was no text.  ``context`` are the
    retrieved texts as they may be used on, in the shape they were given in; None when blocked.
    """

    value: T = field(repr=False)
    verdict: Verdict
    context: Any = field(default=None, repr=False)
