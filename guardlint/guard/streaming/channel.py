"""One text of a streamed reply on its way through the output steps, in the order of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from guardlint.engines import Status
from guardlint.guard.call import Call
from guardlint.guard.json_texts import past_escape
from guardlint.guard.plan import Plan, Step
from guardlint.guard.streaming.beginnings import Beginnings, Pattern
from guardlint.guard.streaming.gate import Gate
from guardlint.guard.streaming.holdback import Holdback, Segment, TooLong
from guardlint.guard.streaming.tails import WORD
from guardlint.pii import Span, Transformer

__all__ = ["Channel", "Steps"]

_NO_JSON = "\0"
"""Before a stretch, so that it is not taken for a JSON text of its own."""


class Steps(Protocol):
    """What runs the steps of a plan.  Whatever fails has blocked ``call`` when they return."""

    def transformer(self, step: Step) -> Transformer:
        """What does with findings as a personal-data step says."""

    async def find(self, step: Step, text: str, call: Call) -> Sequence[Span]:
        """The findings of a personal-data step."""

    async def judge(self, steps: Sequence[Step], text: str, call: Call) -> str:
        """What the rails of some steps, one after the other, make of a growing text."""


class Channel:
    """Text goes in with :meth:`feed`, comes out of :meth:`work` when it may be released."""

    def __init__(self, plan: Plan) -> None:
        self._stages = _stages(plan)
        self._ended = False
        self._done = False

    def feed(self, text: str) -> None:
        """More of the text."""
        self._stages[0].feed(text)

    def end(self) -> None:
        """No more of it."""
        self._ended = True
        self._stages[0].end()

    @property
    def due(self) -> bool:
        """Whether there is anything to do before more text comes."""
        if self._ended:
            return not self._done
        try:
            return self._stages[0].question() is not None
        except TooLong:
            return True

    async def work(self, steps: Steps, call: Call) -> str:
        """One look of the first step, and all that follows from it; what may be released now.

        What comes out is the same for every way in which the text came in: one look hands on one stretch, and
        the later steps see nothing but these.
        """
        first, *later = self._stages
        text = await first.step(steps, call) or ""
        over = self._ended and not call.blocked and first.is_done
        for stage in later:
            stage.feed(text)
            if over:
                stage.end()
            parts: list[str] = []
            while not call.blocked and (part := await stage.step(steps, call)) is not None:
                parts.append(part)
            text = "".join(parts)
        self._done = over
        return text


class _Stage(Protocol):
    def feed(self, text: str) -> None: ...

    def end(self) -> None: ...

    @property
    def is_done(self) -> bool: ...

    def question(self) -> str | None: ...

    async def step(self, steps: Steps, call: Call, /) -> str | None: ...


def _stages(plan: Plan) -> list[_Stage]:
    """Personal-data steps by themselves, the rails between them together."""
    stages: list[_Stage] = []
    rails: list[Step] = []
    for step in plan.steps["output"]:
        if step.name == "pii":
            if rails:
                stages.append(_Judged(plan, tuple(rails)))
                rails = []
            stages.append(_Masked(step))
        else:
            rails.append(step)
    if rails:
        stages.append(_Judged(plan, tuple(rails)))
    if plan.stream.only_at_end and not any(isinstance(stage, _Judged) for stage in stages):
        return [*stages, _AtEnd()]
    # What stands for a value is only put back whole, so words are not taken apart where anything is.
    return stages or [_Words() if any(step.restore for step in plan.steps["input"]) else _Open()]


class _Open:
    """No output steps at all: what comes, goes."""

    def __init__(self) -> None:
        self._text = ""
        self._ended = False

    def feed(self, text: str) -> None:
        self._text += text

    def end(self) -> None:
        self._ended = True

    @property
    def is_done(self) -> bool:
        return self._ended and not self._text

    def question(self) -> str | None:
        return self._text or None

    async def step(self, _steps: Steps, _call: Call) -> str | None:
        text, self._text = self._text, ""
        return text or None


class _AtEnd(_Open):
    """What the policy wants held to the end although no rail has to look at it."""

    def question(self) -> str | None:
        return super().question() if self._ended else None

    async def step(self, steps: Steps, call: Call) -> str | None:
        return await super().step(steps, call) if self._ended else None


class _Words(_Open):
    """The same, but for the word that has not ended."""

    def question(self) -> str | None:
        return self._text[: self._end()] or None

    async def step(self, _steps: Steps, _call: Call) -> str | None:
        end = self._end()
        text, self._text = self._text[:end], self._text[end:]
        return text or None

    def _end(self) -> int:
        if self._ended:
            return len(self._text)
        words = list(WORD.finditer(self._text))
        return words[-1].start() if words else len(self._text)


class _Masked(Holdback):
    """A personal-data step."""

    __slots__ = ("_pii",)

    def __init__(self, step: Step) -> None:
        super().__init__(Beginnings([Pattern(one.pattern, whole=True) for one in step.recognizers]))
        self._pii = step

    async def step(self, steps: Steps, call: Call) -> str | None:
        try:
            window = self.question()
        except TooLong:
            call.block("personal-data", rail=self._pii.rail)
            return None
        if window is None:
            return None
        spans = await steps.find(self._pii, window, call)
        if call.blocked:
            return None
        segment = self.answer(spans)
        if not segment.spans:
            return segment.text
        transformer = steps.transformer(self._pii)
        call.entities.update(span.entity for span in segment.spans)
        if transformer.blocks(segment.spans):
            call.block("personal-data", rail=self._pii.rail)
            _note(call, "blocked")
            return None
        call.changed = True
        _note(call, "modified")
        return self._apply(transformer, segment, call)

    def _apply(self, transformer: Transformer, segment: Segment, call: Call) -> str:
        # The last stretch knows whether the whole is JSON, and no other needs to (see json_from).
        last = self.released == len(self.text)
        before = self.text[: segment.start] if last else _NO_JSON
        shift = len(before)
        starts = [self._start(segment.start + span.start) - segment.start for span in segment.spans]
        spans = [
            Span(start + shift, span.end + shift, span.entity, span.score)
            for start, span in zip(starts, segment.spans, strict=True)
            if start < span.end
        ]
        return transformer.apply(before + segment.text, spans, call.pseudonyms)[len(before) :]

    def _start(self, place: int) -> int:
        """Where a value begins; of JSON never within an escape."""
        return past_escape(self.text, place) if self.text.lstrip()[:1] in ("{", "[") else place


def _note(call: Call, status: Status) -> None:
    """What came of the look that was recorded last: its findings may still have been held back."""
    if call.steps and call.steps[-1].step == "pii":
        call.steps[-1] = replace(call.steps[-1], status=status, rail=call.rail)


class _Judged(Gate):
    """Rails that follow one another."""

    __slots__ = ("_steps",)

    def __init__(self, plan: Plan, steps: tuple[Step, ...]) -> None:
        super().__init__(plan.stream)
        self._steps = steps

    async def step(self, steps: Steps, call: Call) -> str | None:
        text = self.question()
        if text is None:
            return None
        told = await steps.judge(self._steps, text, call)
        if call.blocked:
            return None
        if told == text:
            return self.passed()
        call.changed = True
        released = self.rewritten(told)
        if released is None:
            call.block("rail", rail=call.rail)
        return released
