"""No fast road changes what is found: each is compared with the plain one, text by text.

The plain road takes one text at a time and leaves nothing out: every recogniser reads the whole text and
every reading of it, whatever the text holds, and spaCy itself walks over the tokens.
The fast ones leave out what cannot find anything, do many texts at once, and remember.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.guard.detecting import Detectors
from guardlint.pii import PROFILES, Detector, Profile, Span, SpanCache, borrowed, contact, disguises, engine
from guardlint.pii.model import Model, load_model
from guardlint.pii.normalise import View, normalise
from guardlint.pii.rule import Needs
from guardlint.source.record import replace

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SEVEN = "EMAIL_ADDRESS PHONE_NUMBER UK_NINO IBAN_CODE CREDIT_CARD IP_ADDRESS UK_SORT_CODE".split()
ANYTHING = re.compile("")


class Unhelpful(str):
    """A text that tells nobody whether reading it is worth while: it may hold every sign."""

    __slots__ = ()

    def isascii(self) -> bool:
        return False

    def __contains__(self, sign: object, /) -> bool:
        return True


class SpacyAlone:
    """The model's entities as spaCy gives them, one text after the other."""

    def __init__(self, model: Model) -> None:
        self._nlp, self._labels = model._nlp, model._labels

    def entities_of(self, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        return [
            [
                (entity.start_char, entity.end_char, self._labels[entity.label_])
                for entity in self._nlp(str(text)).ents
                if entity.label_ in self._labels
            ]
            for text in texts
        ]


Plain = Callable[[str, Profile], list[Span]]


@pytest.fixture(scope="module")
def plain() -> Plain:
    """What the plain road finds in a text."""
    made: dict[Profile, engine.Engine] = {}
    known: dict[tuple[str, Profile], list[Span]] = {}
    nlp = SpacyAlone(load_model())
    gates = [(module, name) for module in (disguises, contact) for name in vars(module) if "_MAYBE_" in name]
    assert gates

    def find(text: str, profile: Profile) -> list[Span]:
        if profile not in made:
            made[profile] = _unhurried(profile, nlp)
        if (text, profile) not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engine, "normalise", _unhelpful)
                for module, name in gates:
                    patch.setattr(module, name, ANYTHING)
                known[text, profile] = made[profile].scan(text, "en")
        return known[text, profile]

    return find


def _unhelpful(text: str) -> View:
    view = normalise(Unhelpful(text))
    return replace(view, text=Unhelpful(view.text))


def _unhurried(profile: Profile, nlp: Any) -> engine.Engine:
    """An engine whose recognisers want nothing of a text."""
    fast = engine.engine_for(profile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(borrowed, "TABLE", tuple(replace(spec, hint=None) for spec in borrowed.TABLE))
        finders = [(Needs.NOTHING, find) for _, find in engine._finders(profile.entities)]
    assert len(finders) == len(fast.finders)
    return replace(fast, finders=tuple(finders), models=dict.fromkeys(fast.models, nlp))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Generated messages of all kinds, and values in all disguises; those of the benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        from pii_set.chat import chat
        from pii_set.rows import SETS, rows
        from pii_set.tricks import TRICKS, disguised

        generated = [row for name in SETS for row in rows(name, seed=7, each=3)]
        hidden = [
            trick.text
            for row in generated
            if row.section == "adversarial"
            for name in TRICKS
            if (trick := disguised(row, name))
        ]
        every = [*(row.text for row in generated), *hidden, *(row.text for row in chat(60, seed=7))]
    return list(dict.fromkeys(every))


def differing(found: dict[str, list[Span]], plain: Plain, profile: Profile) -> dict[str, Any]:
    """The texts for which the plain road finds something else, with both answers."""
    wanted = {text: plain(text, profile) for text in found}
    return {text: (spans, wanted[text]) for text, spans in found.items() if spans != wanted[text]}


def test_there_are_thousands(texts: list[str]) -> None:
    """The comparison is worth something."""
    assert len(texts) > 1500
    assert sum(not text.isascii() for text in texts) > 300


@pytest.mark.parametrize(
    "profile",
    [PROFILES["everything"], PROFILES["default"].only(SEVEN)],
    ids=["everything", "seven entities"],
)
def test_one_text_and_many_at_once(plain: Plain, texts: list[str], profile: Profile) -> None:
    """A detector finds the same, alone and in batches of mixed texts."""
    detector = Detector(profile)
    alone = {text: detector.detect(text) for text in texts}
    assert differing(alone, plain, profile) == {}
    for size, some in ((16, texts), (3, texts[::4])):
        for first in range(0, len(some), size):
            batch = some[first : first + size]
            assert detector.detect_all(batch) == [alone[text] for text in batch]


def test_processes_of_their_own(plain: Plain, texts: list[str]) -> None:
    """Neither pipes nor batches nor another library for sums change anything."""
    profile = PROFILES["everything"]

    async def ask() -> list[list[Span]]:
        detectors = Detectors([profile], processes=2)
        await detectors.start()
        try:
            answers = await asyncio.gather(*(detectors.detect(profile, [text]) for text in texts))
        finally:
            await detectors.close()
        return [spans for (spans,) in answers]

    found = dict(zip(texts, asyncio.run(ask()), strict=True))
    assert differing(found, plain, profile) == {}


def test_remembered_findings(texts: list[str]) -> None:
    """A cache gives every text its own answer, and none to one that it has not seen."""
    cache = SpanCache()
    for number, text in enumerate(texts[::2]):
        cache.put("0", text, (Span(number, number + 1, "PERSON", 0.5),))
    for number, text in enumerate(texts[::2]):
        assert cache.get("0", text) == (Span(number, number + 1, "PERSON", 0.5),)
        assert cache.get("1", text) is None
    assert all(cache.get("0", text) is None for text in texts[1::2])


PIECES = st.sampled_from(
    [
        *("my name is Anna Schmidt", "I met Peter Miller in London", "Dear Mr. O\u2019Neill,"),
        *("Ich heiße Jürgen Müller.", "Je suis Élodie Dupont", "ask jane smith", "12 Baker Street, NW1 6XE"),
        *(
            "an\u200bna@exa\u00admple.com",
            "anna at example dot org",
            "b [at] example.org",
            "x @ y.de",
            "<at>",
        ),
        *("４１１１ １１１１ １１１１ １１１１", "4l11 11I1 1111 ll11", "four one one one", "4 1 1 1"),
        *("GB82 WEST 1234 5698 7654 32", "gb82west12345698765432", "AB 12 34 56 C", "ab123456c"),
        *("call +44 20 7946 0958", "020 7946 O958", "0 2 0 7 9 4 6", "sort code 20-00-00 account 55779911"),
        *("10.1.2.3", "::1", "fe80::1%eth0", "2001:db8:0:0:0:0:0:1", "1.2.3", "born 1/2/1980"),
        *("YW5uYUBleGFtcGxlLm9yZw==", "anna%40example%2Eorg", "100 %", "password: hunter2!", "²³ ½"),
        *("e\u0301 ﬁ½ Ж 日本 \ud83d \x00", "а1 б2", "x,y,z\n1,2,3", "Name: Kevin\nCard: 4111 1111 1111 1111"),
        *("\u0301\u0308", "I\u0307stanbul", "ſ K ı İ ß", "\n", "\t"),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=7).flatmap(
    lambda parts: st.sampled_from([" ", "", "\n", ", ", "\u200b"]).map(lambda glue: glue.join(parts))
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_whatever_the_text(plain: Plain, batch: list[str]) -> None:
    """Nor is there a text that somebody would have to think of."""
    profile = PROFILES["everything"]
    found = Detector(profile).detect_all(batch)
    assert differing(dict(zip(batch, found, strict=True)), plain, profile) == {}
