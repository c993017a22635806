"""One text of a stream through steps that are played: order, rewriting, blocks in the middle."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from guardlint.guard.call import Call
from guardlint.guard.plan import Plan, Step
from guardlint.guard.streaming.channel import Channel
from guardlint.guard.streaming_plan import Looks
from guardlint.pii import Span, Transformer

PII = Step("pii", rail="mask")
COMPANY = Step("company")
TEAM = Step("team")


def word(number: int) -> str:
    """A word of its own for each number; one with digits might be part of a value."""
    return "w" + "".join("abcdefghij"[int(digit)] for digit in str(number)) + "x"


TEXT = " ".join(word(n) + ("@x" if n % 7 == 0 else "") + ("." if n % 11 == 10 else "") for n in range(120))
MASKED = re.sub(r"\w+@x", "<E>", TEXT)


class Played:
    """Finds ``wordx@x``; rails do what they are told."""

    def __init__(self, judge: Callable[[str], str | None] = lambda text: text) -> None:
        self.judged: list[tuple[str, str]] = []
        self._judge = judge

    def transformer(self, step: Step) -> Transformer:
        return Transformer()

    async def find(self, step: Step, text: str, call: Call) -> Sequence[Span]:
        return [Span(*one.span(), "E", 1.0) for one in re.finditer(r"\w+@x", text)]

    async def judge(self, steps: Sequence[Step], text: str, call: Call) -> str:
        self.judged.append(("+".join(step.name for step in steps), text))
        told = self._judge(text)
        if told is None:
            call.block("rail", rail="played")
        return told or ""


def plan(*steps: Step, restore: bool = False, looks: Looks | None = None) -> Plan:
    given: Any = {"input": (Step("pii", restore=restore),), "output": steps}
    return Plan(MappingProxyType(given), "no", 30.0, stream=looks or Looks())


def streamed(given: Plan, played: Played, size: int, text: str = TEXT) -> tuple[str, Call]:
    """What is released of the text in pieces, and the call."""

    async def run() -> tuple[str, Call]:
        channel, call, out = Channel(given), Call([]), ""
        for start in range(0, len(text), size):
            channel.feed(text[start : start + size])
            while channel.due and not call.blocked:
                out += await channel.work(played, call)
        channel.end()
        while channel.due and not call.blocked:
            out += await channel.work(played, call)
        return out, call

    return asyncio.run(run())


ORDERS: list[tuple[Step, ...]] = [
    (PII,),
    (PII, COMPANY),
    (PII, TEAM, PII, COMPANY),
    (TEAM, COMPANY, PII),
    (COMPANY,),
]


@pytest.mark.parametrize("steps", ORDERS)
def test_every_order_gives_the_same_for_every_cut(steps: tuple[Step, ...]) -> None:
    """What rails see too: it is the text, or its mask, as far as the plan has come."""
    expected = MASKED if PII in steps else TEXT
    seen = set()
    for size in (1, 4, 17, len(TEXT)):
        played = Played()
        out, call = streamed(plan(*steps), played, size)
        assert out == expected
        assert not call.blocked
        seen.add(tuple(played.judged))
    (judged,) = seen
    for name, text in judged:
        masked = (
            steps.index(PII) < steps.index(Step("team" if "team" in name else "company"))
            if PII in steps
            else False
        )
        assert (MASKED if masked else TEXT).startswith(text)


def test_rails_that_stand_together_look_together() -> None:
    """Each look asks them one after the other."""
    played = Played()
    streamed(plan(PII, TEAM, COMPANY), played, 5)
    assert {name for name, _ in played.judged} == {"team+company"}


@pytest.mark.parametrize("steps", ORDERS[1:])
def test_a_block_releases_the_same_for_every_cut(steps: tuple[Step, ...]) -> None:
    """What was checked before is out, and nothing of what was not."""
    released = set()
    for size in (1, 4, 17, len(TEXT)):
        out, call = streamed(plan(*steps), Played(lambda text: None if word(60) in text else text), size)
        assert call.blocked
        assert call.rail == "played"
        released.add(out)
    (out,) = released
    assert (MASKED if PII in steps else TEXT).startswith(out)
    assert out
    assert word(60) not in out


def test_what_rails_rewrite_goes_out_whole() -> None:
    """From the first look that rewrites on, everything waits for the end."""
    for size in (1, 9, len(TEXT)):
        out, call = streamed(plan(PII, COMPANY), Played(lambda text: text.replace(word(40), "XXXX")), size)
        assert out == MASKED.replace(word(40), "XXXX")
        assert call.changed


def test_what_takes_back_blocks() -> None:
    """Words that are out cannot be changed."""
    out, call = streamed(
        plan(PII, COMPANY), Played(lambda text: text if len(text) < 200 else text.upper()), 6
    )
    assert call.blocked
    assert MASKED.startswith(out)


def test_without_output_steps_nothing_waits() -> None:
    """Where pseudonyms are put back, the last word does."""

    async def pieces(given: Plan) -> list[str]:
        channel, call, out = Channel(given), Call([]), []
        for piece in ("I told <PER", "SON_1> so", ". Bye"):
            channel.feed(piece)
            out.append(await channel.work(Played(), call) if channel.due else "")
        channel.end()
        return [*out, await channel.work(Played(), call)]

    assert asyncio.run(pieces(plan())) == ["I told <PER", "SON_1> so", ". Bye", ""]
    assert asyncio.run(pieces(plan(restore=True))) == ["I told ", "<PERSON_1> ", "so. ", "Bye"]


def test_values_are_counted_once() -> None:
    """However often they were looked at."""
    _, call = streamed(plan(PII, COMPANY), Played(), 3)
    assert call.entities == {"E": TEXT.count("@x")}
