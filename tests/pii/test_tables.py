"""Cells are read under the heading of their column."""

import pytest

from guardlint.pii import Detector


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("id,name,dob\n7,Ottla Brenn,03/04/1981", "id,name,dob\n7,<PERSON>,<DATE_OF_BIRTH>"),
        ("Name;Kontonummer\nOttla Brenn;1234567890", "Name;Kontonummer\n<PERSON>;<BANK_ACCOUNT>"),
        ("name\taccount\nOttla Brenn\t12345678", "name\taccount\n<PERSON>\t<BANK_ACCOUNT>"),
        (
            "| Name | Sort code |\n|---|---|\n| Ottla Brenn | 200000 |",
            "| Name | Sort code |\n|---|---|\n| <PERSON> | <UK_SORT_CODE> |",
        ),
        (
            "INSERT INTO people (id, full_name) VALUES (1, 'Ottla Brenn'), (2, 'Enno Vask');",
            "INSERT INTO people (id, full_name) VALUES (1, '<PERSON>'), (2, '<PERSON>');",
        ),
    ],
)
def test_the_heading_says_what_a_cell_is(structured: Detector, text: str, masked: str) -> None:
    """What no list knows and no pattern proves."""
    profile = structured.profile.only([*structured.profile.entities, "PERSON"])
    assert Detector(profile).mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order,account manager,amount\n4711,none,12345678",
        "a,b\nc,d,e",
        "Hello, I have a question,\nand one more, please",
        "sku;stock\nABC-1234;55779911",
    ],
)
def test_other_cells_stay(structured: Detector, text: str) -> None:
    """Headings that name no personal data, and lines that are no table."""
    assert structured.mask(text) == text
