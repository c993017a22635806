"""A bundle that requires an audit: no guard without a place for records."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
    for said in ("sometimes", None, {}, {"on_failure": "pass"}, {"on_failure": "block", "more": 1}):
        with pytest.raises(ConfigError, match="must be `required`"):
            read_plan({**PLAN, "audit": said})


@pytest.mark.parametrize(
    ("said", "audited", "unrecorded"),
    [
        ({}, False, "block"),
        ({"audit": "required"}, True, "block"),
        ({"audit": {"on_failure": "block"}}, True, "block"),
        ({"audit": {"on_failure": "degrade"}}, True, "degrade"),
    ],
)
def test_what_a_lost_record_means(said: dict[str, Any], audited: bool, unrecorded: str) -> None:
    """Block by itself; only a plan that says so lets a call go on without its record."""
    plan = read_plan({**PLAN, **said})
    assert (audited, unrecorded) == (plan.audited, plan.unrecorded)


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


@pytest.mark.parametrize(
    ("said", "planned"),
    [("{on_failure: degrade}", {"on_failure": "degrade"}), ("{on_failure: block}", "required")],
)
def test_a_policy_may_let_calls_go_without_a_record(tmp_path: Path, said: str, planned: object) -> None:
    """The plan says so then, and is a plan by its schema."""
    from guardlint.bundle.schema import first_fault
    from guardlint.bundle.steps import plan_of
    from guardlint.nemo.configuration import read_configuration

    _policy(tmp_path, "audited", POLICY.replace("audit: required", f"audit: {said}"))
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "config.yml").write_text("models: []\n", encoding="utf-8")
    central = Central.open(tmp_path / "standard")
    plan = plan_of(central.policy("audited"), central, read_configuration(tmp_path / "team"))
    assert planned == plan["audit"]
    assert first_fault("plan", plan) is None
    assert read_plan(plan).audited


def test_policies_only_tighten(tmp_path: Path) -> None:
    """From degrade to block is a policy's own business, back it is not, and the error names both."""
    loose = POLICY.replace("audit: required", "audit: {on_failure: degrade}")
    _policy(tmp_path, "loose", loose.replace("id: audited", "id: loose"))
    _policy(tmp_path, "audited", POLICY.replace("owner:", "extends: [loose@1]\nowner:"))
    looser = loose.replace("id: audited", "id: looser").replace("owner:", "extends: [audited@1]\nowner:")
    _policy(tmp_path, "looser", looser)
    central = Central.open(tmp_path / "standard")
    assert "required" == central.policy("audited").guard["audit"].value
    with pytest.raises(ConfigError, match=r"runtime\.audit is required there and degrade here"):
        central.policy("looser")


def _policy(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "standard" / "policies" / name
    folder.mkdir(parents=True)
    (folder / "policy.yml").write_text(text, encoding="utf-8")
