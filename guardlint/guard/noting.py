"""What a step did, for the verdict and the record."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from guardlint.engines import Direction, RailsVerdict
from guardlint.guard.asking import summed
from guardlint.guard.call import Call
from guardlint.guard.plan import Step
from guardlint.guard.verdict import StepRecord

__all__ = ["note"]


def note(
    hook: Direction,
    step: Step,
    engine: str | None,
    verdicts: Sequence[RailsVerdict],
    checked: int,
    started: float,
    call: Call,
    tries: int = 0,
) -> None:
    """Add to ``call`` the record of a step that looked at ``checked`` texts since ``started``.

    ``tries`` are those that it made of models; the verdicts tell of the ones that were answered in time.
    """
    of_all = verdicts[0] if len(verdicts) == 1 else summed(verdicts)
    call.steps.append(
        StepRecord(
            hook,
            step.name,
            engine,
            tuple(dict.fromkeys(of_all.rails)),
            "blocked" if call.blocked else of_all.status,
            call.rail,
            call.error,
            checked,
            max(of_all.llm_calls, tries),
            round((perf_counter() - started) * 1000, 3),
            tuple(dict.fromkeys(of_all.degraded)),
            tuple([(rail, round(spent, 3)) for rail, spent in of_all.took]),
            of_all.usage,
        )
    )
