"""What is done with findings: names, digests, stars, pseudonyms that can be undone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.errors import ConfigError
from guardlint.pii import Detector, Pseudonyms, Span, Transformer

KEY = b"k" * 32
CARD = "4111 1111 1111 1111"


def test_each_entity_has_its_action(structured: Detector) -> None:
    """Actions by entity, the default for the rest."""
    text = f"card {CARD}, mail anna@example.org, tel +44 20 7946 0958"
    transformer = Transformer("mask", {"CREDIT_CARD": "last_four", "EMAIL_ADDRESS": "pseudonym"})
    spans = structured.detect(text)
    assert not transformer.blocks(spans)
    assert transformer.apply(text, spans, Pseudonyms()) == (
        "card **** **** **** 1111, mail <EMAIL_ADDRESS_1>, tel <PHONE_NUMBER>"
    )
    assert Transformer("mask", {"CREDIT_CARD": "block"}).blocks(spans)


def test_a_pseudonym_is_one_for_a_value_and_comes_back() -> None:
    """However it is spaced or capitalised; and only names that were given are undone."""
    names = Pseudonyms()
    first = names.name("PERSON", "Anna Smith")
    assert (first, names.name("PERSON", "anna  smith"), names.name("PERSON", "Bo")) == (
        "PERSON_1",
        "PERSON_1",
        "PERSON_2",
    )
    assert names.restore("<PERSON_1> met PERSON_2, not <PERSON_3> or OTHER_1.") == (
        "Anna Smith met Bo, not <PERSON_3> or OTHER_1."
    )
    assert names.restore("MY_PERSON_1 and PERSON_12") == "MY_PERSON_1 and PERSON_12"


def test_a_hash_joins_values_only_for_whoever_has_the_key() -> None:
    """The same value and key give the same digest, blanks and dashes aside; another key another one."""
    spans = [Span(0, len(CARD), "CREDIT_CARD", 1.0)]
    one = Transformer("hash", key=KEY).apply(CARD, spans, Pseudonyms())
    plain = CARD.replace(" ", "")
    assert one == Transformer("hash", key=KEY).apply(plain, [Span(0, 16, "CREDIT_CARD", 1.0)], Pseudonyms())
    assert one != Transformer("hash", key=b"x" * 32).apply(CARD, spans, Pseudonyms())
    assert one.startswith("<CREDIT_CARD:")
    assert "1111" not in one
    with pytest.raises(ConfigError, match="needs a key"):
        Transformer("hash")


@pytest.mark.parametrize("value", ["1234", "1234567"])
def test_little_is_not_shown_in_part(value: str) -> None:
    """Four characters of seven would be most of it."""
    span = Span(0, len(value), "US_BANK_NUMBER", 1.0)
    assert Transformer("last_four").apply(value, [span], Pseudonyms()) == "<US_BANK_NUMBER>"


def test_an_unknown_action_is_refused() -> None:
    """Rather than masked, or not."""
    with pytest.raises(ConfigError, match="there is no action 'redact'"):
        Transformer("mask", {"PERSON": "redact"})


@pytest.mark.parametrize("action", ["mask", "hash", "last_four", "pseudonym"])
def test_json_stays_json(structured: Detector, action: str) -> None:
    """Keys and values, strings and numbers."""
    given = {
        "anna@example.org": "yes",
        "note": 'say "card 4111111111111111"',
        "account_number": 55779911,
        "n": 3,
    }
    text = json.dumps(given)
    made = Transformer(action, key=KEY).apply(text, structured.detect(text), Pseudonyms())
    read = json.loads(made)
    assert len(read) == len(given)
    assert read["n"] == 3
    assert all(value not in made for value in ("anna@example.org", "4111111111111111", "55779911"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["Anna Smith", "anna smith", "Bo Li", "4111", "x@y.example"]), max_size=8))
def test_what_is_made_a_name_of_can_be_undone(values: list[str]) -> None:
    """A text of names alone is restored to the values first seen."""
    names = Pseudonyms()
    made = " and ".join(f"<{names.name('PERSON', value)}>" for value in values)
    first = {" ".join(value.split()).casefold(): value for value in reversed(values)}
    assert names.restore(made) == " and ".join(first[value.casefold()] for value in values)
