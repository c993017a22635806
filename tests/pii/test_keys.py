"""Values are read with what they are called, and other scripts stay as they are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.pii import PROFILES, Detector, Pseudonyms, Transformer

KEYS = ("name", "dateOfBirth", "account", "phone", "note", "first", "order_id", "items", "e-mail")
VALUES = (
    "Ottla Brenn",
    "03/04/1981",
    "12345678",
    "07700 900123",
    'say "hi"\\n',
    "anna@example.com",
    "Ren\u00e9",
    "",
)
LEAVES = st.sampled_from(VALUES) | st.integers(0, 10**12) | st.booleans() | st.none() | st.text(max_size=12)
OBJECTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)
FOREIGN = (
    "Добрый день, когда откроется ваше отделение в центре города?",
    "Мне нужна справка о состоянии вклада за прошлый год.",
    "Спасибо, всё работает, перезвоните завтра после обеда.",
    "Καλημέρα σας, πότε ανοίγει το κατάστημα στο κέντρο;",
    "Θα ήθελα να μάθω ποιο είναι το επιτόκιο του δανείου.",
    "您好,请问贵公司的营业时间是几点到几点?",
    "请把上个月的对账单发给我,谢谢。",
    "お世話になっております。保険の更新について教えてください。",
    "カードの限度額を上げることはできますか。",
    "안녕하세요, 대출 금리가 얼마인지 알려 주세요.",
)


def _named() -> Detector:
    held = PROFILES["structured"]
    return Detector(held.only([*held.entities, "PERSON"]))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            '{"dateOfBirth": "1-Mar-1981", "account_no": "12345678"}',
            '{"dateOfBirth": "<DATE_OF_BIRTH>", "account_no": "<BANK_ACCOUNT>"}',
        ),
        (
            '{"name": {"first": "Ottla", "last": "Brenn"}}',
            '{"name": {"first": "<PERSON>", "last": "<PERSON>"}}',
        ),
        ('{"fullName": "Ott\\u0142a Brenn"}', '{"fullName": "<PERSON>"}'),
        ("name=Ottla+Brenn&page=2", "name=<PERSON>&page=2"),
        (
            "Agent: Date of birth?\n[10:02] Caller: 1-Mar-1981",
            "Agent: Date of birth?\n[10:02] Caller: <DATE_OF_BIRTH>",
        ),
    ],
)
def test_a_key_or_a_question_says_what_a_value_is(text: str, masked: str) -> None:
    """No pattern proves these, and no list knows them."""
    assert _named().mask(text) == masked


@given(OBJECTS)
@settings(max_examples=60, deadline=None)
def test_masked_json_is_json_with_the_same_keys(value: object) -> None:
    """Whatever the object holds."""
    detector = _named()
    for text in (json.dumps({"top": value}), json.dumps({"top": value}, ensure_ascii=False)):
        masked = Transformer("mask").apply(text, detector.detect(text), Pseudonyms())
        assert list(json.loads(masked)) == ["top"]


@given(st.lists(st.sampled_from(FOREIGN), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_real_sentences_in_other_scripts_stay(sentences: list[str]) -> None:
    """Cyrillic, Greek, Chinese, Japanese and Korean."""
    text = " ".join(sentences)
    assert _named().mask(text) == text
