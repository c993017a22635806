"""Whole replies in pieces: choices, refusals, thoughts, calls of tools, cut and mixed at random."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.guard import Guard
from guardlint.guard.call import Call
from guardlint.guard.plan import Plan, Step
from guardlint.guard.streaming.beginnings import Beginnings, Pattern
from guardlint.guard.streaming.stream import Stream
from guardlint.guard.streaming_plan import Looks
from guardlint.pii import Detector, Span, Transformer

PHRASE = "the old mill at nine when all the lamps of the harbour are put out"
VALUE = "anna.schmidt@example.com"
PROSE = "It goes on like this, and there is no end of it as far as anybody can see. "
TEXTS: dict[tuple[int, str], str] = {
    (0, "content"): f"{PROSE}Ask {VALUE} about it, or 020 7946 0958. {PROSE}",
    (1, "content"): f"{PROSE}{PROSE}Card 4111 1111 1111 1111. Nothing else.",
    (0, "refusal"): f"No. {PROSE}Write to {VALUE}.",
    (1, "reasoning_content"): f"They want {VALUE}. {PROSE}",
    (0, "call"): json.dumps({"to": VALUE, "body": f'He said "{PROSE}" and\nleft.', "n": 4111111111111111}),
}
DETECTOR = Detector("structured")
SEEN: dict[str, list[Span]] = {}


class Played:
    """Real detection; one forbidden phrase."""

    def __init__(self) -> None:
        self.judged: list[str] = []

    def transformer(self, step: Step) -> Transformer:
        return Transformer()

    async def find(self, step: Step, text: str, call: Call) -> Sequence[Span]:
        if text not in SEEN:
            SEEN[text] = DETECTOR.detect(text)
        return SEEN[text]

    async def judge(self, steps: Sequence[Step], text: str, call: Call) -> str:
        self.judged.append(text)
        if PHRASE in text:
            call.block("rail", rail="played")
        return text


def plan(order: str) -> Plan:
    """``order`` of masking and judging."""
    steps = tuple(Step("pii", rail="mask") if one == "m" else Step("company") for one in order)
    given: Any = {"input": (), "output": steps}
    looks = Looks(9, True, Beginnings([Pattern(PHRASE)]))
    return Plan(MappingProxyType(given), "no", 30.0, stream=looks)


def pieces_of(texts: dict[tuple[int, str], str], data: st.DataObject) -> list[dict[str, Any]]:
    """Chunks: each text cut anywhere, and the pieces of all of them mixed."""
    queues = []
    for (choice, name), text in texts.items():
        ends = sorted({*data.draw(st.lists(st.integers(0, len(text)), max_size=6)), len(text)})
        queues.append(
            [_chunk(choice, name, text[a:b]) for a, b in zip([0, *ends], ends, strict=False) if a < b]
        )
    found = []
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        found.append(queue.pop(0))
    return found


def _chunk(choice: int, name: str, text: str) -> dict[str, Any]:
    delta: dict[str, Any] = {name: text}
    if name == "call":
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}
    return {"id": "c", "choices": [{"index": choice, "delta": delta, "finish_reason": None}]}


def played(order: str, pieces: Sequence[Any]) -> tuple[dict[tuple[int, str], str], Call, Played]:
    """What is released of each text."""

    async def run() -> tuple[list[Any], Call, Played]:
        call, steps, out = Call([]), Played(), []
        stream = Stream(plan(order), call)
        for piece in [*pieces, None]:
            stream.finish() if piece is None else stream.push(piece)
            while stream.due and not call.blocked:
                await stream.work(steps)
            out += stream.take()
            if call.blocked:
                break
        return out, call, steps

    out, call, steps = asyncio.run(run())
    texts: dict[tuple[int, str], str] = {}
    for piece in out:
        for choice in piece["choices"]:
            for name, value in choice["delta"].items():
                said = value[0]["function"]["arguments"] if name == "tool_calls" else value
                key = (choice["index"], "call" if name == "tool_calls" else name)
                texts[key] = texts.get(key, "") + (said or "")
    return texts, call, steps


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["m", "mj", "jm", "mjm", "j"]), st.data())
def test_every_text_of_a_reply_comes_out_as_if_alone(order: str, data: st.DataObject) -> None:
    """In every order of the steps, and whatever comes between its pieces."""
    out, call, _ = played(order, pieces_of(TEXTS, data))
    assert not call.blocked
    for key, text in TEXTS.items():
        assert out[key] == (DETECTOR.mask(text) if "m" in order else text), key
    if "m" in order:
        json.loads(out[0, "call"])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["mj", "jm", "mjm", "j"]), st.sampled_from(sorted(TEXTS)), st.data())
def test_a_forbidden_phrase_in_one_of_them_ends_all(
    order: str, where: tuple[int, str], data: st.DataObject
) -> None:
    """Nothing of it goes out, of the others no more than they begin with, and no value of any."""
    texts = dict(TEXTS)
    texts[where] = (
        json.dumps({"to": f"{PROSE}{PHRASE}. {PROSE}"}) if where[1] == "call" else f"{PROSE}{PHRASE}. {PROSE}"
    )
    out, call, _ = played(order, pieces_of(texts, data))
    assert call.blocked
    assert call.rail == "played"
    for key, text in out.items():
        assert (DETECTOR.mask(texts[key]) if "m" in order else texts[key]).startswith(text)
    assert len(out.get(where, "")) <= texts[where].index(PHRASE)


@pytest.mark.parametrize("order", ["", "j", "m"])
@pytest.mark.parametrize("value", ['Anna "Ann" Schmidt', "C:\\anna", "Anna\nSchmidt"])
def test_values_are_put_back_as_the_text_wants_them(order: str, value: str) -> None:
    """Arguments stay JSON for every cut; in the reply beside them the value stands as it is."""
    arguments = json.dumps({"to": "<PERSON_1>", "text": f"{PROSE}\nPERSON_1 says: <PERSON_1>."})
    told = {"to": value, "text": f"{PROSE}\n{value} says: {value}."}

    async def run(size: int) -> list[Any]:
        given: Any = {"input": (Step("pii", restore=True),), "output": plan(order).steps["output"]}
        call, out = Call([]), []
        call.pseudonyms.name("PERSON", value)
        stream = Stream(Plan(MappingProxyType(given), "no", 30.0), call)
        for name, text in (("call", arguments), ("content", f"Dear <PERSON_1>, {PROSE}")):
            for at in range(0, len(text), size):
                stream.push(_chunk(0, name, text[at : at + size]))
                while stream.due:
                    await stream.work(Played())
                out += stream.take()
        stream.finish()
        while stream.due:
            await stream.work(Played())
        assert not call.blocked
        return out + stream.take()

    for size in (1, 2, 5, 33, 999):
        deltas = [piece["choices"][0]["delta"] for piece in asyncio.run(run(size))]
        calls = [delta["tool_calls"][0]["function"]["arguments"] for delta in deltas if "tool_calls" in delta]
        assert json.loads("".join(calls)) == told
        assert "".join(delta.get("content", "") for delta in deltas) == f"Dear {value}, {PROSE}"


class Upstream:
    """A function that does something odd in the middle of its pieces."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.closed = 0
        self.thrown: BaseException | None = None

    def sync(self, _: str) -> Iterator[str]:
        try:
            yield from [PROSE[at : at + 5] for at in range(0, len(PROSE), 5)] * 6
            if self.error is not None:
                raise self.error
        except GeneratorExit:
            raise
        except BaseException as error:
            self.thrown = error
            raise
        finally:
            self.closed += 1

    async def later(self, text: str) -> AsyncIterator[str]:
        with contextlib.closing(self.sync(text)) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                await asyncio.sleep(0)
                yield piece


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def guard(workshop: Any, shared_configs: SimpleNamespace, records: list[dict[str, Any]]) -> Guard:
    guard: Guard = workshop.guard(plan_data=shared_configs.plan(), audit=records.append)
    return guard


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), MemoryError(), ValueError("gone")])
def test_an_upstream_that_dies(guard: Guard, records: list[dict[str, Any]], error: BaseException) -> None:
    """Its exception is the caller's, whatever it is, and the call is recorded."""
    upstream = Upstream(error)
    out: list[str] = []
    with pytest.raises(type(error)) as raised:
        out.extend(guard.wrap(upstream.sync)("hello"))
    assert raised.value is error
    assert upstream.closed == 1
    assert (PROSE * 6).startswith("".join(out))
    assert records[-1]["function"] == "raised"
    assert records[-1]["stream"]["ended"] == "raised"


def test_an_upstream_that_ends_without_a_word(guard: Guard, records: list[dict[str, Any]]) -> None:
    """Without the finish of its choices: the rails see all of it all the same."""
    chunks = [_chunk(0, "content", piece) for piece in ("It was the secret ", "plan")]

    def chat(_: str) -> Iterator[Any]:
        yield from chunks

    out = list(guard.wrap(chat)("hello"))
    assert "secret" not in json.dumps(out)
    assert out[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert records[-1]["verdict"] == "blocked"


def test_what_is_thrown_into_a_stream(guard: Guard, records: list[dict[str, Any]]) -> None:
    """It ends the stream there; the function is closed, not told."""
    upstream = Upstream()
    stream: Any = guard.wrap(upstream.sync)("hello")
    next(stream)
    with pytest.raises(LookupError):
        stream.throw(LookupError("theirs"))
    assert upstream.closed == 1
    assert upstream.thrown is None
    assert records[-1]["stream"]["ended"] == "stopped"
    with pytest.raises(StopIteration):
        next(stream)


def test_what_is_thrown_into_an_async_stream(guard: Guard, records: list[dict[str, Any]]) -> None:
    """The same there, and what is closed can be closed again."""
    upstream = Upstream()

    async def thrown() -> None:
        stream: Any = guard.wrap(upstream.later)("hello")
        await anext(stream)
        with pytest.raises(LookupError):
            await stream.athrow(LookupError("theirs"))
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(thrown())
    assert upstream.closed == 1
    assert records[-1]["stream"]["ended"] == "stopped"


def test_a_slow_consumer_keeps_the_function_waiting(guard: Guard) -> None:
    """Nothing is asked for before what is there was taken."""
    pulled = 0

    async def chat(_: str) -> AsyncIterator[str]:
        nonlocal pulled
        for _number in range(300):
            pulled += 1
            yield PROSE

    async def slow() -> None:
        stream: Any = guard.wrap(chat)("hello")
        async with contextlib.aclosing(stream):
            await anext(stream)
            before = pulled
            await asyncio.sleep(0.05)
            assert pulled == before < 6

    asyncio.run(slow())
