"""The public face: offsets, masking, languages, profiles, silence, threads."""

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.errors import ConfigError, UsageError
from guardlint.pii import PROFILES, Detector, Span

PIECES = st.sampled_from(
    [
        "my name is Anna Schmidt",
        "anna@example.com",
        "an\u200bna@exa\u00admple.com",
        "４１１１ １１１１ １１１１ １１１１",
        "GB82 WEST 1234 5698 7654 32",
        "GB82\u00a0WEST\u20111234\u20115698\u20117654\u201132",
        "call +44 20 7946 0958",
        "12 Baker Street, London NW1 6XE",
        "https://x.example/?mail=anna@example.com&c=4111111111111111",
        "password: hunter2!",
        "sort code 20-00-00 account 55779911",
        "born 1/2/1980",
        "e\u0301 ﬁ½ Ж 日本 \ud83d \x00",
        "Dear Mr. O\u2019Neill,",
        "Ich heiße Jürgen Müller.",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=6).flatmap(
    lambda parts: st.sampled_from([" ", "", "\n", ", ", "\u200b"]).map(lambda glue: glue.join(parts))
)
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def unmask(masked: str, text: str, spans: list[Span]) -> str:
    """The masked text with each placeholder replaced by what the span covers."""
    for span in reversed(spans):
        offset = span.start + sum(len(s.entity) + 2 - (s.end - s.start) for s in spans if s.end <= span.start)
        assert masked[offset : offset + len(span.entity) + 2] == f"<{span.entity}>"
        masked = masked[:offset] + text[span.start : span.end] + masked[offset + len(span.entity) + 2 :]
    return masked


@PROPERTY
@given(TEXTS)
def test_masking_changes_nothing_else(default: Detector, text: str) -> None:
    """Putting the values back gives the text, spans are in order, apart, inside the text, above threshold."""
    masked, spans = default.mask_spans(text)
    assert unmask(masked, text, spans) == text
    assert all(0 <= s.start < s.end <= len(text) and 0.4 <= s.score <= 1.0 for s in spans)
    assert all(one.end <= two.start for one, two in itertools.pairwise(spans))


@PROPERTY
@given(TEXTS)
def test_same_text_same_answer(default: Detector, text: str) -> None:
    """Nothing of one call reaches the next."""
    assert default.detect(text) == default.detect(text)


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("card ４１１１ １１１１ １１１１ １１１１ ok", "CREDIT_CARD", "４１１１ １１１１ １１１１ １１１１"),
        ("mail an\u200bna@exa\u00admple.com ok", "EMAIL_ADDRESS", "an\u200bna@exa\u00admple.com"),
        ("mail аnnа@example.com ok", "EMAIL_ADDRESS", "аnnа@example.com"),  # Cyrillic а
        ("sort code 20\u201100\u201300 ok", "UK_SORT_CODE", "20\u201100\u201300"),
        ("ssn ٥36-90-4399 ok", "US_SSN", "٥36-90-4399"),
        ("pay GB82\u00a0WEST\u00a01234\u00a05698\u00a07654\u00a032", "IBAN_CODE", None),
        ("\ufeff\u200bpassword: hunter2!", "PASSWORD", "hunter2!"),
    ],
)
def test_offsets_of_obfuscated_values(default: Detector, text: str, entity: str, value: str | None) -> None:
    """Offsets are those of the text given, disguise included."""
    (span,) = default.detect(text)
    assert (span.entity, text[span.start : span.end]) == (entity, value or text[4:])


@pytest.mark.parametrize("language", ["en", "en-GB", "de", "fr", "de_AT", "ja", "xx", ""])
def test_every_language_is_served(default: Detector, language: str) -> None:
    """Rules work in any language; nothing raises for want of a model."""
    masked = default.mask("IBAN DE89370400440532013000, Mail jana@example.de", language)
    assert masked == "IBAN <IBAN_CODE>, Mail <EMAIL_ADDRESS>"


@pytest.mark.parametrize(
    ("language", "text", "masked"),
    [
        (
            "de",
            "Guten Tag, ich heiße Jürgen Müller, geboren am 03.04.1980, aus Hauptstraße 12, 10115 Berlin.",
            "Guten Tag, ich heiße <PERSON>, geboren am <DATE_OF_BIRTH>, aus <ADDRESS>.",
        ),
        (
            "fr",
            "Bonjour, je m'appelle Élodie Dupont, née le 12 mai 1990, 5 rue des Lilas, 75008 Paris.",
            "Bonjour, je m'appelle <PERSON>, née le <DATE_OF_BIRTH>, <ADDRESS>.",
        ),
    ],
)
def test_german_and_french(default: Detector, language: str, text: str, masked: str) -> None:
    """Announced names, dates of birth and addresses are found; the same when the language is not declared."""
    assert default.mask(text, language) == masked
    assert default.mask(text) == masked


def test_nothing_in_nothing_out(default: Detector) -> None:
    """Empty and blank texts come back as they are."""
    for text in ("", " ", "\n\t"):
        assert default.mask_spans(text) == (text, [])


def test_a_long_text_is_read_to_its_end(default: Detector) -> None:
    """Pieces overlap, so a name at any place is found once."""
    text = "I met Peter Miller in London yesterday and we had tea together. " * 1200
    spans = default.detect(text)
    assert [text[s.start : s.end] for s in spans] == ["Peter Miller", "London"] * 1200


@pytest.mark.parametrize(
    "hostile", ["a@", "://a:", "Aa-", "12 Aa ", "1 rue de ", "dear ", "-----BEGIN PRIVATE KEY-----\n"]
)
def test_hostile_text_takes_linear_time(structured: Detector, hostile: str) -> None:
    """Four times the text may take no more than about four times as long (eight allows for noise)."""
    import time

    def seconds(size: int) -> float:
        text = hostile * (size // len(hostile))
        start = time.process_time()
        structured.detect(text)
        return time.process_time() - start

    small, large = (min(seconds(size) for _ in range(3)) for size in (10_000, 40_000))
    assert large < 8 * small


def test_the_structured_profile_has_no_model(structured: Detector) -> None:
    """It finds announced data of every kind but no names, and never degrades."""
    assert structured.mask("I saw Peter Miller, anna@example.com") == "I saw Peter Miller, <EMAIL_ADDRESS>"
    assert structured.degraded is None
    assert structured._engine.models == {}


def test_a_profile_can_be_narrowed(default: Detector) -> None:
    """A rail names its own entities."""
    narrow = Detector(PROFILES["default"].only(["EMAIL_ADDRESS", "JWT"]))
    assert narrow.mask("anna@example.com +44 20 7946 0958") == "<EMAIL_ADDRESS> +44 20 7946 0958"


def test_wrong_names_are_errors() -> None:
    """Typos in a profile or an entity say what was meant."""
    with pytest.raises(ConfigError, match="default, structured, everything"):
        Detector("standard")
    with pytest.raises(ConfigError, match="did you mean EMAIL_ADDRESS"):
        PROFILES["default"].only(["EMAIL_ADRESS"])
    with pytest.raises(UsageError, match="not bytes"):
        Detector("structured").detect(b"anna@example.com")  # type: ignore[arg-type]


def test_spans_are_values() -> None:
    """Spans compare, sort and cannot be changed."""
    assert Span(0, 1, "URL", 0.6) < Span(0, 2, "URL", 0.6)
    with pytest.raises(FrozenInstanceError):
        Span(0, 1, "URL", 0.6).start = 3  # type: ignore[misc]


def test_presidio_logs_nothing_of_the_text(default: Detector, caplog: pytest.LogCaptureFixture) -> None:
    """Not even when the host turns every logger on; the host's own Presidio is not silenced."""
    for name in ("presidio-analyzer", "decision_process", ""):
        caplog.set_level(logging.DEBUG, logger=name)
    for text in ("iban GB82 WEST 1234 5698 7654 32 password: hunter2!", "IBAN GBXX", "ssn 536-90-4399"):
        default.detect(text)
    assert caplog.records == []
    logging.getLogger("presidio-analyzer").warning("the host's own words")
    assert [record.message for record in caplog.records] == ["the host's own words"]


def test_eight_threads_agree(default: Detector) -> None:
    """Detectors are shared between threads."""
    texts = [f"My name is Anna Schmidt, mail a{n}@example.com, from Manchester" for n in range(64)]
    alone = [default.detect(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(Detector().detect, texts)) == alone
