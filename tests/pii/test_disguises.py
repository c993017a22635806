"""Values written so that people read them and patterns do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.pii import Detector
from guardlint.pii.disguises import READERS
from guardlint.pii.reading import readings

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ok", "card <CREDIT_CARD> ok"),
        ("card 4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1 ok", "card <CREDIT_CARD> ok"),
        ("card 4_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1 ok", "card <CREDIT_CARD> ok"),
        ("card four " + "one " * 15 + "ok", "card <CREDIT_CARD> ok"),
        ("Karte vier " + "eins " * 15 + "ok", "Karte <CREDIT_CARD> ok"),
        ("carte quatre " + "un " * 15 + "ok", "carte <CREDIT_CARD> ok"),
        ("phone oh seven nine double one one two three four five six", "phone <PHONE_NUMBER>"),
        ("card 41ll 1111 1111 llll ok", "card <CREDIT_CARD> ok"),
        ("mail anna at example dot org today", "mail <EMAIL_ADDRESS> today"),
        ("mail anna[at]example[dot]org today", "mail <EMAIL_ADDRESS> today"),
        ("mail anna (at) example.org today", "mail <EMAIL_ADDRESS> today"),
        ("mail a n n a @ e x a m p l e . o r g today", "mail <EMAIL_ADDRESS> today"),
        ("mail anna.smith ät example punkt de heute", "mail <EMAIL_ADDRESS> heute"),
        ("see YW5uYUBleGFtcGxlLm9yZw== there", "see <EMAIL_ADDRESS> there"),
        ("see anna%40example.org there", "see <EMAIL_ADDRESS> there"),
        ("NI number АВ 12 34 56 С, thanks", "NI number <UK_NINO>, thanks"),  # Cyrillic letters
    ],
)
def test_a_disguised_value_is_masked(structured: Detector, text: str, masked: str) -> None:
    """The whole disguise goes, and nothing beside it."""
    assert structured.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Choose one, two, three or four of them.",
        "The vector is 1 0 0 1 1 0 1 0 and the next 0 1 1.",
        "Meet me at example street, dot your i and cross your t.",
        "Look at example.com for the terms.",
        "He is good at Java dot net and C.",
        "Section 4.1.1.2 of the manual.",
        "a b c d e f g h",
        "SGVsbG8gd29ybGQ= is a greeting",
        "The file is at /srv/data%20set/report%202024.csv",
        "Windows 10 Pro, H2O, CO2, 3D, A4, B2B and O2 shops",
        "Вес 12 кг, рост 180",
        "Q1 2 3 4 were poor years",
    ],
)
def test_a_look_alike_stays(structured: Detector, text: str) -> None:
    """Lists, versions, vectors, chemistry, harmless encodings."""
    assert structured.mask(text) == text


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="01aZ lO@.[]()%4=\u0430 -\n", max_size=60))
def test_a_reading_knows_its_way_back(text: str) -> None:
    """Every character of a reading stands for a stretch of the text, in order."""
    for reading in readings(text, READERS):
        assert len(reading.text) == len(reading.starts) == len(reading.ends)
        assert all(
            0 <= start <= end <= len(text) for start, end in zip(reading.starts, reading.ends, strict=True)
        )
        assert reading.starts == sorted(reading.starts)
        kept = [i for i in range(len(reading.text)) if not reading.touches(i, i + 1)]
        assert all(reading.text[i] == text[slice(*reading.original(i, i + 1))] for i in kept)
