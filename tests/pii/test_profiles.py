"""A company's own recognisers and values that are never reported."""

import pytest

from guardlint.errors import ConfigError
from guardlint.pii import PROFILES, Custom, Detector

BADGE = Custom("STAFF_BADGE", r"(?<!\w)SB-(?P<value>\d{5})(?!\d)", 0.3, context=("badge",), required=True)


def test_a_custom_recogniser_finds_its_entity() -> None:
    """With its context, in disguise too, beside everything else."""
    detector = Detector(PROFILES["structured"].with_custom([BADGE]))
    assert detector.mask("my badge is SB-12345, mail a@b.example") == (
        "my badge is SB-<STAFF_BADGE>, mail <EMAIL_ADDRESS>"
    )
    assert detector.mask("part SB-12345 is out of stock") == "part SB-12345 is out of stock"


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        (Custom("badge", "x"), "has a bad name"),
        (Custom("BADGE", "("), "is no regular expression"),
        (Custom("BADGE", "x*"), "matches nothing at all"),
        (Custom("BADGE", "x", 2.0), "is not between 0 and 1"),
    ],
)
def test_a_bad_recogniser_is_refused(custom: Custom, message: str) -> None:
    """When the profile is made, not at the first message."""
    with pytest.raises(ConfigError, match=message):
        PROFILES["structured"].with_custom([custom])


def test_allowed_values_stay() -> None:
    """The company's own address is no personal data; somebody else's is."""
    detector = Detector(PROFILES["structured"].allowing(["Help@Bank.example"]))
    assert detector.mask("help@bank.example or anna@bank.example") == "help@bank.example or <EMAIL_ADDRESS>"


def test_reading_together_finds_the_same(default: Detector) -> None:
    """Batches change nothing, text by text."""
    texts = [
        "I met Peter Miller in London.",
        "",
        "Guten Tag, ich heiße Jürgen Müller.",
        "call +44 20 7946 0958",
        "Nothing here. " * 40,
        "Ask Aoife Murphy or Tom about the flat in Dublin and the 4111111111111111 card.",
    ] * 4
    assert default.detect_all(texts) == [default.detect(text) for text in texts]
