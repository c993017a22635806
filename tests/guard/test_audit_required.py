"""A bundle that requires an audit: no guard without a place for records."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from guardlint.errors import ConfigError
from guardlint.guard import Guard
from guardlint.guard.plan import read_plan
from guardlint.policy.central import Central

PLAN = {
    "schema": "guardlint/plan/v1",
    "input": [],
    "output": [],
    "refusal": "No.",
    "on_error": "block",
    "timeout_seconds": 5,
}
POLICY = """\
schema: guardlint/policy/v1
id: audited
version: 1.0.0
title: Every call leaves a record
owner: owner@example.com
description: for a test
runtime: {audit: required}
"""


def test_the_plan_says_it() -> None:
    """Present or absent; any other word is refused."""
    assert read_plan({**PLAN, "audit": "required"}).audited
    assert not read_plan(PLAN).audited
    with pytest.raises(ConfigError, match="must be `required`"):
        read_plan({**PLAN, "audit": "sometimes"})


def test_a_guard_without_records_does_not_start(tmp_path: Path) -> None:
    """Before anything of the bundle is unpacked; the error says what to give."""
    bundle = SimpleNamespace(
        manifest={}, plan={**PLAN, "audit": "required"}, files={}, digest="0" * 64, key_ids=()
    )
    with pytest.raises(ConfigError, match="requires an audit record of every call") as caught:
        Guard(bundle)
    assert "audit=PATH" in (caught.value.help or "")


def test_a_policy_that_requires_it_is_in_every_plan(tmp_path: Path) -> None:
    """And one that does not say so leaves the plan as older guards read it."""
    from guardlint.bundle.steps import plan_of
    from guardlint.nemo.configuration import read_configuration

    folder = tmp_path / "standard" / "policies" / "audited"
    folder.mkdir(parents=True)
    (folder / "policy.yml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "config.yml").write_text("models: []\n", encoding="utf-8")
    central = Central.open(tmp_path / "standard")
    team = read_configuration(tmp_path / "team")
    assert "required" == plan_of(central.policy("audited"), central, team)["audit"]
    assert "audit" not in plan_of(central.policy("baseline"), central, team)
