"""Did-you-mean names what was meant, and nothing where nothing is near."""

from __future__ import annotations

import pytest

from guardlint.source.names import closest

KEYS = [
    "input",
    "output",
    "flows",
    "patterns",
    "entities",
    "score_threshold",
    "stream_first",
    "rails",
    "models",
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("inputs", "input"),
        ("flow", "flows"),
        ("pattern", "patterns"),
        ("entity", "entities"),
        ("Input", "input"),
        ("stream-first", "stream_first"),
        ("threshold", "score_threshold"),
        ("outptu", "output"),
        ("rail", "rails"),
        ("flows ", "flows"),
        ("services", None),
        ("x", None),
        ("", None),
        ("instructions_for_people", None),
    ],
)
def test_the_name_that_was_meant(word: str, expected: str | None) -> None:
    """Case, hyphens, plurals, swapped letters and missing words; not any word of the same length."""
    assert expected == closest(word, KEYS)
