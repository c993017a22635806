"""What may become a match of a pattern waits, however long it is; everything else goes out."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guardlint.guard import StreamBlocked
from guardlint.guard.streaming.beginnings import Beginnings, Pattern
from guardlint.guard.streaming.gate import Gate
from guardlint.guard.streaming_plan import Looks, forbidden_by

LONG = "the blue heron flies over the old mill at nine when all the lamps of the harbour are put out again"
PROSE = "And so it goes on, one sentence after another, until there is nothing left to be said. "


def first(pattern: str, text: str, *, whole: bool = False, ignore_case: bool = False) -> int:
    """Where something may have begun."""
    return Beginnings([Pattern(pattern, ignore_case, whole)]).first(text, 0, len(text))


@pytest.mark.parametrize(
    ("pattern", "text", "kept"),
    [
        ("secret plan to wait", "I know the secret pl", "secret pl"),
        (r"secret\s+plan", "a secret \n ", "secret \n "),
        (r"\bsecret plan", "a nosecret pl", ""),
        (r"secret plan", "nothing like it", ""),
        (r".*secret plan", "abc def sec", "sec"),
        (r"(?i).*?secret plan", "abc def SEC", "SEC"),
        (r"^.*secret plan", "abc def sec", "sec"),
        (r"[\s\S]*secret plan", "abc\ndef sec", "sec"),
        (r"\s*secret plan", "abc    sec", "sec"),
        (r"(?s)BEGIN.*END", "abc BEGIN " + PROSE * 30, "BEGIN " + PROSE * 30),
        (r"case: [^.]{1,300}\.", "the case: " + "word " * 20, "case: " + "word " * 20),
        (r"case: [^.]{1,300}\.", "the case: " + "word " * 80, ""),
        (r"x(?=.{0,30}y)", "aaa x bbb", "x bbb"),
        (r"x(?=.{0,3}y)", "aaa x bbbb", ""),
        (r"(\w+) and \1 again", "you and y", "you and y"),
        (r"a{e}b", "xx a{e", "a{e"),
        (r"[[:alpha:]]x", "so :", ":"),
        (r"(?x) foo [ ] bar # a comment", "it is foo b", "foo b"),
        (r"(?!)", "abc", ""),
        (r"(?!)", "", ""),
        (r"(?P<a>x)(?P=a)z", "abc xx", "xx"),
    ],
)
def test_where_a_match_may_have_begun(pattern: str, text: str, kept: str) -> None:
    """Bounded, unbounded, with conditions behind it, and as ``re`` reads it."""
    assert text[first(pattern, text) :] == kept


def test_case_is_that_of_the_rail() -> None:
    """Only where the rail does not mind it."""
    assert first("secret plan", "A SECRET pl") == 11
    assert first("secret plan", "A SECRET pl", ignore_case=True) == 2


def test_of_what_is_masked_every_character_counts() -> None:
    """A start that may be missing is part of the match, and a match that is whole may still grow."""
    assert first(r"(?:Mr )?X\d{2}", "so Mr ", whole=True) == 3
    assert first(r".*secret", "so it is", whole=True) == 0
    assert first(r"foo(?: bar){0,3}", "a foo bar", whole=True) == 2
    assert first(r"foo(?: bar){0,3}", "a foo bar and", whole=True) == 13


def test_what_cannot_be_told_is_kept() -> None:
    """A pattern that cannot be searched for, or takes too long, keeps everything back until the end."""
    assert first("(", "abc") == 0
    text = "a" * 40 + " "
    assert first(r"(?:a|a|aa)+(?:a|a|aa)+(?:a|aa)+(?:a|aa)+zz", text) == 0


_ATOMS = ["a", "b", "c", " ", r"\w", "[^a]", "[ab]", ".", r"\s", r"\S", r"\b", "(?=a)", "(?!b)"]
_PATTERNS = st.recursive(
    st.sampled_from(_ATOMS),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{}{}{}".format, inner, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds(
            "(?:{}){}".format, inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "*?", "+?", "??"])
        ),
        st.builds("(?={}){}".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    _PATTERNS,
    st.sampled_from(["", "(?<=a)", "(?<!b)"]),
    st.text(st.sampled_from("aabbc \n"), min_size=1, max_size=14),
)
@example(r" \ba", "", " a")
def test_no_match_begins_before_it(pattern: str, behind: str, text: str) -> None:
    """Wherever the text is cut, a match across the cut begins no earlier than what is kept."""
    pattern = behind + pattern
    compiled = re.compile(pattern)
    matches = [found.span() for start in range(len(text)) if (found := compiled.match(text, start))]
    for cut in range(1, len(text)):
        whole = first(pattern, text[:cut], whole=True)
        across = [start for start, end in matches if start < cut < end]
        assert all(whole <= start for start in across)
        if across and not compiled.search(text[:cut]):
            assert first(pattern, text[:cut]) <= max(across)


def gated(text: str, cuts: list[int], looks: Looks, forbidden: str) -> tuple[str, bool]:
    """What goes out before the rail finds the phrase, and whether it did."""
    gate, out = Gate(looks), ""
    for begin, end in itertools.pairwise([0, *cuts, len(text), len(text)]):
        gate.feed(text[begin:end])
        if begin == len(text):
            gate.end()
        while (question := gate.question()) is not None:
            if re.search(forbidden, question):
                return out, True
            out += gate.passed()
    return out, False


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_of_a_long_phrase_goes_out(data: st.DataObject) -> None:
    """Twenty words, anywhere in a text, looked at as often as the plan likes, cut anywhere."""
    before = PROSE * data.draw(st.integers(0, 4)) + data.draw(st.sampled_from(["", "Listen: ", "the blue "]))
    text = before + LONG + ". " + PROSE * data.draw(st.integers(0, 3))
    looks = Looks(
        data.draw(st.sampled_from([1, 3, 9, 64, None])),
        data.draw(st.booleans()),
        Beginnings([Pattern(LONG), Pattern(r"no (?:such|other) thing")]),
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=9)))
    out, blocked = gated(text, cuts, looks, LONG)
    assert blocked
    assert before.startswith(out)
    assert out == gated(text, [], looks, LONG)[0]


def test_what_looks_like_one_goes_out_when_it_is_none() -> None:
    """And what comes before it at once."""
    text = PROSE + LONG[:60] + " no more. " + PROSE * 2
    looks = Looks(4, False, Beginnings([Pattern(LONG)]))
    gate, out = Gate(looks), []
    for word in text.split(" "):
        gate.feed(word + " ")
        while gate.question() is not None:
            out.append(gate.passed())
    gate.end()
    while gate.question() is not None:
        out.append(gate.passed())
    assert "".join(out).rstrip() == text.rstrip()
    sent = list(itertools.accumulate(out))
    assert PROSE in sent


def test_the_patterns_of_a_bundle() -> None:
    """Those for replies, of both halves, from every file."""

    def config(**options: Any) -> bytes:
        return yaml.safe_dump({"rails": {"config": {"regex_detection": options}}}).encode()

    files = {
        "company/config.yml": config(output={"patterns": ["one"]}, input={"patterns": ["two"]}),
        "team/a.yaml": config(output={"patterns": ["three", 7]}),
        "team/sub/b.yml": config(output={"case_insensitive": True}),
        "team/broken.yml": b"regex_detection: [",
        "team/odd.yml": b"rails: {config: {regex_detection: {output: [x]}}}",
        "team/kb/notes.md": config(output={"patterns": ["four"]}),
        "plan.yml": config(output={"patterns": ["five"]}),
    }
    assert forbidden_by(files).patterns == (Pattern("one"), Pattern("three", True))


@pytest.mark.parametrize(
    "pattern", [LONG, LONG[:60] + r"[\s\S]*" + LONG[-12:], r"the blue heron [^.]{20,300} again"]
)
def test_a_guard_releases_nothing_of_it(workshop: Any, shared_configs: SimpleNamespace, pattern: str) -> None:
    """The company's own rail, in a real stream: sync, in pieces of several sizes."""
    config = shared_configs.regex().replace("(?i)secret plan", pattern)
    plan = {**shared_configs.plan(), "stream": {"every_tokens": 5}}
    guard = workshop.guard(company=config, plan_data=plan)
    before = PROSE * 2
    text = before + LONG + ". " + PROSE

    def chat(size: int) -> Any:
        def pieces(_: str) -> Any:
            yield from (text[at : at + size] for at in range(0, len(text), size))

        return guard.wrap(pieces)

    for size in (1, 7, 50, len(text)):
        *out, last = chat(size)("hello")
        assert isinstance(last, StreamBlocked)
        assert last.verdict.rail == "regex check output"
        assert before.startswith("".join(out))
        assert len("".join(out)) > 100


def test_the_rails_that_are_shipped() -> None:
    """Every pattern that is shipped can be searched for, and ordinary text waits for none of them."""
    from guardlint.guard.streaming.beginnings import _compiled
    from guardlint.resources import resource_dir

    patterns = []
    for file in sorted(resource_dir("rails").glob("*/rail.yml")):
        rail = yaml.safe_load(file.read_text("utf-8"))
        options = (
            rail["directions"]
            .get("output", {})
            .get("config", {})
            .get("regex_detection", {})
            .get("output", {})
        )
        for entry in options.get("patterns", ()):
            text = entry if isinstance(entry, str) else entry.get("text", "(?!)")
            patterns.append(
                Pattern(text.replace("<hosts>", "[^/]*example"), options.get("case_insensitive", False))
            )
    assert len(patterns) > 30
    assert all(_compiled(pattern) is not None for pattern in patterns)
    text = PROSE * 40
    assert len(text) - Beginnings(patterns).first(text, 0, len(text)) <= 2
