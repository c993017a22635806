"""Compiling: what goes in, what is refused, and that the same input gives the same bytes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlint.bundle.compile import CheckFailed, Compiled, compile_bundle
from guardlint.bundle.keys import PrivateKey, generate
from guardlint.bundle.verify import verify_bundle
from guardlint.errors import BundleError, ConfigError
from guardlint.policy.central import Central
from guardlint.resources import examples_dir
from guardlint.rules.registry import rule_ids

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def central() -> Central:
    return Central.open(examples_dir() / "central")


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return Path(shutil.copytree(examples_dir() / "claims-and-cards" / "mended", tmp_path / "guardrails"))


def compiled(team: Path, central: Central, *signers: PrivateKey, policy: str = "harbour-bank") -> Compiled:
    return compile_bundle(
        team, central.policy(policy), central, name="claims", created=NOW, revision=7, signers=signers
    )


def test_the_mended_example_becomes_a_bundle_that_verifies(
    team: Path, central: Central, key: PrivateKey, tmp_path: Path
) -> None:
    """The bundle holds both halves, and the team's files are what they were, byte by byte."""
    from guardlint.bundle.keys import write_public

    bundle = compiled(team, central, key)
    write_public(tmp_path / "k.pub", key.public)
    verified = verify_bundle(bundle.data, tmp_path / "k.pub", now=NOW)
    theirs = {
        name.removeprefix("team/"): data for name, data in verified.files.items() if name.startswith("team/")
    }
    on_disk = {
        path.relative_to(team).as_posix(): path.read_bytes()
        for path in team.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert on_disk == theirs
    assert {"config.yml", "prompts.yml"} == {
        name.removeprefix("company/") for name in verified.files if name.startswith("company/")
    }
    assert ("harbour-bank", "1.0.0") == (
        verified.manifest["policy"]["id"],
        verified.manifest["policy"]["version"],
    )
    assert ["baseline", "customer-facing", "harbour-bank"] == [
        part["id"] for part in verified.manifest["policy"]["composed_of"]
    ]


def test_same_input_gives_the_same_bytes(
    team: Path, central: Central, key: PrivateKey, tmp_path: Path
) -> None:
    """Another directory of the same name, compiled again, gives an identical bundle."""
    elsewhere = Path(shutil.copytree(team, tmp_path / "other" / "guardrails"))
    assert compiled(team, central, key).data == compiled(elsewhere, central, key).data


def test_the_plan_masks_before_every_judge_and_ends_with_the_companys_rails(
    team: Path, central: Central
) -> None:
    """The order of DESIGN §6."""
    plan = compiled(team, central).plan
    assert ["pii", "company", "team", "company"] == [step["step"] for step in plan["input"]]
    assert "rewritten" == plan["input"][-1]["when"]
    assert ["pii", "team", "pii", "company"] == [step["step"] for step in plan["output"]]


def test_engines_and_calls_are_predicted(team: Path, central: Central) -> None:
    """The company half runs on NeMo's fast engine; the team's own flows need the Colang runtime.

    Usually four calls: both halves judge both sides. The facts rail asks only where a flow arms it.
    """
    manifest = compiled(team, central).manifest
    assert ("iorails", "llmrails") == tuple(manifest["engines"][half]["uses"] for half in ("company", "team"))
    assert {"low": 0, "usual": 4, "high": 6} == manifest["llm_calls"]
    assert "isolated" == manifest["team_code"]


def test_a_configuration_with_errors_is_refused(central: Central, tmp_path: Path) -> None:
    """The report that says why comes with the refusal."""
    broken = Path(shutil.copytree(examples_dir() / "claims-and-cards" / "broken", tmp_path / "broken"))
    with pytest.raises(CheckFailed) as refused:
        compiled(broken, central)
    assert refused.value.report.count("error") >= 8
    assert {finding.rule for finding in refused.value.report.findings} <= set(rule_ids())


def test_a_policy_without_a_judge_is_refused_at_the_rail_that_asks(team: Path) -> None:
    """The reference policy names no model; the message says what to write and where."""
    with pytest.raises(ConfigError) as refused:
        compiled(team, Central.open(None), policy="customer-facing")
    assert "customer-facing/policy.yml" in (refused.value.place or "")
    assert "judge" in (refused.value.help or "")


def test_imports_from_outside_the_directory_are_refused(team: Path, central: Central) -> None:
    """A bundle carries one directory, so a path that leads out of it would be lost."""
    config = team / "config.yml"
    config.write_text(config.read_text() + "\nimport_paths:\n  - ../shared\n")
    with pytest.raises(BundleError, match="import_paths"):
        compiled(team, central)


def test_a_railsignore_above_the_configuration_goes_in(team: Path, central: Central) -> None:
    """NeMo looks for it upwards; inside a bundle there is no upwards."""
    (team.parent / ".railsignore").write_text("draft.yml\n")
    (team / "draft.yml").write_text("rails:\n  input:\n    flows: [no such flow]\n")
    files = compiled(team, central).data
    assert b"team/.railsignore" in files
