"""The plan at work: one call's messages through its steps, in the guard's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Final

from guardlint.engines import Direction, Rails, RailsVerdict, Status, Turn
from guardlint.engines.evidence import with_passages
from guardlint.guard.asking import Asker
from guardlint.guard.call import CONTEXT, Call, Where, chosen_texts, put_texts, turns_before
from guardlint.guard.crossing import Deadline, fits_here
from guardlint.guard.halves import Halves
from guardlint.guard.handling import Handling
from guardlint.guard.masking import Masker
from guardlint.guard.messages import Message, Slot, as_turns, from_outside, text_slots
from guardlint.guard.plan import Plan, Step
from guardlint.guard.restoring import restored
from guardlint.guard.seen import SeenTexts
from guardlint.guard.verdict import Reason, StepRecord

__all__ = ["Call", "Pipeline"]

_AT_ONCE: Final = 8  # texts of one conversation checked at the same time


class Pipeline:
    """Runs a plan's steps on the halves' rails.  Every failure, and the deadline, is a block.

    What it returns may be started anywhere and crosses into ``loop`` when it has to wait.
    """

    def __init__(
        self, plan: Plan, halves: Halves, masker: Masker | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._plan = plan
        self._masker = masker
        self._loop = loop
        self._company = _asker(halves.company, plan.rails, plan)
        self._team = _asker(halves.team, {}, plan)  # what a team's rail failing means is not the team's say
        self._seen = SeenTexts()

    async def run_input(self, call: Call) -> None:
        """The input steps on ``call.messages``, which hold the masked and rewritten texts afterwards."""
        await self._run("input", call, None)

    async def run_output(self, call: Call, reply: Message) -> Message:
        """The output steps on ``reply``; returns it as it may be released, unless ``call.blocked``."""
        held = [reply]
        await self._run("output", call, held)
        call.unrestored = held[0]
        if not call.blocked and any(step.restore for step in self._plan.steps["input"]):
            # Last of all: no judge and no record ever sees what a pseudonym stands for.
            places = {(0, slot.path): restored(slot.text, call.pseudonyms) for slot in text_slots(held[0])}
            put_texts(held, places)
        return held[0]

    async def run_growing(self, call: Call, reply: Message, steps: Sequence[Step]) -> Message:
        """Some of the output steps on what there is of a reply that is still growing; see streaming."""
        held = [reply]
        await self._run("output", call, held, steps)
        return held[0]

    async def mask_context(self, call: Call) -> None:
        """Mask ``call.messages`` where no input steps ran: judges of the output see them too."""
        steps = [step for step in self._plan.steps["input"] if step.name == "pii"]
        await self._run("input", call, None, steps)

    async def _run(
        self, hook: Direction, call: Call, reply: list[Message] | None, steps: Sequence[Step] | None = None
    ) -> None:
        step: Step | None = None
        started = perf_counter()
        try:
            async with Deadline(self._loop, self._plan.timeout) as deadline:
                for step in self._plan.steps[hook] if steps is None else steps:
                    started = perf_counter()
                    await self._step(hook, step, call, reply, deadline)
                    if call.blocked:
                        return
        except Exception as error:  # noqa: BLE001 - an exception anywhere blocks; its text may be content
            call.block("timeout" if isinstance(error, TimeoutError) else "guard-failed", error=True)
            if step is not None:
                self._note(hook, step, None, (), (), 0, started, call)

    async def _step(
        self, hook: Direction, step: Step, call: Call, reply: list[Message] | None, deadline: Deadline
    ) -> None:
        if step.name == "pii":
            await self._mask(hook, step, call, call.messages if reply is None else reply, deadline)
            return
        if step.name == "native":
            await self._ask_native(hook, step, call, reply, deadline)
            return
        asker = self._company if step.name == "company" else self._team
        if asker is None or hook not in asker.rails.flows:
            return  # NeMo raises when a direction without flows is asked for
        if reply is None:
            await self._check_input(asker, step, call, deadline)
        else:
            await self._check_output(asker, step, call, reply, deadline)

    async def _mask(
        self, hook: Direction, step: Step, call: Call, messages: list[Message], deadline: Deadline
    ) -> None:
        assert self._masker is not None, "a plan with personal-data steps has a masker"
        started = perf_counter()
        places = [(index, slot) for index, message in enumerate(messages) for slot in text_slots(message)]
        context = call.context if messages is call.messages else []
        texts = [*(slot.text for _, slot in places), *context]
        verdict = RailsVerdict("passed")
        try:
            masking = await self._masker.mask(step, texts, call.pseudonyms, deadline)
        except Exception:  # noqa: BLE001 - a detector that breaks lets nothing through
            verdict = RailsVerdict.broken(step.rail)
            call.block("personal-data-failed", rail=step.rail, error=True)
        else:
            call.entities.update(masking.entities)
            if masking.blocked:
                verdict = RailsVerdict("blocked", rail=step.rail)
                call.block("personal-data", rail=step.rail)
            elif masking.entities:
                verdict = RailsVerdict("modified")
                put_texts(
                    messages,
                    {(i, slot.path): text for (i, slot), text in zip(places, masking.texts, strict=False)},
                )
                context[:] = masking.texts[len(places) :]
                call.changed = True
        rails = (step.rail,) if step.rail else ()
        self._note(hook, step, None, rails, [verdict], len(texts), started, call)

    async def _ask_native(
        self, hook: Direction, step: Step, call: Call, reply: list[Message] | None, deadline: Deadline
    ) -> None:
        """Every text from outside each time, the context too: it costs less than to remember the texts."""
        assert step.native is not None, "a native step has its check"
        started = perf_counter()
        outside = (
            reply
            if reply is not None
            else [one for one in call.messages[call.history :] if from_outside(one)]
        )
        texts = [slot.text for message in outside for slot in text_slots(message)]
        texts += call.context if reply is None else []
        if not fits_here(texts):
            await deadline.cross()
        verdict = RailsVerdict("passed")
        try:
            code = step.native.check(texts)
            if code is not None:
                verdict = RailsVerdict("blocked", rail=step.rail)
                call.block("rail", rail=step.rail, code=code)
        except Exception:  # noqa: BLE001 - a check that breaks lets nothing through
            verdict = RailsVerdict.broken(step.rail)
            call.block("rail-failed", rail=step.rail, error=True)
        self._note(hook, step, None, (step.rail or "",), [verdict], len(texts), started, call)

    async def _check_input(self, asker: Asker, step: Step, call: Call, deadline: Deadline) -> None:
        """Company: the current turn, the context, and what was not seen to pass before.  Team: the turn."""
        jobs = chosen_texts(step, call, self._seen)
        before = turns_before(call.messages, [where for where, _ in jobs])
        turns = [
            [*history, {"role": "user", "content": text}]
            for history, (_, text) in zip(before, jobs, strict=True)
        ]
        verdicts = await self._check(asker, "input", step, call, turns, deadline)
        if call.blocked:
            return
        changes: dict[Where, str] = {}
        for (where, text), verdict in zip(jobs, verdicts, strict=True):
            if verdict.status == "modified":
                changes[where] = verdict.text
            elif not verdict.degraded:
                self._seen.remember(step.name, text)
        for where in [where for where in changes if where[0] == CONTEXT]:
            call.context[int(where[1][0])] = changes.pop(where)
            call.changed = True
        put_texts(call.messages, changes)
        call.changed = call.changed or bool(changes)
        if step.name == "team":
            call.rewritten.update(changes)

    async def _check_output(
        self, asker: Asker, step: Step, call: Call, reply: list[Message], deadline: Deadline
    ) -> None:
        slots: list[Slot] = text_slots(reply[0])
        history = as_turns(call.messages)
        if not any(turn["role"] == "user" for turn in history):
            history = [*history, {"role": "user", "content": ""}]  # NeMo wants a turn to answer
        turns = [
            with_passages([*history, {"role": "assistant", "content": slot.text}], call.context)
            for slot in slots
        ]
        verdicts = await self._check(asker, "output", step, call, turns, deadline)
        if call.blocked:
            return
        changes = {
            (0, slot.path): verdict.text
            for slot, verdict in zip(slots, verdicts, strict=True)
            if verdict.status == "modified"
        }
        put_texts(reply, changes)
        call.changed = call.changed or bool(changes)

    async def _check(
        self,
        asker: Asker,
        hook: Direction,
        step: Step,
        call: Call,
        turns: Sequence[Sequence[Turn]],
        deadline: Deadline,
    ) -> list[RailsVerdict]:
        """The verdicts on several texts; the first that blocks is noted in ``call``."""
        if not turns:
            return []
        started = perf_counter()
        here = not asker.waits(hook) and fits_here([text[-1]["content"] for text in turns])
        if len(turns) == 1 or here:
            verdicts = [await asker.ask(hook, text, deadline) for text in turns]
        else:
            await deadline.cross()
            gate = asyncio.Semaphore(_AT_ONCE)

            async def one(text: Sequence[Turn]) -> RailsVerdict:
                async with gate:
                    return await asker.ask(hook, text, deadline)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(text)) for text in turns]
            verdicts = [task.result() for task in tasks]
        for verdict in verdicts:
            if verdict.status == "blocked":
                reason: Reason = (
                    "timeout" if verdict.timed_out else "rail-failed" if verdict.error else "rail"
                )
                call.block(reason, rail=verdict.rail, error=verdict.error)
            elif step.name == "company" and (missing := _missing(asker.rails, hook, verdict)):
                call.block("rail-missing", rail=missing, error=True)
            call.degraded = call.degraded or bool(verdict.degraded)
        ran = tuple(dict.fromkeys(rail for verdict in verdicts for rail in verdict.rails))
        self._note(hook, step, asker.rails.engine, ran, verdicts, len(turns), started, call)
        return verdicts

    @staticmethod
    def _note(
        hook: Direction,
        step: Step,
        engine: str | None,
        rails: tuple[str, ...],
        verdicts: Sequence[RailsVerdict],
        checked: int,
        started: float,
        call: Call,
    ) -> None:
        statuses = {verdict.status for verdict in verdicts}
        took: dict[str, float] = {}
        for flow, spent in (pair for verdict in verdicts for pair in verdict.took):
            took[flow] = took.get(flow, 0.0) + spent
        status: Status = "blocked" if call.blocked else "modified" if "modified" in statuses else "passed"
        call.steps.append(
            StepRecord(
                hook,
                step.name,
                engine,
                rails,
                status,
                call.rail,
                call.error,
                checked,
                sum(verdict.llm_calls for verdict in verdicts),
                round((perf_counter() - started) * 1000, 3),
                tuple(dict.fromkeys(flow for verdict in verdicts for flow in verdict.degraded)),
                tuple((flow, round(spent, 3)) for flow, spent in took.items()),
            )
        )


def _asker(
    rails: Rails | None, handlings: Mapping[Direction, Mapping[str, Handling]], plan: Plan
) -> Asker | None:
    return None if rails is None else Asker(rails, handlings, plan.timeout)


def _missing(rails: Rails, hook: Direction, verdict: RailsVerdict) -> str | None:
    """A configured flow that is not seen to have run: passed is only passed when every rail looked."""
    accounted = (*verdict.rails, *verdict.degraded)
    return next((flow for flow in rails.flows[hook] if flow not in accounted), None)
