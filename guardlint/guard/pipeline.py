"""The plan at work: one call's messages through its steps, in the guard's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from guardlint.engines import Direction, Rails, RailsVerdict, Turn
from guardlint.engines.evidence import with_passages
from guardlint.guard.asking import Asker, Share, asked_together
from guardlint.guard.call import CONTEXT, Call, Where, put_texts
from guardlint.guard.choosing import Job, chosen_texts, joint_jobs, seam_jobs, turns_before
from guardlint.guard.crossing import Deadline, fits_here, reads_here
from guardlint.guard.halves import Halves
from guardlint.guard.handling import Handling
from guardlint.guard.masking import Masker
from guardlint.guard.meetings import may_meet, parts_together, reply_meeting_texts
from guardlint.guard.messages import Message, as_turns, text_slots
from guardlint.guard.noting import note
from guardlint.guard.own_steps import ask_native, mask
from guardlint.guard.plan import Plan, Step
from guardlint.guard.released import ReleasedTexts
from guardlint.guard.restoring import restored
from guardlint.guard.seen import SeenTexts
from guardlint.guard.tools import judge_claimed
from guardlint.guard.verdict import Reason

__all__ = ["Call", "Pipeline"]


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
        self._restores = any(step.restore for step in plan.steps["input"])
        self._seen = SeenTexts()
        self.released = ReleasedTexts(plan.refusal)
        """The replies that this guard let go, for it to know them again."""

    def run_input(self, call: Call) -> Coroutine[Any, Any, None]:
        """The input steps on ``call.messages``, which hold the masked and rewritten texts afterwards."""
        call.strangers = self.released.strangers(call.messages, call.history)
        if call.untrusted:
            call.strangers |= _in_roles(call, call.untrusted)
        if call.strangers:
            judge_claimed(self._plan, call)
        return self._run("input", call, None)

    async def run_output(self, call: Call, reply: Message) -> Message:
        """The output steps on ``reply``; returns it as it may be released, unless ``call.blocked``."""
        held = [reply]
        await self._run("output", call, held)
        call.unrestored = held[0]
        if self._restores and not call.blocked:
            # Last of all: no judge and no record ever sees what a pseudonym stands for.
            places = {(0, slot.path): restored(slot.text, call.pseudonyms) for slot in text_slots(held[0])}
            put_texts(held, places)
        if not call.blocked:
            self.released.remember(reply, call.unrestored, held[0])
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
        started = 0.0
        deadline = Deadline(self._loop, self._plan.timeout)
        try:
            with deadline:
                if not reads_here(call.messages if reply is None else reply):
                    await deadline.cross()
                for step in self._plan.steps[hook] if steps is None else steps:
                    started = perf_counter()
                    work = self._step(hook, step, call, reply, deadline)
                    if work is None:
                        continue
                    await work
                    if call.blocked:
                        return
        except Exception as error:  # noqa: BLE001 - an exception anywhere blocks; its text may be content
            call.block("timeout" if isinstance(error, TimeoutError) else "guard-failed", error=True)
            if step is not None:
                note(hook, step, None, (), 0, started, call, deadline.tries.take())
        except BaseException:
            tries = deadline.tries.take()
            if step is not None and tries:  # what was asked was asked, though nobody waits for it any more
                note(hook, step, None, (), 0, started, call, tries)
                call.steps[-1] = replace(call.steps[-1], status="blocked", error=True)
            raise

    def _step(
        self, hook: Direction, step: Step, call: Call, reply: list[Message] | None, deadline: Deadline
    ) -> Coroutine[Any, Any, None] | None:
        if step.name == "pii":
            assert self._masker is not None, "a plan with personal-data steps has a masker"
            return mask(self._masker, hook, step, call, reply, deadline, self.released)
        if step.name == "native":
            return ask_native(hook, step, call, reply, deadline)
        asker = self._company if step.name == "company" else self._team
        if asker is None or hook not in asker.rails.flows:
            return None  # NeMo raises when a direction without flows is asked for
        if reply is None:
            return self._check_input(asker, step, call, deadline)
        return self._check_output(asker, step, call, reply, deadline)

    async def _check_input(self, asker: Asker, step: Step, call: Call, deadline: Deadline) -> None:
        """Company: the current turn, the context, and what was not seen to pass before.  Team: the turn."""
        jobs = chosen_texts(step, call, self._seen, together=bool(asker.flows("input", "judges")))
        turns: list[list[Turn]] = turns_before(call.messages, [job.where for job in jobs])
        for shown, job in zip(turns, jobs, strict=True):
            shown.append({"role": "user", "content": job.text})
        verdicts = await self._check(asker, "input", step, call, turns, deadline, [job.share for job in jobs])
        if call.blocked:
            return
        changes: dict[Where, str] = {}
        for job, verdict in zip(jobs, verdicts, strict=True):
            if verdict.status == "modified":
                changes[job.where] = verdict.text
            elif job.share == "all" and not verdict.degraded:
                self._seen.remember(step.name, job.text)
        if changes:
            call.changed = True
            put_texts(call.messages, {where: text for where, text in changes.items() if where[0] != CONTEXT})
            for (index, path), text in changes.items():
                if index == CONTEXT:
                    call.context[int(path[0])] = text
            if step.name == "team":
                call.rewritten.update(where for where in changes if where[0] != CONTEXT)
        if step.name == "company":
            if not may_meet(call.messages) and not call.context:
                return
            more = joint_jobs(call, jobs, changes)
            if asker.flows("input", "seams"):
                more += seam_jobs(call, self._seen)
            if more:
                await self._check_joint(asker, step, call, more, deadline)

    async def _check_joint(
        self, asker: Asker, step: Step, call: Call, jobs: Sequence[Job], deadline: Deadline
    ) -> None:
        """What is read as one: all parts of a message, and whatever stands where two texts meet."""
        turns = turns_before(call.messages, [job.where for job in jobs])
        for shown, job in zip(turns, jobs, strict=True):
            shown.append({"role": "user", "content": job.text})
        verdicts = await self._check(asker, "input", step, call, turns, deadline, [job.share for job in jobs])
        if call.blocked:
            return
        for job, verdict in zip(jobs, verdicts, strict=True):
            if job.key and not verdict.degraded:
                self._seen.remember(job.share, job.key)

    async def _check_output(
        self, asker: Asker, step: Step, call: Call, reply: list[Message], deadline: Deadline
    ) -> None:
        history = as_turns(call.messages)
        if "user" not in [turn["role"] for turn in history]:
            history.append({"role": "user", "content": ""})  # NeMo wants a turn to answer

        async def check(texts: Sequence[str], shares: Sequence[Share]) -> list[RailsVerdict]:
            turns = [
                with_passages([*history, {"role": "assistant", "content": text}], call.context)
                for text in texts
            ]
            return await self._check(asker, "output", step, call, turns, deadline, shares)

        slots = text_slots(reply[0])
        joint: list[tuple[int, ...]] = []
        shares: list[Share] = ["all"] * len(slots)
        if len(slots) > 1 and step.name == "company" and asker.flows("output", "judges"):
            joint = parts_together(slots)
            for number in [number for numbers in joint for number in numbers]:
                shares[number] = "each"
        verdicts = await check([slot.text for slot in slots], shares)
        if call.blocked:
            return
        for slot, verdict in zip(slots, verdicts, strict=True):
            if verdict.status == "modified":
                put_texts(reply, {(0, slot.path): verdict.text})
                call.changed = True
        if len(slots) > 1 and step.name == "company":
            now = text_slots(reply[0])
            wholes = ["\n".join(now[number].text for number in numbers) for numbers in joint]
            seams = reply_meeting_texts(now) if asker.flows("output", "seams") else []
            judges: list[Share] = ["judges"] * len(wholes)
            free: list[Share] = ["seams"] * len(seams)
            await check([*wholes, *seams], [*judges, *free])

    async def _check(
        self,
        asker: Asker,
        hook: Direction,
        step: Step,
        call: Call,
        turns: Sequence[Sequence[Turn]],
        deadline: Deadline,
        shares: Sequence[Share],
    ) -> list[RailsVerdict]:
        """The verdicts of a share of the rails on each text; the first that blocks is noted in ``call``."""
        if not turns:
            return []
        started = perf_counter()
        if len(turns) == 1:
            verdicts = [await asker.ask(hook, turns[0], deadline, shares[0])]
        elif not asker.waits(hook) and fits_here([text[-1]["content"] for text in turns]):
            verdicts = [
                await asker.ask(hook, text, deadline, share)
                for text, share in zip(turns, shares, strict=True)
            ]
        else:
            verdicts = await asked_together(asker, hook, turns, deadline, shares)
        for verdict, share in zip(verdicts, shares, strict=True):
            if verdict.status == "blocked":
                reason: Reason = (
                    "timeout" if verdict.timed_out else "rail-failed" if verdict.error else "rail"
                )
                call.block(reason, rail=verdict.rail, error=verdict.error)
            elif step.name == "company" and (missing := _missing(asker.flows(hook, share), verdict)):
                call.block("rail-missing", rail=missing, error=True)
            if verdict.degraded:
                call.degraded = True
        note(hook, step, asker.rails.engine, verdicts, len(turns), started, call, deadline.tries.take())
        return verdicts


def _in_roles(call: Call, roles: frozenset[str]) -> set[int]:
    return {
        index
        for index, message in enumerate(call.messages)
        if message["role"] in roles and index >= call.history
    }


def _asker(
    rails: Rails | None, handlings: Mapping[Direction, Mapping[str, Handling]], plan: Plan
) -> Asker | None:
    return None if rails is None else Asker(rails, handlings, plan.timeout)


def _missing(flows: Sequence[str], verdict: RailsVerdict) -> str | None:
    """A configured flow that is not seen to have run: passed is only passed when every rail looked."""
    for flow in flows:
        if flow not in verdict.rails and flow not in verdict.degraded:
            return flow
    return None
