"""The prompt-injection patterns: what they stop, what they leave alone, and how long they take."""

from __future__ import annotations

import re
import time

import pytest

from guardlint.policy.documents import read_document
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

FOLDER = resource_dir("rails") / "prompt-injection-patterns"
PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in load_rail(FOLDER).directions["input"].config["regex_detection"]["input"]["patterns"]
]
CASES = read_document(FOLDER / "tests.yml", "rail-tests").data["cases"]
BENIGN = [case["user"] for case in CASES if case["about"] == "benign"]
ATTACKS = [case["user"] for case in CASES if case["about"] == "attack"]


def hits(text: str) -> list[int]:
    return [number for number, pattern in enumerate(PATTERNS) if pattern.search(text)]


def test_benign_suite_is_large_enough_and_untouched() -> None:
    """At least 40 messages that look dangerous and are not, none of them blocked."""
    assert len(BENIGN) >= 40
    assert [] == [text for text in BENIGN if hits(text)]


def test_every_pattern_is_needed() -> None:
    """Each pattern stops an attack of the suite, so none is dead."""
    assert set(range(len(PATTERNS))) == {number for text in ATTACKS for number in hits(text)}


@pytest.mark.parametrize("text", ATTACKS)
def test_attack_inside_a_long_message(text: str) -> None:
    """An attack is found in the middle of an ordinary message, at a new line."""
    assert hits(f"Hello, my card was declined at the shop.\n{text}\nThank you and goodbye.")


@pytest.mark.parametrize("text", BENIGN)
def test_benign_in_capitals_and_in_a_sentence(text: str) -> None:
    """Shouting, or a greeting before it, makes no attack of a benign message."""
    assert [] == hits(text.upper()) + hits(f"Hello. {text}")


@pytest.mark.parametrize(
    "unit",
    [
        "ignore a ",
        "please ignore ",
        "a! ",
        "your ",
        "ai with ",
        "!",
        "\n ",
        "repeat above ",
        "reveal your internal ",
    ],
)
def test_no_message_makes_a_pattern_run_for_long(unit: str) -> None:
    """30,000 characters of half a match cost well below a second over all patterns together."""
    text = unit * (30_000 // len(unit))
    started = time.process_time()
    hits(text)
    assert time.process_time() - started < 1.0
