"""Which did-you-mean is certain enough to be written without a look."""

from __future__ import annotations

import pytest

from guardlint.rules._mends import is_slip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("self chekc input", "self check input"),
        ("Regex_Check_Input", "regex check input"),
        ("input rail", "input rails"),
        ("entity", "entities"),
        ("userinput", "user_input"),
        ("varient", "variant"),
        ("EMIAL_ADDRESS", "EMAIL_ADDRESS"),
        ("halucinaton", "hallucination"),
    ],
)
def test_a_slip(name: str, meant: str) -> None:
    """Signs between words, a plural, one letter, two of a long word."""
    assert is_slip(name, meant)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("check account", "check amount"),
        ("self check input", "self check output"),
        ("check in", "check on"),
        ("custom", "custom_data"),
        ("guardrails", "rails"),
        ("confirm caller identity", "confirm customer identity"),
    ],
)
def test_another_word(name: str, meant: str) -> None:
    """What is near and may be something else."""
    assert not is_slip(name, meant)
