"""Identifiers of controls: each that guardlint names is known, and one that is made up is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.policy.central import Central
from guardlint.policy.controls import known_controls, unknown_controls
from guardlint.resources import central_dir
from guardlint.rules.registry import all_rules

POLICY = """\
schema: guardlint/policy/v1
id: own
version: 1.0.0
title: A policy
owner: owner@example.com
description: for a test
forbid:
  - id: no-action-server
    reason: because
    controls: [%s]
    enforced_by: configuration
    setting: actions_server_url
"""


def write(tmp_path: Path, *controls: str) -> Path:
    folder = tmp_path / "policies" / "own"
    folder.mkdir(parents=True)
    named = ", ".join(f'"{control}"' for control in controls)
    (folder / "policy.yml").write_text(POLICY % named, encoding="utf-8")
    return tmp_path


def test_every_control_of_the_reference_policies_and_rails_is_known() -> None:
    """In every section of them."""
    assert [] == list(unknown_controls(central_dir()))


def test_every_control_of_a_composed_policy_and_of_a_rule_is_known() -> None:
    """Those that guardlint's own code names where a policy says nothing, too."""
    known = {control for _, controls in known_controls().values() for control in controls}
    central = Central.open()
    named = {"LLM03:2025", "LLM10:2025"}
    for name in central.policies():
        policy = central.policy(name)
        named |= {control for entry in policy.requirements for control in entry.controls}
        named |= {control for said in policy.reasons.values() for one in said for control in one.controls}
    named |= {control for loaded in all_rules() for control in loaded.rule.controls}
    assert set() == named - known


@pytest.mark.parametrize(
    ("control", "near"),
    [
        ("ATLAS:AML.M0099", "ATLAS:AML.M0009"),
        ("FINOS-AIGF:AIR-PREV-015", "FINOS-AIGF:AIR-DET-015"),
        ("NIST-AI-RMF:MAP-4.3", "NIST-AI-RMF:MAP-4.1"),
        ("ISO-42001:A.6.2.9", "ISO-42001:A.6.2.2"),
    ],
)
def test_a_control_that_is_none_is_told_with_its_place(tmp_path: Path, control: str, near: str) -> None:
    """And with the nearest that is one."""
    unknown = list(unknown_controls(write(tmp_path, "LLM01:2025", control)))
    assert [control] == [one.control for one in unknown]
    assert unknown[0].near is not None
    assert unknown[0].near.partition(":")[0] == near.partition(":")[0]
    assert "policy.yml:10:" in unknown[0].place
    assert "own@1.0.0" == unknown[0].who


def test_frameworks_that_no_list_has_are_the_companys(tmp_path: Path) -> None:
    """Until it lists them."""
    root = write(tmp_path, "ACME-POLICY:7.1", "ACME-POLICY:7.9")
    assert [] == list(unknown_controls(root))
    (root / "policies" / "controls.yml").write_text(
        "schema: guardlint/controls/v1\nframeworks:\n  ACME-POLICY:\n    title: our own\n"
        '    read: our own\n    controls: {"ACME-POLICY:7.1": no copies}\n',
        encoding="utf-8",
    )
    assert ["ACME-POLICY:7.9"] == [one.control for one in unknown_controls(root)]
