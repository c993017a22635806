"""The steps of a plan as streams need them, on the guard's own detectors and engines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from guardlint.engines.usage import merged
from guardlint.guard.call import Call
from guardlint.guard.crossing import Deadline
from guardlint.guard.masking import Masker
from guardlint.guard.pipeline import Pipeline
from guardlint.guard.plan import Step
from guardlint.guard.verdict import StepRecord
from guardlint.pii import Span, Transformer

__all__ = ["RunningSteps", "joined"]


class RunningSteps:
    """Runs the steps; ``seconds`` bound each look.  What fails or takes longer blocks the call."""

    def __init__(
        self, pipeline: Pipeline, masker: Masker | None, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        self._pipeline = pipeline
        self._masker = masker
        self._loop = loop
        self._seconds = seconds

    def transformer(self, step: Step) -> Transformer:
        """What does with findings as a personal-data step says."""
        assert self._masker is not None, "a plan with personal-data steps has a masker"
        return self._masker.transformer(step)

    async def find(self, step: Step, text: str, call: Call) -> Sequence[Span]:
        """The findings of a personal-data step."""
        assert self._masker is not None, "a plan with personal-data steps has a masker"
        started = perf_counter()
        spans: Sequence[Span] = ()
        try:
            with Deadline(self._loop, self._seconds) as deadline:
                # What is looked at here is never looked at again.
                spans = (await self._masker.find(step, [text], deadline, remember=False))[0]
        except TimeoutError:
            call.block("timeout", error=True)
        except Exception:  # noqa: BLE001 - a detector that breaks lets nothing through
            call.block("personal-data-failed", rail=step.rail, error=True)
        call.steps.append(
            StepRecord(
                "output",
                "pii",
                None,
                (step.rail,) if step.rail else (),
                "blocked" if call.blocked else "passed",
                call.rail,
                call.error,
                1,
                0,
                round((perf_counter() - started) * 1000, 3),
            )
        )
        return spans

    async def judge(self, steps: Sequence[Step], text: str, call: Call) -> str:
        """What the rails of some steps, one after the other, make of a growing text."""
        message = await self._pipeline.run_growing(call, {"role": "assistant", "content": text}, steps)
        told = message["content"]
        return told if isinstance(told, str) else text


def joined(steps: Sequence[StepRecord]) -> list[StepRecord]:
    """The many looks of a stream as one record for each step and side."""
    found: dict[tuple[object, ...], StepRecord] = {}
    for step in steps:
        key = (step.hook, step.step, step.engine, step.rails)
        before = found.get(key)
        found[key] = step if before is None else _sum(before, step)
    return list(found.values())


def _together(before: StepRecord, step: StepRecord) -> dict[str, float]:
    spent = dict(before.rails_ms)
    for flow, more in step.rails_ms:
        spent[flow] = spent.get(flow, 0.0) + more
    return spent


def _sum(before: StepRecord, step: StepRecord) -> StepRecord:
    order = ("passed", "modified", "blocked")
    return replace(
        step,
        status=max(before.status, step.status, key=order.index),
        rail=before.rail or step.rail,
        error=before.error or step.error,
        checked=before.checked + step.checked,
        llm_calls=before.llm_calls + step.llm_calls,
        latency_ms=round(before.latency_ms + step.latency_ms, 3),
        degraded=tuple(dict.fromkeys((*before.degraded, *step.degraded))),
        rails_ms=tuple({flow: round(spent, 3) for flow, spent in _together(before, step).items()}.items()),
        usage=merged((*before.usage, *step.usage)),
    )
