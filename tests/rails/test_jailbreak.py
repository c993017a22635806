"""The jailbreak heuristics: what each sign finds, what they leave alone, and how long they take."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from guardlint.guard.native_checks import read_native
from guardlint.guard.native_frames import frames
from guardlint.guard.native_jailbreak import JailbreakHeuristics, signs
from guardlint.policy.documents import read_document
from guardlint.resources import resource_dir

RAILS = resource_dir("rails")
FOLDER = RAILS / "jailbreak-heuristics"
CASES = read_document(FOLDER / "tests.yml", "rail-tests").data["cases"]
ATTACKS = [
    case["user"]
    for case in CASES
    if case["about"] == "attack" and not {"context", "settings"} & set(case) and "user" in case
]
CHECK = JailbreakHeuristics("jailbreak-heuristics")


def benign() -> list[str]:
    """What looks dangerous to any rail and is not, of every rail that reads texts."""
    found: list[dict[str, Any]] = []
    for path in sorted(RAILS.glob("*/tests/benign.yml")):
        found += yaml.safe_load(path.read_text())
    return [entry["text"] for entry in found]


@pytest.mark.parametrize("text", ATTACKS)
def test_attack_inside_a_long_message(text: str) -> None:
    """A sign is found between ordinary paragraphs."""
    assert CHECK.check([f"Hello, my card was declined.\n\n{text}\n\nThank you and goodbye."])


def test_benign_texts_of_every_rail_pass() -> None:
    """Hundreds of texts that look dangerous to some rail: none is blocked, in capitals neither."""
    texts = benign()
    assert len(texts) >= 500
    assert [] == [text for text in texts if CHECK.check([text]) or CHECK.check([text.upper()])]


def test_two_ordinary_texts_make_no_jailbreak() -> None:
    """Weak signs add up within one text, not over the texts of a conversation."""
    weak = [text for text in benign() if list(signs(text))]
    assert weak
    assert CHECK.check(weak) is None


def test_every_frame_is_needed() -> None:
    """Each frame is seen in some attack or in a text that shows the half of one."""
    seen = {name for text in [*ATTACKS, *benign()] for name, _ in frames(text)}
    assert {
        "answers-everything", "character-without-rules", "fiction-as-cover", "forbidden-refusal",
        "forced-beginning", "forged-authority", "lawless-words", "maker-put-away", "many-examples", "mode",
        "new-identity", "split-order", "stay-in-character", "two-answers",
    } == seen  # fmt: skip


def test_long_text_is_looked_at_on_both_ends() -> None:
    """Padding does not push an order out of sight: the middle of 60,000 characters and more is left out."""
    assert CHECK.check([f"{ATTACKS[0]} {'word ' * 30_000}"])
    assert CHECK.check([f"{'word ' * 30_000} {ATTACKS[0]}"])


@pytest.mark.parametrize(
    "unit",
    [
        "a", "ab ", "a b ", "ignore ", "you are ", "a.", "00 ", "0a", "1e ", "\\x41", "a='b' ",
        "User: a\nAI: b\n", "[\U0001f512CLASSIC] ", "story character ", "no rules ", "act as ", "\u200b",
        "a\u200b", "\U000e0041", "ABCD", "](", "do not ", "never say ", "snoitcurtsni ",
        "system override ", "grandma used to ",
    ],
)  # fmt: skip
def test_no_message_makes_a_sign_run_for_long(unit: str) -> None:
    """60,000 characters of half a match cost well below two seconds."""
    text = unit * (60_000 // len(unit))
    started = time.process_time()
    CHECK.check([text])
    assert time.process_time() - started < 2.0


def test_ordinary_text_costs_less_than_a_millisecond() -> None:
    """1,200 characters of ordinary messages, the least of many."""
    text = " ".join(entry for entry in benign() if entry.isascii() and len(entry) < 80)[:1_200]
    best = 1.0
    for _ in range(200):
        started = time.perf_counter()
        CHECK.check([text])
        best = min(best, time.perf_counter() - started)
    assert best < 0.001


@pytest.mark.parametrize("settings", [{"threshold": 0}, {"threshold": 2}, {"threshold": True}, {"score": 1}])
def test_settings_that_cannot_be_read(settings: dict[str, Any]) -> None:
    """A setting that is unknown or out of bounds is refused when the plan is read."""
    from guardlint.errors import ConfigError

    with pytest.raises(ConfigError):
        read_native({"step": "native", "rail": "x", "check": "jailbreak-heuristics", "settings": settings})
