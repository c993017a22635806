"""What holds until a day: no remembered check outlives a price table or a waiver, vendored or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

NOW = datetime.now(UTC)
TODAY = NOW.date()
TOMORROW = NOW + timedelta(days=1)
POLICY = """\
schema: guardlint/policy/v1
id: retail
version: 1.0.0
title: Retail
owner: governance@example.com
description: What retail asks.
budgets: {chat: {cost: {high: 0.001}}}
"""
TRAFFIC = """\
schema: guardlint/traffic/v1
profiles:
  chat:
    description: for a test
    queries_per_day: {low: 1, usual: 10, high: 100}
    input_tokens: {low: 5, usual: 20, high: 40}
    output_tokens: {low: 5, usual: 40, high: 50}
"""
PRICES = f"""\
schema: guardlint/prices/v1
currency: EUR
description: for a test
prices:
  - {{model: openai/x, valid_from: 2020-01-01, input: 1, output: 1}}
  - {{model: openai/x, valid_from: {TOMORROW.date()}, input: 1000, output: 1000}}
"""
WAIVER = f"""\
schema: guardlint/waiver/v1
waivers:
  - {{id: cost, rule: budgets.chat.cost, team: shop, configuration: bot, reason: until the contract is signed,
     owner: shop@example.com, approver: governance@example.com, ticket: SHOP-1,
     approved: {TODAY - timedelta(days=1)}, expires: {TOMORROW.date()}}}
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A central repository with a price that doubles tomorrow, and a team that is within budget today."""
    policies, team = tmp_path / "standard" / "policies", tmp_path / "team"
    (policies / "retail").mkdir(parents=True)
    (policies / "retail" / "policy.yml").write_text(POLICY)
    (policies / "traffic.yml").write_text(TRAFFIC)
    (policies / "prices.yml").write_text(PRICES)
    (team / "bot").mkdir(parents=True)
    (team / "bot" / "config.yml").write_text("models: [{type: main, engine: openai, model: x}]\n")
    (team / "guardlint.yml").write_text("team: shop\npolicy: retail\ncentral: {path: ../standard}\n")
    monkeypatch.chdir(team)
    return policies, team


def checked(cache: Path, day: datetime | None = None) -> tuple[int, str]:
    """The exit code and the text of `guardlint check`, in a process of its own, with the cache."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name != "SOURCE_DATE_EPOCH"
    }
    environ["GUARDLINT_CACHE_DIR"] = str(cache)
    if day is not None:
        environ["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    command = [sys.executable, "-m", "guardlint", "check"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_price_that_begins_to_hold_counts_at_once(places: tuple[Path, Path], tmp_path: Path) -> None:
    """With a cache that holds the answer of the day before; and a new table does, the same day."""
    policies, _ = places
    cache = tmp_path / "cache"
    assert [0, 0] == [checked(cache)[0], checked(cache)[0]]
    code, text = checked(cache, TOMORROW)
    assert 1 == code
    assert "retail@1.0.0 allows 0.001" in text
    assert 0 == checked(cache)[0]
    (policies / "prices.yml").write_text(PRICES.replace("input: 1,", "input: 1000,"))
    assert 1 == checked(cache)[0]


def test_a_waiver_ends_whatever_is_remembered(places: tuple[Path, Path], tmp_path: Path) -> None:
    """On its last day it lifts the finding, on the day after it does not."""
    policies, _ = places
    cache = tmp_path / "cache"
    (policies / "prices.yml").write_text(PRICES.replace("input: 1,", "input: 1000,"))
    (policies / "waivers").mkdir()
    (policies / "waivers" / "shop.yml").write_text(WAIVER)
    assert [0, 0] == [checked(cache)[0], checked(cache)[0]]
    assert 0 == checked(cache, TOMORROW)[0]
    assert 1 == checked(cache, TOMORROW + timedelta(days=1))[0]


def test_vendoring_brings_prices_and_traffic(places: tuple[Path, Path], guardlint) -> None:
    """They are pinned like policies, checks offline use them, and one that is changed is a finding."""
    policies, team = places
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "1"], ["tag", "v1"]):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=policies.parent, check=True, capture_output=True)
    (team / "guardlint.yml").write_text("team: shop\npolicy: retail\ncentral: {git: ../standard, tag: v1}\n")
    assert 0 == guardlint("update").code
    vendored = team / ".guardlint" / "central" / "policies"
    assert (PRICES, TRAFFIC) == (
        (vendored / "prices.yml").read_text(),
        (vendored / "traffic.yml").read_text(),
    )
    pinned = json.loads((team / "guardlint.lock").read_text())["central"]["files"]
    assert {"policies/prices.yml", "policies/traffic.yml"} <= pinned.keys()
    (policies / "prices.yml").write_text(PRICES.replace("input: 1,", "input: 0.9,"))
    for arguments in (["commit", "-qam", "2"], ["tag", "v2"]):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=policies.parent, check=True, capture_output=True)
    file = team / "guardlint.yml"
    file.write_text(file.read_text().replace("v1", "v2"))
    assert "prices   changed: what a query costs" in guardlint("update", "--check").out
    file.write_text(file.read_text().replace("v2", "v1"))
    policies.parent.rename(policies.parent.with_name("gone"))
    assert 0 == guardlint("check").code
    (vendored / "prices.yml").write_text(PRICES.replace("input: 1,", "input: 0.1,"))
    ran = guardlint("check")
    assert 1 == ran.code
    assert "changed-central-file" in ran.out
