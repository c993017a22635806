"""Streams, the core: no cut changes what is released, and nothing goes out that the whole would mask."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.guard.streaming.beginnings import Beginnings, Pattern
from guardlint.guard.streaming.gate import Gate
from guardlint.guard.streaming.holdback import LIMIT, Holdback, TooLong
from guardlint.guard.streaming.tails import HELD_WORDS
from guardlint.guard.streaming_plan import Looks
from guardlint.pii import PROFILES, Custom, Detector, Pseudonyms, Span, Transformer

MASKING = Transformer()
DETECTOR = Detector("structured")
NAMES = Detector()
KEY = "PRIVATE KEY"
SHORT = {
    "card": "Card 4111 1111 1111 1111 is it",
    "mail": "to anna.schmidt@example.com, ok",
    "iban": "IBAN: DE89 3704 0044 0532 0130 00.",
    "phone": "call +44 20 7946 0958 or not",
    "password": 'password: "hunter2-x" end',
    "json": '{"card": 4111111111111111, "ok": true}',
    "base64": "see " + "YW5uYS5zY2htaWR0QGV4YW1wbGUuY29t" + " here",
    "wide": "tel ０２０ ７９４６ ０９５８ x",
    "table": "Name;Account number;Note\nx;12345678;y\n",
}
LONG = {
    "spelled digits": "my card is "
    + " ".join("four one one one one one one one one one one one one one one one".split())
    + " and that is all there is to say about it, is it not, my dear friend of old",
    "spaced digits": "it is 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 as far as I know, and nothing else is to be said "
    "here now",
    "spoken mail": "write to anna dot maria dot schmidt at mail dot example dot org when you have the time "
    "for it, and if not then do it later on",
    "key": f"Here it is:\n-----BEGIN {KEY}-----\n"
    + "QUJDREVGR0hJSktMTU5PUFFS\n" * 12
    + f"-----END {KEY}-----\n"
    "and now you have it, so please take good care of it and tell nobody.",
    "table": "Name;Sort code;Account number;Remark\n"
    + "".join(f"Person {n};40-12-3{n};1234567{n};note {n}\n" for n in range(7))
    + "\nThat is the whole of the table, and there is no more of it to be had here.",
    "insert": "INSERT INTO payees (id, account_number, remark) VALUES "
    + ", ".join(f"({n}, '1234567{n}', 'it''s fine, really')" for n in range(9))
    + "; and that was the end of the statement which I wanted to show to you today.",
    "address": "Please send the parcel to 221 Old North Church Street, London NW1 6XE as soon as you can, "
    "because it has to be there before the end of the week, they say, and I believe them.",
    "arguments": json.dumps(
        {
            "to": "anna.schmidt@example.com",
            "amount": 12.5,
            "card": 4111111111111111,
            "note": "as we agreed " * 9,
        }
    ),
    "escapes": json.dumps(
        {
            f"note {n}": f"Lieferadresse: Johannes Höfig, Hövelplatz 6{n}, 78546 Crailsheim, bitte klingeln. "
            + "Und so " * 3
            for n in range(5)
        }
    ),
    "far keys": json.dumps(
        {
            "account": {"note": "as we agreed, and so on. " * 5, "number": "12345678", "currency": "GBP"},
            "phones": ["none at all, as it is said here", *(f"0207 946 09{n}" for n in range(10, 30))],
            "said": "and that was all of it, as far as anybody knows here, and there is nothing else to say",
        }
    ),
    "json in prose": 'She said "no", and then: {"account": {"number": "12345678", "words": "'
    + "and so it goes on " * 6
    + '"}} and "that was all" of it, as far as anybody knows here, and nothing else is said.',
    "japanese": "お問い合わせは anna.schmidt@example.com までお願いいたします。" * 5,
}


@cache
def found(text: str, names: bool = False) -> tuple[Span, ...]:
    """What is in a text; windows come again and again."""
    return tuple((NAMES if names else DETECTOR).detect(text))


def streamed(text: str, cuts: Sequence[int] = (), *, names: bool = False) -> list[str]:
    """What is released after each piece, and at the end."""
    held, kept = Holdback(), Pseudonyms()
    parts = []
    bounds = [0, *cuts, len(text)]
    for begin, end in itertools.pairwise(bounds):
        held.feed(text[begin:end])
        parts.append(_released(held, kept, names=names))
    held.end()
    return [*parts, _released(held, kept, names=names)]


def _released(held: Holdback, kept: Pseudonyms, *, names: bool) -> str:
    out = []
    while (window := held.question()) is not None:
        segment = held.answer(found(window, names))
        before = held.text[: segment.start] if held.released == len(held.text) else "\0"
        spans = [Span(s.start + len(before), s.end + len(before), s.entity, s.score) for s in segment.spans]
        out.append(MASKING.apply(before + segment.text, spans, kept)[len(before) :])
    return "".join(out)


def whole(text: str, *, names: bool = False) -> str:
    """The mask of the whole text."""
    return MASKING.apply(text, found(text, names), Pseudonyms())


@pytest.mark.parametrize("name", SHORT)
def test_every_pair_of_cuts_of_a_short_text(name: str) -> None:
    """Two cuts anywhere: the parts are those of the whole text's mask."""
    text = SHORT[name]
    expected = whole(text)
    assert expected != text
    for cuts in itertools.combinations_with_replacement(range(len(text) + 1), 2):
        assert "".join(streamed(text, cuts)) == expected


@pytest.mark.parametrize("name", LONG)
def test_every_cut_of_a_long_text(name: str) -> None:
    """One cut anywhere, and single characters: at no time more than the whole text's mask begins with."""
    text = LONG[name]
    expected = whole(text)
    assert expected != text
    for cuts in [*((cut,) for cut in range(len(text) + 1)), tuple(range(1, len(text)))]:
        so_far = ""
        for part in streamed(text, cuts):
            so_far += part
            assert expected.startswith(so_far)
        assert so_far == expected


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_cuts_change_what_samples_give(data: st.DataObject) -> None:
    """Samples one after another, with whatever between them, cut anywhere."""
    samples = st.sampled_from(
        [*SHORT.values(), *LONG.values(), "Dear John Smith,", "a, b", "# x", "- one", "word\u200b"]
    )
    fill = st.sampled_from([" ", "\n", "\n\n", "\t", "; ", " and then it says: ", "\u00a0", "\u200b "])
    text = "".join(data.draw(st.lists(st.one_of(samples, fill), min_size=1, max_size=7)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    expected = streamed(text)
    assert "".join(streamed(text, cuts)) == "".join(expected)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_cuts_change_any_text(data: st.DataObject) -> None:
    """The same for texts of no sense."""
    signs = st.sampled_from("a1 \n4.@-;,|:é\u200b漢'\"(){}[]<>Z")
    text = data.draw(st.text(signs, max_size=200))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    assert "".join(streamed(text, cuts)) == "".join(streamed(text))


def test_names_are_those_of_the_whole_text() -> None:
    """The model reads eight words on: what it names in the stretches is what it names in the whole."""
    text = (
        "Good morning, this is about the claim of Jonathan Meyerhoff, who lives in Birmingham with his wife "
        "Charlotte. They were visited by Deborah Whitfield from the agency in Manchester on Tuesday, and she "
        "wrote a report that Peter Aldridge has signed. Please send a copy to Rosemary Blackwood in "
        "Edinburgh, and tell Mr Thompson that nothing else is needed from him before the meeting in Leeds."
    )
    expected = whole(text, names=True)
    assert expected.count("<PERSON>") > 4
    for size in (1, 3, 7, 50):
        assert "".join(streamed(text, range(size, len(text), size), names=True)) == expected


def test_prose_is_released_as_it_comes() -> None:
    """What nothing can follow up is not held: about a look's words, and eight."""
    text = "and so it goes on and on and on without any end in sight for anybody at all " * 20
    so_far = 0
    most = 0
    for number, part in enumerate(streamed(text, range(4, len(text), 4)), 1):
        so_far += len(part)
        most = max(most, min(number * 4, len(text)) - so_far)
    assert most < 240


def test_what_has_no_end_is_refused() -> None:
    """A word, or a key, of more than the limit: nothing of it goes out."""
    for text in ("x" * (LIMIT + 2), f"-----BEGIN {KEY}-----\n" + "QUJDREVGR0hJ\n" * 3000):
        for cuts in ((), range(1000, len(text), 1000)):
            with pytest.raises(TooLong) as refused:
                streamed(text, cuts)
            parts = [entry.locals["out"] for entry in refused.traceback if entry.name == "_released"]
            assert "".join(*parts) == ""


def test_the_work_grows_with_the_text() -> None:
    """Every look is of about the same length, so the work is no square."""
    text = "The report was finished on time and everybody agreed with it. " * 200
    looks: list[int] = []
    held = Holdback()
    held.feed(text)
    held.end()
    while (window := held.question()) is not None:
        looks.append(len(window))
        held.answer([])
    assert max(looks) < 800
    assert sum(looks) < 4 * len(text)


OWN = [
    Custom("CASE", r"case: [^.]+\.", 0.9),
    Custom("CASE", r"\bC\d{2}(?: \d{4}){9}\b", 0.9),
    Custom("CASE", r"(?:[a-z]+ ){26}end", 0.9),
]
LONG_VALUE = (
    "We have found it in the case: " + "one more word and " * 90 + "the end. That is all " + "and so on " * 30
)


def streamed_own(text: str, size: int) -> list[str]:
    """What is released after each piece where a company has recognisers of its own."""
    detector = Detector(PROFILES["structured"].with_custom(OWN))
    held, out = Holdback(Beginnings([Pattern(one.pattern, whole=True) for one in OWN])), [""]
    for piece in [*(text[start : start + size] for start in range(0, len(text), size)), None]:
        held.end() if piece is None else held.feed(piece)
        part = ""
        while (window := held.question()) is not None:
            segment = held.answer(detector.detect(window))
            part += MASKING.apply(segment.text, segment.spans, Pseudonyms())
        out.append(part)
    return out


@pytest.mark.parametrize(
    "text",
    [
        LONG_VALUE,
        "It is C12 " + "1234 " * 8 + "5678 and that is what the file says about it, as far as we know here.",
        "the words of it go on and on and " * 3 + "then the end has come at last, says the file.",
        "In full width: ｃａｓｅ： "
        + "one more word and " * 20
        + "the end. And so on, until there is no more.",
    ],
)
def test_a_long_value_of_a_company_is_not_taken_apart(text: str) -> None:
    """Longer than the eight words that wait by themselves, and longer than any number of them."""
    expected = Detector(PROFILES["structured"].with_custom(OWN)).mask(text)
    assert "<CASE>" in expected
    for size in (1, 13, len(text)):
        so_far = ""
        for part in streamed_own(text, size):
            so_far += part
            assert expected.startswith(so_far)
        assert so_far == expected


def test_where_no_value_of_a_company_has_begun_nothing_more_waits() -> None:
    """However long one may be."""
    text = "and so it goes on. Without any end in sight for anybody, it seems to me! " * 20
    so_far = most = 0
    for number, part in enumerate(streamed_own(text, 4)):
        so_far += len(part)
        most = max(most, min(number * 4, len(text)) - so_far)
    assert most < 240


def judged(text: str, cuts: Sequence[int], looks: Looks) -> tuple[list[str], str]:
    """What the rails see, and what is released, when they let everything pass."""
    gate = Gate(looks)
    seen, out = [], []
    for begin, end in itertools.pairwise([0, *cuts, len(text)]):
        gate.feed(text[begin:end])
        if end == len(text) and begin != end:
            gate.end()
        while (question := gate.question()) is not None:
            seen.append(question)
            out.append(gate.passed())
    return seen, "".join(out)


@pytest.mark.parametrize(
    ("looks", "count"),
    [
        (Looks(), 5),
        (Looks(None, True), 5),
        (Looks(10, False), 9),
        (Looks(None, False), 1),
        (Looks(20, True), 5),
    ],
)
def test_rails_look_where_the_plan_says(looks: Looks, count: int) -> None:
    """After so many words, at the ends of sentences, at the end: the same for every cut."""
    text = "One two three four five six seven eight nine ten. Eleven! Twelve thirteen.\nFourteen " * 6 + "end"
    expected = judged(text, (), looks)
    assert expected[1] == text
    assert expected[0][-1] == text
    assert all(text.startswith(seen) for seen in expected[0])
    for size in (1, 2, 5, 33):
        assert judged(text, range(size, len(text), size), looks) == expected
    assert len(expected[0]) >= count


def test_eight_words_before_a_look_stay_back() -> None:
    """A forbidden phrase may have begun there."""
    gate = Gate(Looks(16, False))
    words = [f"word{n}" for n in range(40)]
    gate.feed(" ".join(words))
    question = gate.question()
    assert question == " ".join(words[:16])
    assert gate.passed().split() == words[: 16 - HELD_WORDS]


def test_a_rewritten_text_is_held_until_its_end() -> None:
    """What rails rewrite goes out whole, or not at all when it takes back what went out."""
    gate = Gate(Looks(16, False))
    text = " ".join(f"word{n}" for n in range(60))
    gate.feed(text)
    gate.question()
    before = gate.passed()
    gate.question()
    assert gate.rewritten("something else") == ""
    assert gate.question() is None
    gate.end()
    assert gate.question() == text
    assert gate.rewritten(before + "and the rest") == "and the rest"
    other = Gate(Looks(16, False))
    other.feed(text)
    other.question()
    other.passed()
    other.end()
    while (question := other.question()) != text:
        other.passed()
    assert question == text
    assert other.rewritten("something else") is None
