"""Team file, central repository and policy: what they switch, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.lint.targets import find_targets

TEAM = "team: claims\npolicy: strict\ncentral: {path: central}\ndisable:\n  stream-before-check: we know\n"
POLICY = """\
schema: guardlint/policy/v1
id: strict
version: 1.0.0
title: Strict
owner: someone@example.com
description: Keeps one rule on.
extends: [baseline@1]
not_waivable: [stream-before-check]
"""


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A team whose policy keeps on what the team switches off."""
    (tmp_path / "guardlint.yml").write_text(TEAM)
    (tmp_path / "central" / "policies" / "strict").mkdir(parents=True)
    (tmp_path / "central" / "policies" / "strict" / "policy.yml").write_text(POLICY)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yml").write_text("models: []\nrails:\n  input:\n    flows: []\n")
    return tmp_path


def test_a_rule_that_the_policy_keeps_on_stays_on(team: Path) -> None:
    """Switching it off is an error of the team file, at its line, and has no effect."""
    found = find_targets([team / "config"])
    assert {} == found.disabled
    assert ["strict@1.0.0 does not let a team switch off `stream-before-check`"] == [
        str(getattr(problem, "message", problem)) for problem in found.problems
    ]
    assert (found.problems[0].place or "").endswith("guardlint.yml:5:3")


def test_any_other_rule_may_be_switched_off(team: Path) -> None:
    """With its reason."""
    (team / "guardlint.yml").write_text(TEAM.replace("stream-before-check", "unarmed-rail"))
    found = find_targets([team / "config"])
    assert {"unarmed-rail": "we know"} == found.disabled
    assert [] == found.problems


def test_a_typo_in_the_policys_own_rules_is_said_once(team: Path) -> None:
    """The configuration is checked without the policy, and the run fails."""
    policy = team / "central" / "policies" / "strict" / "policy.yml"
    policy.write_text(POLICY.replace("[stream-before-check]", "[stream-before-chek]"))
    found = find_targets([team / "config"])
    assert [None] == [target.policy for target in found.targets]
    assert ["unknown rule 'stream-before-chek'"] == [
        str(getattr(problem, "message", problem)) for problem in found.problems
    ]


def test_no_team_switches_off_what_is_about_the_standard(team: Path) -> None:
    """Whatever the policy says: what it asks would be asked of nobody."""
    (team / "guardlint.yml").write_text(TEAM.replace("stream-before-check", "policy-violation"))
    found = find_targets([team / "config"])
    assert {} == found.disabled
    assert ["`policy-violation` is about the company's standard, and no team switches it off"] == [
        str(getattr(problem, "message", problem)) for problem in found.problems
    ]
