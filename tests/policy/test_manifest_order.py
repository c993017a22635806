"""What a rail's manifest says of its place goes before what policies say."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from guardlint.bundle.steps import plan_of
from guardlint.errors import ConfigError
from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.ordering import moved
from guardlint.policy.rails import load_rail

Write = Callable[..., Central]
SECRETS, MASK, PATTERNS = "block-secrets", "mask-personal-data", "prompt-injection-patterns"
JAILBREAK = "jailbreak-heuristics"


def rails(*names: str) -> str:
    lines = "".join(f"    - {{rail: {name}@1, reason: r, controls: ['LLM01:2025']}}\n" for name in names)
    return f"rails:\n  input:\n{lines}"


def order(central: Central, policy: str) -> list[str]:
    return [use.rail for use in central.policy(policy).rails["input"]]


def test_secrets_go_before_the_mask_in_whatever_order_they_are_listed(central: Write) -> None:
    """A masked secret is found by nobody, so the reader's care does not decide it."""
    for names in permutations([SECRETS, MASK, JAILBREAK]):
        found = order(central(one=rails(*names)), "one")
        assert found.index(SECRETS) < found.index(MASK)
        kept = [name for name in found if name != SECRETS]
        assert kept == [name for name in names if name != SECRETS]


def test_child_adds_the_rail_that_goes_first(central: Write) -> None:
    """A policy whose parent masks appends the rail, and it runs ahead of the mask all the same."""
    written = central(parent=rails(MASK, PATTERNS), child="extends: [parent@1]\n" + rails(SECRETS))
    assert [SECRETS, MASK, PATTERNS] == order(written, "child")


def test_grandchild_may_repeat_the_list_in_either_order(central: Write) -> None:
    """The list that its parents wrote, and the order that runs: neither is an error."""
    for names in ([MASK, SECRETS, PATTERNS], [SECRETS, MASK, PATTERNS]):
        written = central(
            parent=rails(MASK, PATTERNS),
            child="extends: [parent@1]\n" + rails(SECRETS),
            grandchild="extends: [child@1]\n" + rails(*names),
        )
        assert [SECRETS, MASK, PATTERNS] == order(written, "grandchild")


def test_two_parents_of_which_each_has_one(central: Write) -> None:
    """Whichever is named first."""
    for names in ("[left@1, right@1]", "[right@1, left@1]"):
        written = central(left=rails(MASK), right=rails(SECRETS), both=f"extends: {names}\n")
        assert [SECRETS, MASK] == order(written, "both")


def test_order_reaches_the_plan(central: Write, tmp_path: Path) -> None:
    """The guard runs the steps as the policy composes them."""
    written = central(one=rails(MASK, SECRETS, JAILBREAK))
    (tmp_path / "team").mkdir(exist_ok=True)
    (tmp_path / "team" / "config.yml").write_text("models: []\n")
    plan = plan_of(written.policy("one"), written, read_configuration(tmp_path / "team"))
    assert [("pii", SECRETS), ("pii", MASK), ("native", JAILBREAK)] == [
        (step["step"], step["rail"]) for step in plan["input"]
    ]


def test_other_pairs_stay_as_they_were_said(central: Write) -> None:
    """Only the rail that goes ahead moves; a child may still not turn the others round."""
    written = central(
        parent=rails(JAILBREAK, MASK, SECRETS),
        child="extends: [parent@1]\n" + rails(SECRETS, MASK, JAILBREAK),
    )
    with pytest.raises(ConfigError, match="reorders its rails"):
        written.policy("child")


def test_moved() -> None:
    """To the front of the first that it goes before, and no further."""
    assert ["x", "b", "a", "c"] == moved(["x", "a", "c", "b"], {"b": ("c", "a")})
    assert ["a", "b"] == moved(["a", "b"], {"b": ("c",)})
    assert ["b", "a"] == moved(["b", "a"], {"b": ("a",)})


def test_a_rail_in_nemo_goes_before_none(tmp_path: Path) -> None:
    """What runs ahead of the mask would send what it hides."""
    rail = tmp_path / "eager"
    rail.mkdir()
    (rail / "rail.yml").write_text(
        "schema: guardlint/rail/v1\nid: eager\nversion: 1.0.0\ntitle: t\nowner: o\ndescription: d\nwhen: w\n"
        "when_not: n\ncontrols: ['LLM01:2025']\nruns: nemo\nbefore: [mask-personal-data]\n"
        "directions:\n  input: {flows: [self check input], sends: [], llm_calls: 1}\n"
    )
    with pytest.raises(ConfigError, match="only a native rail that sends nothing"):
        load_rail(rail)
