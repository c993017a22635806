"""What the guard says about a call.  Nothing here holds a word of a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from guardlint.engines import Direction, Status

__all__ = ["Checked", "Reason", "Result", "StepRecord", "Verdict"]

Reason = Literal[
    "rail",  # a rail decided
    "rail-failed",  # a rail, its model or its process broke
    "rail-missing",  # a company rail did not run although the engine says passed
    "personal-data",  # a personal-data step with the action `block`
    "personal-data-failed",  # the detector broke
    "timeout",  # the plan's deadline passed
    "reply-unsupported",  # the function returned what cannot be checked
    "cancelled",  # the caller gave up
    "audit-failed",  # the record could not be written
    "guard-failed",  # anything else that broke
]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the plan as it ran.

    ``step`` is ``pii``, ``company`` or ``team``; ``rails`` the flows (or the native rail) seen to run;
    ``checked`` the number of texts; ``engine`` is None for native steps; ``latency_ms`` is wall time.
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one guarded call.

    ``status`` is ``blocked`` when the caller got the refusal, ``modified`` when a text was masked or
    rewritten, else ``passed``.  ``error`` says that something broke, ``degraded`` that the answer was given
    with less than the whole plan (never in this version: every failure blocks).  ``entities`` counts the
    personal data found, by entity.
    """

    status: Status
    rail: str | None = None
    reason: Reason | None = None
    error: bool = False
    degraded: bool = False
    entities: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    steps: tuple[StepRecord, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether the caller got the refusal instead of a reply."""
        return self.status == "blocked"

    @property
    def llm_calls(self) -> int:
        """Model calls that the rails made, as far as NeMo tells."""
        return sum(step.llm_calls for step in self.steps)


@dataclass(frozen=True, slots=True)
class Result:
    """A guarded call: the ``reply`` (the refusal when blocked) in the shape of the function, and why."""

    reply: Any
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """A check without a function: ``value`` is what may be used on, in the shape that was given.

    It is the refusal when ``verdict.blocked``: a string for a string, else an assistant message (for a list
    of messages, a list with that one message).
    """

    value: Any
    verdict: Verdict
