"""From nothing to a check and a gate that pass, with git, for a team and for a company."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from guardlint.policy.central import Central
from guardlint.policy.documents import read_document

EXAMPLE = Path(__file__).parents[2] / "examples" / "claims-and-cards" / "mended"
ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one NeMo configuration, as somebody wrote it who never heard of guardlint."""
    root = tmp_path / "Claims_Team"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    shutil.copytree(EXAMPLE, root / "services" / "bot")
    commit(root)
    monkeypatch.chdir(root)
    for name in ("GUARDLINT_CENTRAL", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return root


def written(root: Path) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(listed.splitlines())


def test_a_team_from_nothing_to_a_gate(team: Path, guardlint) -> None:
    """Init, commit, check and gate, in less than a minute, with nothing asked."""
    begin = time.monotonic()
    ran = guardlint("init", "--ci", "github", "--ci", "gitlab", "--editor")
    assert (0, "") == (ran.code, ran.err)
    assert {
        "guardlint.yml",
        ".pre-commit-config.yaml",
        ".github/workflows/guardlint.yml",
        ".gitlab/guardlint.yml",
        ".gitlab-ci.yml",
        ".vscode/settings.json",
        ".guardlint/schemas/config.json",
        ".guardlint/schemas/team.json",
    } == written(team)
    document = read_document(team / "guardlint.yml", "team")
    assert ("claims-team", [{"path": "services/bot"}]) == (
        document.data["team"],
        document.data["configurations"],
    )
    commit(team)
    assert 0 == guardlint("check").code
    assert 0 == guardlint("gate", "--base", "main").code
    assert time.monotonic() - begin < 60


def test_by_itself_it_writes_what_the_repository_uses(team: Path, guardlint) -> None:
    """No CI step for a CI that is not there, and no settings of an editor that nobody uses."""
    ran = guardlint("init")
    assert {"guardlint.yml", ".pre-commit-config.yaml"} == written(team)
    assert "no CI step: " in ran.out
    assert "no schemas for the editor: " in ran.out
    (team / ".github").mkdir()
    (team / ".vscode").mkdir()
    again = guardlint("init", "--no-hook")
    assert "no CI step" not in again.out + guardlint("init", "--ci", "none").out
    assert ".github/workflows/guardlint.yml" in written(team)
    assert ".vscode/settings.json" in written(team)


def test_nothing_is_overwritten(team: Path, guardlint) -> None:
    """What is there is kept, and what would stand in it is shown; twice is like once."""
    (team / ".pre-commit-config.yaml").write_text("repos: []\n")
    (team / ".gitlab-ci.yml").write_text("stages: [test]\n")
    ran = guardlint("init")
    assert "kept   .pre-commit-config.yaml, which is there already; it would say:" in ran.out
    assert "      - id: guardlint" in ran.out
    assert "      - local: .gitlab/guardlint.yml" in ran.out
    assert "repos: []\n" == (team / ".pre-commit-config.yaml").read_text()
    assert "stages: [test]\n" == (team / ".gitlab-ci.yml").read_text()
    commit(team)
    assert 0 == guardlint("init").code
    assert set() == written(team)


def test_a_team_file_in_pyproject_stays_the_only_one(team: Path, guardlint) -> None:
    """A second one would win over it."""
    (team / "pyproject.toml").write_text("[tool.guardlint]\nteam = 'claims'\n")
    ran = guardlint("init", "--no-hook")
    assert 0 == ran.code
    assert "kept   the team file in pyproject.toml" in ran.out
    assert not (team / "guardlint.yml").exists()
    ran = guardlint("init", "--no-hook", "--from", "https://git.example.com/standard.git@v1.0.0")
    assert 0 == ran.code
    assert "the team file names another central repository" in ran.out


def test_a_dry_run_writes_nothing(team: Path, guardlint) -> None:
    """And shows all."""
    ran = guardlint("init", "--dry-run", "--ci", "github", "--team", "Cards & Co")
    assert "    team: cards-co" in ran.out
    assert "would write  .github/workflows/guardlint.yml" in ran.out
    assert set() == written(team)


def test_all_that_is_written_parses(team: Path, guardlint) -> None:
    """YAML and JSON, and pre-commit takes its file."""
    guardlint("init", "--ci", "github", "--ci", "gitlab", "--editor", "--tier", "customer-facing")
    for name in written(team):
        text = (team / name).read_text()
        data = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
        assert data, name
    settings = json.loads((team / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    assert all((team / schema).is_file() for schema in settings)
    assert ["services/bot/**/*.yml", "services/bot/**/*.yaml"] == settings[".guardlint/schemas/config.json"]
    pre_commit = shutil.which("pre-commit")
    if pre_commit is not None:
        subprocess.run([pre_commit, "validate-config", ".pre-commit-config.yaml"], cwd=team, check=True)


def test_without_a_configuration_there_is_nothing_to_begin_from(tmp_path: Path, guardlint) -> None:
    """As a check says it."""
    ran = guardlint("init", tmp_path)
    assert 3 == ran.code
    assert not (tmp_path / "guardlint.yml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tier", "a", "--policy", "b"], "a tier names its policy"),
        (["--from", "https://example.com/x.git"], "does not say which version"),
        (["--from", "x.tar"], "does not say which version"),
        (["--from", "http://example.com/x.git@v1"], "is no protocol that can be trusted"),
        (["--key", "x.pub"], "name it with --from"),
        (["--company", "x"], "are for --central"),
        (["--central", "--team", "x"], "--central sets up no team"),
        (["--central", "--company", "baseline"], "`baseline` is a reference policy"),
        (["--central", "--extends", "baselin"], "did you mean 'baseline'?"),
    ],
)
def test_arguments_that_make_no_sense(team: Path, guardlint, arguments: list[str], said: str) -> None:
    """Are refused before anything is written."""
    ran = guardlint("init", *arguments)
    assert 2 == ran.code
    assert said in ran.err
    assert set() == written(team)


def test_a_company_from_nothing_to_a_team_that_passes(team: Path, tmp_path: Path, guardlint) -> None:
    """The central repository composes and passes its own test; a team takes a tag of it and passes too."""
    begin = time.monotonic()
    ran = guardlint("init", "--central", tmp_path / "standard", "--company", "Harbour Bank", "--ci", "github")
    assert (0, "") == (ran.code, ran.err)
    standard = tmp_path / "standard"
    git(standard, "init", "-q", "-b", "main")
    commit(standard)
    git(standard, "tag", "v1.0.0")
    assert 0 == guardlint("test", standard, "--policies").code
    assert 0 == guardlint("waivers", "--check", "--central", standard).code
    ran = guardlint("init", "--from", "../standard@v1.0.0", "--ci", "none")
    assert (0, "") == (ran.code, ran.err)
    commit(team)
    ran = guardlint("check")
    assert 0 == ran.code
    assert "policy harbour-bank@1.0.0" in ran.out
    assert 0 == guardlint("gate", "--base", "main", "--central", standard, "--team", "claims-team").code
    assert time.monotonic() - begin < 60


def test_the_policy_of_a_company_composes(tmp_path: Path, guardlint) -> None:
    """Every document of it is right, and its own cases are as they say."""
    from guardlint.nemo.configuration import read_configuration
    from guardlint.policy.evaluate import violations
    from guardlint.rules.effective_view import ConfigurationView

    guardlint("init", "--central", tmp_path, "--company", "acme")
    central = Central.open(tmp_path)
    policy = central.policy("acme")
    assert ["mask-personal-data", "no-internal-names"] == [use.rail for use in policy.rails["output"]]
    assert 180 == policy.longest_waiver.value
    assert "no-content-in-telemetry" in policy.not_waivable
    assert ("internal-assistant", "acme@1") == (central.tiers()[0], central.tier_policy("internal-assistant"))
    cases = read_document(tmp_path / "policies" / "acme" / "tests" / "cases.yml", "policy-tests").data[
        "cases"
    ]
    for case in cases:
        root = tmp_path / "cases" / case["id"]
        root.mkdir(parents=True)
        for name, text in case["configuration"].items():
            (root / name).write_text(text)
        found = violations(policy, ConfigurationView(read_configuration(root)))
        assert case["violates"] == [item.requirement for item in found]


def test_the_example_rail_of_a_company_holds(tmp_path: Path, guardlint) -> None:
    """Its patterns find what its cases say, and nothing else."""
    import re

    guardlint("init", "--central", tmp_path, "--company", "acme")
    rail = Central.open(tmp_path).rail("no-internal-names@1")
    patterns = rail.directions["output"].config["regex_detection"]["output"]["patterns"]
    cases = read_document(rail.folder / "tests.yml", "rail-tests").data["cases"]
    for case in cases:
        hit = any(re.search(pattern, case["reply"], re.IGNORECASE) for pattern in patterns)
        assert hit == (case["expect"] == "blocked"), case["id"]


def test_a_central_repository_is_not_overwritten(tmp_path: Path, guardlint) -> None:
    """As a team's is not."""
    (tmp_path / "README.md").write_text("ours\n")
    ran = guardlint("init", "--central", tmp_path, "--company", "acme")
    assert "kept   README.md" in ran.out
    assert "ours\n" == (tmp_path / "README.md").read_text()


def test_a_signed_archive_to_begin_from(team: Path, tmp_path: Path, guardlint) -> None:
    """Named with the key that signed it; both as seen from the team file."""
    guardlint("init", "--central", tmp_path / "standard", "--company", "acme")
    guardlint("keygen", tmp_path / "acme")
    guardlint("publish", tmp_path / "standard", "--key", tmp_path / "acme.key", "-o", tmp_path / "acme-1.tar")
    (team / "sub").mkdir()
    shutil.move(team / "services", team / "sub" / "services")
    ran = guardlint("init", "sub", "--from", "../acme-1.tar", "--key", "../acme.pub")
    assert (0, "") == (ran.code, ran.err)
    data = read_document(team / "sub" / "guardlint.yml", "team").data
    assert {"archive": "../../acme-1.tar", "key": "../../acme.pub"} == data["central"]
    assert (team / "sub" / ".guardlint" / "central" / "policies" / "acme" / "policy.yml").is_file()
