"""``guardlint test``: the cases beside policies and rails, and what is said of one that is not as it says."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def central(tmp_path: Path, guardlint) -> Path:
    """The central repository that ``guardlint init`` writes."""
    guardlint("init", "--central", tmp_path / "standard", "--company", "acme")
    return tmp_path / "standard"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_init_writes_passes(central: Path, guardlint) -> None:
    """Policies and rails; the rail in a real guard."""
    ran = guardlint("test", central, "--verbose")
    assert (0, "") == (ran.code, ran.err)
    assert "✓ acme@1.0.0  content-in-telemetry\n" in ran.out
    assert "✓ no-internal-names@1.0.0  herons-are-birds\n" in ran.out
    assert ran.out.endswith("5 cases, 0 failed\n")


def test_a_policy_that_does_not_say_what_its_case_says(central: Path, guardlint) -> None:
    """Both ways: what is not violated, and what is and should not be."""
    cases = central / "policies" / "acme" / "tests" / "cases.yml"
    change(cases, "violates: []", "violates: [no-key-in-parameters]")
    change(cases, "violates: [no-content-in-telemetry]", "violates: []")
    ran = guardlint("test", central, "--policies")
    assert 1 == ran.code
    assert "✗ acme@1.0.0  small-and-clean: does not violate no-key-in-parameters" in ran.out
    assert "✗ acme@1.0.0  content-in-telemetry: violates no-content-in-telemetry" in ran.out
    assert "cases.yml:3:5" in ran.out
    assert ran.out.endswith("2 cases, 2 failed\n")


def test_a_rail_that_does_not_hold(central: Path, guardlint) -> None:
    """A pattern that somebody broke is found by its case."""
    change(central / "rails" / "no-internal-names" / "rail.yml", "example-heron", "example-stork")
    ran = guardlint("test", central)
    assert 1 == ran.code
    assert "✗ no-internal-names@1.0.0  project: is passed, not blocked" in ran.out
    assert ran.out.endswith("5 cases, 1 failed\n")


def test_a_document_that_is_wrong_is_an_error(central: Path, guardlint) -> None:
    """Of every kind, whether a case needs it or not."""
    change(central / "policies" / "tiers.yml", "acme@1", "acme@2")
    ran = guardlint("test", central, "--policies")
    assert 2 == ran.code
    assert "'acme@2' is wanted, and the policy is acme@1.0.0" in ran.err


def test_no_case_is_no_success(tmp_path: Path, guardlint) -> None:
    """A test that tests nothing has not passed."""
    (tmp_path / "policies").mkdir()
    assert 3 == guardlint("test", tmp_path).code


def test_a_control_that_no_framework_has_fails(central: Path, guardlint) -> None:
    """As a case of the policy that names it, at its line."""
    policy = central / "policies" / "acme" / "policy.yml"
    text = policy.read_text()
    start = text.index('controls: ["') + len('controls: ["')
    policy.write_text(f'{text[:start]}ATLAS:AML.M0099", "{text[start:]}')
    ran = guardlint("test", central, "--policies")
    assert 1 == ran.code
    assert "'ATLAS:AML.M0099' is no control of MITRE ATLAS, mitigations" in ran.out
    assert "policy.yml:" in ran.out


def test_a_price_table_that_nobody_uses_yet_is_read_all_the_same(central: Path, guardlint) -> None:
    """No policy has a budget, and the first one would be refused for it."""
    (central / "policies" / "prices.yml").write_text("schema: guardlint/prices/v1\ncurrency: euro\n")
    ran = guardlint("test", central, "--policies")
    assert 2 == ran.code
    assert "prices.yml" in ran.err
