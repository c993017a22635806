"""The pattern that was meant, where that is certain."""

from __future__ import annotations

import pytest

from guardlint.nemo.meant_patterns import meant_pattern


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("\banydesk\b", r"\banydesk\b"),
        ("IBAN\n", "IBAN"),
        (r"\\d{4}", r"\d{4}"),
        (r"pin:?\\s*\\.", r"pin:?\s*\."),
        ("[[:digit:]]{16}", r"[\d]{16}"),
        ("[^[:alpha:]_]", "[^a-zA-Z_]"),
        ("/anydesk/gi", "(?i)anydesk"),
        ("/a/", None),
        ("r'vault'", "vault"),
        # Nothing to mend, a folder of Windows, another language's class, and what no pattern would be.
        (r"\bvault\b", None),
        (r"C:\\\\Users\\\\d", None),
        ("[[:punct:]]", None),
        ("one|\ntwo\n", None),
        ("(\b", None),
    ],
)
def test_what_was_meant(pattern: str, expected: str | None) -> None:
    """Whatever comes out is a pattern that Python can read."""
    assert expected == meant_pattern(pattern)
