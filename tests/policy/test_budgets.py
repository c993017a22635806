"""Budgets: read, composed (smaller is tighter), and held against what a query is predicted to cost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.evaluate import Violation, violations
from guardlint.rules.effective_view import ConfigurationView, place_of

HEAD = """\
schema: guardlint/policy/v1
id: {id}
version: 1.0.0
title: A policy
owner: owner@example.com
description: for a test
"""
TRAFFIC = """\
schema: guardlint/traffic/v1
profiles:
  chat:
    description: for a test
    queries_per_day: {low: 10, usual: 100, high: 1000}
    input_tokens: {low: 10, usual: 20, high: 40}
    output_tokens: {low: 10, usual: 50, high: 100}
"""
PRICES = """\
schema: guardlint/prices/v1
currency: EUR
description: for a test
prices:
  - {model: openai/x, valid_from: 2020-01-01, input: 1, output: 10, latency_ms: {low: 1, usual: 2, high: 3}}
"""
CONFIGURATION = """\
models: [{type: main, engine: openai, model: x}]
prompts:
  - {task: self_check_input, content: "Block? {{ user_input }} Answer (Yes or No):"}
  - {task: self_check_output, content: "Block? {{ bot_response }} Answer (Yes or No):"}
rails:
  input: {flows: [self check input]}
  output: {flows: [self check output]}
"""


@pytest.fixture
def central(tmp_path: Path) -> Path:
    """A central repository with traffic and prices, and no policy yet."""
    folder = tmp_path / "central" / "policies"
    folder.mkdir(parents=True)
    (folder / "traffic.yml").write_text(TRAFFIC, encoding="utf-8")
    (folder / "prices.yml").write_text(PRICES, encoding="utf-8")
    return tmp_path / "central"


def policy(central: Path, id: str, text: str) -> None:
    folder = central / "policies" / id
    folder.mkdir()
    (folder / "policy.yml").write_text(HEAD.format(id=id) + text, encoding="utf-8")


def held(central: Path, root: Path, ref: str = "own", text: str = CONFIGURATION) -> list[Violation]:
    root.mkdir(exist_ok=True)
    (root / "config.yml").write_text(text, encoding="utf-8")
    view = ConfigurationView(read_configuration(root))
    return list(violations(Central.open(central).policy(ref), view))


def test_what_is_within_budget_is_no_violation(central: Path, tmp_path: Path) -> None:
    """At the figure itself and above it."""
    policy(central, "own", "budgets: {chat: {llm_calls: {low: 1, usual: 3, high: 3}, cost: {high: 1}}}\n")
    assert [] == held(central, tmp_path / "team")


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("llm_calls: {usual: 2}", "takes usually 3 model calls, and own@1.0.0 allows 2"),
        ("llm_calls: {high: 2}", "takes at most 3 model calls"),
        ("tokens: {usual: 50}", "tokens, and own@1.0.0 allows 50"),
        ("cost: {high: 0.000001}", "costs at most 0.00"),
        ("latency_ms: {usual: 5}", "takes usually 6 milliseconds"),
    ],
)
def test_over_budget_says_what_is_predicted_and_allowed(
    central: Path, tmp_path: Path, budget: str, words: str
) -> None:
    """And what costs most, at a place in the configuration."""
    policy(central, "own", f"budgets: {{chat: {{{budget}}}}}\n")
    found = held(central, tmp_path / "team")
    assert [f"budgets.chat.{budget.partition(':')[0]}"] == [item.requirement for item in found]
    assert words in found[0].message
    assert re.search(
        r"most of it is|3 parts have the same share of it, (1 model call|2 milliseconds) each", found[0].help
    )
    assert place_of(read_configuration(tmp_path / "team"), found[0]).line >= 1


def test_one_figure_is_one_violation(central: Path, tmp_path: Path) -> None:
    """However many of its levels are over budget."""
    policy(central, "own", "budgets: {chat: {llm_calls: {low: 0, usual: 0, high: 0}}}\n")
    assert 1 == len(held(central, tmp_path / "team"))


def test_an_unknown_price_is_said(central: Path, tmp_path: Path) -> None:
    """Calls and tokens are judged all the same."""
    policy(
        central, "own", "budgets: {chat: {llm_calls: {high: 9}, cost: {high: 9}, latency_ms: {high: 9}}}\n"
    )
    other = CONFIGURATION.replace("model: x", "model: unheard-of")
    found = held(central, tmp_path / "team", text=other)
    assert ["budgets.chat.cost", "budgets.chat.latency_ms"] == [item.requirement for item in found]
    assert "is not known" in found[0].message
    assert "openai/unheard-of" in found[0].help


def test_a_child_may_only_lower_a_budget(central: Path) -> None:
    """The error names both places."""
    policy(central, "parent", "budgets: {chat: {llm_calls: {usual: 4, high: 6}}}\n")
    policy(central, "tighter", "extends: [parent@1]\nbudgets: {chat: {llm_calls: {high: 5}}}\n")
    policy(central, "looser", "extends: [parent@1]\nbudgets: {chat: {llm_calls: {high: 7}}}\n")
    opened = Central.open(central)
    values = {(key.figure, key.level): one.value for key, one in opened.policy("tighter").budgets.items()}
    assert {("llm_calls", "usual"): 4.0, ("llm_calls", "high"): 5.0} == values
    with pytest.raises(ConfigError) as caught:
        opened.policy("looser")
    assert "loosens parent@1.0.0" in str(caught.value)
    assert "looser" in str(caught.value)


@pytest.mark.parametrize("order", ["one@1, other@1", "other@1, one@1"])
def test_of_two_parents_the_smaller_budget_holds(central: Path, order: str) -> None:
    """Whatever their order."""
    policy(central, "one", "budgets: {chat: {tokens: {high: 10, usual: 5}}}\n")
    policy(central, "other", "budgets: {chat: {tokens: {high: 20, low: 1}}}\n")
    policy(central, "both", f"extends: [{order}]\n")
    found = Central.open(central).policy("both").budgets
    assert {"high": 10.0, "usual": 5.0, "low": 1.0} == {key.level: one.value for key, one in found.items()}


def test_an_unknown_profile_is_an_error(central: Path) -> None:
    """At the place of the budget, with the nearest name."""
    policy(central, "own", "budgets: {chatt: {tokens: {high: 10}}}\n")
    with pytest.raises(ConfigError) as caught:
        Central.open(central).policy("own")
    assert "unknown traffic profile 'chatt'" in str(caught.value)
    assert caught.value.help is not None
    assert "chat" in caught.value.help


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("traffic.yml", "usual: 20", "usual: 90", "usual does not lie between low and high"),
        ("prices.yml", "2020-01-01", "2020-02-31", "out of range"),
        ("prices.yml", "currency: EUR", "currency: euro", "three capital letters"),
    ],
)
def test_wrong_documents_are_errors_with_a_place(
    central: Path, file: str, old: str, new: str, words: str
) -> None:
    """Of the central repository's own documents."""
    path = central / "policies" / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    policy(central, "own", "budgets: {chat: {tokens: {high: 10}}}\n")
    with pytest.raises(ConfigError) as caught:
        Central.open(central).policy("own")
    assert words in str(caught.value)
    assert file in str(caught.value)


def test_the_newest_price_that_holds_is_taken(central: Path, tmp_path: Path) -> None:
    """A price of the future does not hold yet."""
    path = central / "policies" / "prices.yml"
    later = "  - {model: openai/x, valid_from: 2021-01-01, input: 2, output: 20}\n"
    future = "  - {model: openai/x, valid_from: 2999-01-01, input: 900, output: 900}\n"
    path.write_text(PRICES + later + future, encoding="utf-8")
    policy(central, "own", "budgets: {chat: {tokens: {high: 1}}}\n")
    economy = Central.open(central).policy("own").economy
    assert economy is not None
    assert [(2, 20)] == [(price.input, price.output) for price in economy.prices]
