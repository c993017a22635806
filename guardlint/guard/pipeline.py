"""The plan at work: one call's messages through its steps, in the guard's own loop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import MappingProxyType
from typing import Final

from guardlint.engines import Direction, Rails, RailsVerdict, Status, Turn
from guardlint.guard.halves import Halves
from guardlint.guard.masking import Masker
from guardlint.guard.messages import Message, Path, Slot, as_turns, from_outside, replace_texts, text_slots
from guardlint.guard.plan import Plan, Step
from guardlint.guard.seen import SeenTexts
from guardlint.guard.verdict import Reason, StepRecord, Verdict
from guardlint.pii import Pseudonyms

__all__ = ["Call", "Pipeline"]

_AT_ONCE: Final = 8  # texts of one conversation checked at the same time

_Where = tuple[int, Path]


@dataclass(slots=True)
class Call:
    """One guarded call on its way: its messages as they are now, and what has been found.

    The first finding that blocks decides; ``messages`` are copies, the caller's stay as they are.
    ``rewritten`` are the texts that the team's rails changed, ``content`` keyed hashes for the record,
    ``function_ms`` None until the function was called.
    """

    messages: list[Message]
    steps: list[StepRecord] = field(default_factory=list)
    entities: Counter[str] = field(default_factory=Counter)
    changed: bool = False
    blocked: bool = False
    rail: str | None = None
    reason: Reason | None = None
    error: bool = False
    rewritten: set[_Where] = field(default_factory=set)
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    content: dict[str, str | None] = field(default_factory=dict)
    guard_ms: float = 0.0
    function_ms: float | None = None
    recorded: bool = False

    def block(self, reason: Reason, *, rail: str | None = None, error: bool = False) -> None:
        """Decide: nothing of this call goes on."""
        if not self.blocked:
            self.blocked, self.reason, self.rail, self.error = True, reason, rail, error

    def verdict(self) -> Verdict:
        """The verdict as it stands."""
        status: Status = "blocked" if self.blocked else "modified" if self.changed else "passed"
        entities = MappingProxyType(dict(sorted(self.entities.items())))
        return Verdict(status, self.rail, self.reason, self.error, entities=entities, steps=tuple(self.steps))


class Pipeline:
    """Runs a plan's steps on the halves' rails.  Every failure, and the deadline, is a block."""

    def __init__(self, plan: Plan, halves: Halves, masker: Masker | None) -> None:
        self._plan = plan
        self._halves = halves
        self._masker = masker
        self._seen = SeenTexts()

    async def run_input(self, call: Call) -> None:
        """The input steps on ``call.messages``, which hold the masked and rewritten texts afterwards."""
        await self._run("input", call, None)

    async def run_output(self, call: Call, reply: Message) -> Message:
        """The output steps on ``reply``; returns it as it may be released, unless ``call.blocked``."""
        held = [reply]
        await self._run("output", call, held)
        if not call.blocked and any(step.restore for step in self._plan.steps["input"]):
            # Last of all: no judge and no record ever sees what a pseudonym stands for.
            places = {(0, slot.path): call.pseudonyms.restore(slot.text) for slot in text_slots(held[0])}
            _put(held, places)
        return held[0]

    async def mask_context(self, call: Call) -> None:
        """Mask ``call.messages`` where no input steps ran: judges of the output see them too."""
        for step in self._plan.steps["input"]:
            if step.name == "pii" and not call.blocked:
                await self._mask("input", step, call, call.messages)

    async def _run(self, hook: Direction, call: Call, reply: list[Message] | None) -> None:
        step: Step | None = None
        started = perf_counter()
        try:
            async with asyncio.timeout(self._plan.timeout):
                for step in self._plan.steps[hook]:
                    started = perf_counter()
                    await self._step(hook, step, call, reply)
                    if call.blocked:
                        return
        except Exception as error:  # noqa: BLE001 - an exception anywhere blocks; its text may be content
            call.block("timeout" if isinstance(error, TimeoutError) else "guard-failed", error=True)
            if step is not None:
                self._note(hook, step, None, (), (), 0, started, call)

    async def _step(self, hook: Direction, step: Step, call: Call, reply: list[Message] | None) -> None:
        if step.name == "pii":
            await self._mask(hook, step, call, call.messages if reply is None else reply)
            return
        rails = self._halves.company if step.name == "company" else self._halves.team
        if rails is None or hook not in rails.flows:
            return  # NeMo raises when a direction without flows is asked for
        if reply is None:
            await self._check_input(rails, step, call)
        else:
            await self._check_output(rails, step, call, reply)

    async def _mask(self, hook: Direction, step: Step, call: Call, messages: list[Message]) -> None:
        assert self._masker is not None, "a plan with personal-data steps has a masker"
        started = perf_counter()
        places = [(index, slot) for index, message in enumerate(messages) for slot in text_slots(message)]
        verdict = RailsVerdict("passed")
        try:
            masking = await self._masker.mask(step, [slot.text for _, slot in places], call.pseudonyms)
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
                _put(
                    messages,
                    {(i, slot.path): text for (i, slot), text in zip(places, masking.texts, strict=True)},
                )
                call.changed = True
        rails = (step.rail,) if step.rail else ()
        self._note(hook, step, None, rails, [verdict], len(places), started, call)

    async def _check_input(self, rails: Rails, step: Step, call: Call) -> None:
        """Company: the current turn, and what was not seen to pass before.  Team: the current turn."""
        last = max((i for i, message in enumerate(call.messages) if message["role"] == "user"), default=None)
        jobs: list[tuple[_Where, str]] = []
        for index, message in enumerate(call.messages):
            for slot in text_slots(message):
                where = (index, slot.path)
                if step.rewritten_only:
                    wanted = where in call.rewritten
                elif step.name == "team":
                    wanted = index == last
                else:
                    wanted = from_outside(message) and (
                        index == last or not self._seen.knows(step.name, slot.text)
                    )
                if wanted:
                    jobs.append((where, slot.text))
        before = [as_turns(call.messages[:index]) for (index, _), _ in jobs]
        turns = [
            [*history, {"role": "user", "content": text}]
            for history, (_, text) in zip(before, jobs, strict=True)
        ]
        verdicts = await self._check(rails, "input", step, call, turns)
        if call.blocked:
            return
        changes: dict[_Where, str] = {}
        for (where, text), verdict in zip(jobs, verdicts, strict=True):
            if verdict.status == "modified":
                changes[where] = verdict.text
            else:
                self._seen.remember(step.name, text)
        _put(call.messages, changes)
        call.changed = call.changed or bool(changes)
        if step.name == "team":
            call.rewritten.update(changes)

    async def _check_output(self, rails: Rails, step: Step, call: Call, reply: list[Message]) -> None:
        slots: list[Slot] = text_slots(reply[0])
        history = as_turns(call.messages)
        if not any(turn["role"] == "user" for turn in history):
            history = [*history, {"role": "user", "content": ""}]  # NeMo wants a turn to answer
        turns = [[*history, {"role": "assistant", "content": slot.text}] for slot in slots]
        verdicts = await self._check(rails, "output", step, call, turns)
        if call.blocked:
            return
        changes = {
            (0, slot.path): verdict.text
            for slot, verdict in zip(slots, verdicts, strict=True)
            if verdict.status == "modified"
        }
        _put(reply, changes)
        call.changed = call.changed or bool(changes)

    async def _check(
        self, rails: Rails, hook: Direction, step: Step, call: Call, turns: Sequence[Sequence[Turn]]
    ) -> list[RailsVerdict]:
        """The verdicts on several texts; the first that blocks is noted in ``call``."""
        if not turns:
            return []
        started = perf_counter()
        if len(turns) == 1:
            verdicts = [await rails.check(hook, turns[0])]
        else:
            gate = asyncio.Semaphore(_AT_ONCE)

            async def one(text: Sequence[Turn]) -> RailsVerdict:
                async with gate:
                    return await rails.check(hook, text)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(text)) for text in turns]
            verdicts = [task.result() for task in tasks]
        for verdict in verdicts:
            if verdict.status == "blocked":
                call.block("rail-failed" if verdict.error else "rail", rail=verdict.rail, error=verdict.error)
            elif step.name == "company" and (missing := _missing(rails, hook, verdict)):
                call.block("rail-missing", rail=missing, error=True)
        ran = tuple(dict.fromkeys(rail for verdict in verdicts for rail in verdict.rails))
        self._note(hook, step, rails.engine, ran, verdicts, len(turns), started, call)
        return verdicts

    @staticmethod
    def _note(
        hook: Direction,
        step: Step,
        engine: str | None,
        rails: tuple[str, ...],
        verdicts: Iterable[RailsVerdict],
        checked: int,
        started: float,
        call: Call,
    ) -> None:
        statuses = {verdict.status for verdict in verdicts}
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
            )
        )


def _missing(rails: Rails, hook: Direction, verdict: RailsVerdict) -> str | None:
    """A configured flow that is not seen to have run: passed is only passed when every rail looked."""
    return next((flow for flow in rails.flows[hook] if flow not in verdict.rails), None)


def _put(messages: list[Message], texts: dict[_Where, str]) -> None:
    by_message: dict[int, dict[Path, str]] = {}
    for (index, path), text in texts.items():
        by_message.setdefault(index, {})[path] = text
    for index, changes in by_message.items():
        messages[index] = replace_texts(messages[index], changes)
