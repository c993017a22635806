"""How one rail is handled when it is slow or breaks: only tighter, and never for what rewrites."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from guardlint.bundle.steps import plan_of
from guardlint.errors import ConfigError
from guardlint.guard.handling import read_handling
from guardlint.policy.central import Central
from guardlint.policy.changes import changes
from guardlint.policy.described import lines_of
from guardlint.policy.handling import handling_text, joined_handling, loosened, plan_handling

Write = Callable[..., Central]

WHY = 'reason: because, controls: ["LLM01:2025"]'
JUDGE = "models: {judge: {engine: openai, model: judge}}\n"


def rail(handling: str = "", name: str = "self-check", direction: str = "input") -> str:
    said = f", {handling}" if handling else ""
    return f"rails: {{{direction}: [{{rail: {name}@1, {WHY}{said}}}]}}\n"


BLOCKS = ""
QUICK = "timeout_seconds: 2"
DEGRADES = "on_failure: degrade, timeout_seconds: 4"
SOON = "on_failure: degrade, timeout_seconds: 2"
RESTING = "on_failure: degrade, timeout_seconds: 4, breaker: {failures: 5, seconds: 30}"
RESTING_SOONER = "on_failure: degrade, timeout_seconds: 4, breaker: {failures: 3, seconds: 30}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (rail("on_failure: degrade"), "nothing says after how long"),
        (
            rail("on_failure: degrade, timeout_seconds: 2", "mask-personal-data"),
            "nothing enforces 'on_failure' of mask-personal-data",
        ),
        (rail("timeout_seconds: 2", "block-secrets"), "nothing enforces 'timeout_seconds' of block-secrets"),
        (
            rail("on_failure: degrade, timeout_seconds: 2", "context-bloat"),
            "may rewrite what it reads, so it cannot be left out",
        ),
        (rail("on_failure: pass"), "'pass' is not one of 'block', 'degrade'"),
        (rail("timeout_seconds: 0"), "0 is refused"),
        (rail("at_once: 0"), "0 is refused"),
        (rail("breaker: {failures: 3}"), "seconds"),
        (rail("timeout: 3"), "unknown key 'timeout'"),
    ],
)
def test_refused(body: str, message: str, central: Write) -> None:
    """Each is an error at its own place, when the policy is opened."""
    with pytest.raises(ConfigError) as caught:
        central(a=JUDGE + body).policy("a")
    assert message in caught.value.message
    assert "policies/a/policy.yml:" in (caught.value.place or "")


@pytest.mark.parametrize(
    ("parent", "child", "key"),
    [
        (BLOCKS, DEGRADES, "on_failure"),
        (QUICK, "timeout_seconds: 3", "timeout_seconds"),
        (DEGRADES, SOON, "timeout_seconds"),
        (DEGRADES, RESTING, "breaker"),
        (RESTING, RESTING_SOONER, "breaker"),
        ("at_once: 2", "at_once: 3", "at_once"),
    ],
)
def test_a_child_may_not_loosen(parent: str, child: str, key: str, central: Write) -> None:
    """The error names both places."""
    repository = central(parent=JUDGE + rail(parent), child="extends: [parent@1]\n" + rail(child))
    with pytest.raises(ConfigError, match=f"loosens parent.* has {key} ") as caught:
        repository.policy("child")
    assert "child/policy.yml:" in (caught.value.place or "")


@pytest.mark.parametrize(
    ("parent", "child", "becomes"),
    [
        (DEGRADES, "on_failure: block", {"on_failure": "block", "timeout_seconds": 4}),
        (DEGRADES, "", {"on_failure": "degrade", "timeout_seconds": 4}),
        (SOON, "timeout_seconds: 4", {"on_failure": "degrade", "timeout_seconds": 4}),
        (BLOCKS, QUICK, {"timeout_seconds": 2}),
        (
            RESTING_SOONER,
            "breaker: {failures: 9, seconds: 3}",
            {
                "on_failure": "degrade",
                "timeout_seconds": 4,
                "breaker": {"failures": 9, "seconds": 3},
            },
        ),
    ],
)
def test_a_child_may_tighten(parent: str, child: str, becomes: dict[str, Any], central: Write) -> None:
    """What it leaves out it inherits."""
    repository = central(parent=JUDGE + rail(parent), child="extends: [parent@1]\n" + rail(child))
    (use,) = repository.policy("child").rails["input"]
    assert use.handling == becomes


SAID: list[dict[str, Any]] = [
    {},
    {"timeout_seconds": 2},
    {"timeout_seconds": 3, "at_once": 2},
    {"on_failure": "block", "breaker": {"failures": 2, "seconds": 9}},
    {"on_failure": "degrade", "timeout_seconds": 2},
    {"on_failure": "degrade", "timeout_seconds": 5, "breaker": {"failures": 3, "seconds": 4}},
    {"on_failure": "degrade", "timeout_seconds": 4, "breaker": {"failures": 2, "seconds": 3}, "at_once": 1},
]


@pytest.mark.parametrize(("one", "two"), list(product(SAID, SAID)))
def test_joined(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Of two the tighter: no looser than either, whichever comes first, and grouping decides nothing."""
    both = joined_handling((one, two))
    assert both == joined_handling((two, one))
    assert loosened(both, one) is None
    assert loosened(both, two) is None
    assert joined_handling((one, one)) == one
    for three in SAID:
        assert joined_handling((both, three)) == joined_handling((one, joined_handling((two, three))))


def test_two_parents(central: Write) -> None:
    """One blocks, one degrades: it blocks."""
    repository = central(
        one=JUDGE + rail(DEGRADES), two=JUDGE + rail(QUICK), child="extends: [one@1, two@1]\n"
    )
    (use,) = repository.policy("child").rails["input"]
    assert use.handling == {"timeout_seconds": 2}


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (BLOCKS, DEGRADES, "looser"),
        (DEGRADES, BLOCKS, "stricter"),
        (DEGRADES, SOON, "looser"),
        (BLOCKS, QUICK, "stricter"),
        (QUICK, SOON, "looser"),
    ],
)
def test_diff(before: str, after: str, way: str, central: Write) -> None:
    """`policy diff` says what a change brings, in words."""
    repository = central(a=JUDGE + rail(before), b=JUDGE + rail(after))
    rails = {name: repository.rail(name) for name in repository.rails()}
    (change,) = changes(repository.policy("a"), repository.policy("b"), rails)
    assert (change.way, change.section, change.id) == (way, "rails.input", "self-check")


def test_words(central: Write) -> None:
    """People read what happens, not keys."""
    text = handling_text({**SAID[6]})
    assert text == (
        "left out when it fails, has failed after 4 seconds, at most 1 at once, "
        "not asked for 3 seconds after 2 failures"
    )
    assert handling_text({}) == ""
    lines = [line.says for line in lines_of(central(a=JUDGE + rail(SOON)).policy("a"))]
    assert any("left out when it fails" in line for line in lines)


def test_in_the_plan(central: Write) -> None:
    """The compiler writes it for the rail's flows, and the guard reads it."""

    class Team:
        colang_version = "1.0"

        def rails(self, direction: str) -> list[str]:
            return []

    repository = central(a=JUDGE + rail(RESTING))
    plan = plan_of(repository.policy("a"), repository, Team())  # type: ignore[arg-type]
    assert plan["rails"] == {
        "input": {
            "self check input": {
                "on_failure": "degrade",
                "timeout_seconds": 4,
                "breaker": {"failures": 5, "seconds": 30},
            }
        }
    }
    handling = read_handling(plan["rails"])["input"]["self check input"]
    assert (handling.degrade, handling.timeout) == (True, 4.0)
    quiet = central(b=JUDGE + rail("on_failure: block"))
    assert "rails" not in plan_of(quiet.policy("b"), quiet, Team())  # type: ignore[arg-type]


def test_rails_that_share_a_flow() -> None:
    """Rails with patterns are one check of NeMo's: it is left out only if every one of them may be."""
    degrades = {"on_failure": "degrade", "timeout_seconds": 2}
    assert plan_handling({"regex": [degrades, {}]}) == {}
    assert plan_handling({"regex": [degrades, degrades]}) == {"regex": degrades}
