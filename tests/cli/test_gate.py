"""The gate, in real repositories with real branches: what a change brings, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GOOD = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} (Yes or No)"
"""
ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def write(root: Path, **files: str | None) -> None:
    """``bot__config_yml="…"`` writes ``bot/config.yml``; None deletes it."""
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        path = root / f"{stem.replace('__', '/')}.{ending}"
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def commit(root: Path, **files: str | None) -> str:
    write(root, **files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "change")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``main`` with one sound configuration; the work goes on on ``change``."""
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    commit(root, bot__config_yml=GOOD)
    git(root, "checkout", "-q", "-b", "change")
    monkeypatch.chdir(root)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GUARDLINT_CENTRAL"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def gate(guardlint: Callable[..., Any], repo: Path) -> Callable[..., tuple[int, list[str]]]:
    def run(*arguments: str, base: str = "main") -> tuple[int, list[str]]:
        out = repo.parent / "gate.json"
        out.unlink(missing_ok=True)
        ran = guardlint("gate", "--base", base, "--output", f"json={out}", *arguments)
        if not out.exists():
            return ran.code, [ran.err]
        found = json.loads(out.read_text(encoding="utf-8"))["findings"]
        return ran.code, sorted(item["rule"] for item in found if not item["suppressed"])

    return run


def test_nothing_new_passes(gate: Callable[..., Any], repo: Path) -> None:
    """Not even a moved line or a renamed file."""
    assert (0, []) == gate()
    commit(repo, bot__config_yml=None, bot__rails_yml=f"# ours\n\n{GOOD}")
    assert (0, []) == gate()


def test_only_what_is_new_counts(gate: Callable[..., Any], repo: Path) -> None:
    """The fault that ``main`` has is known; a second one of its kind is not."""
    git(repo, "checkout", "-q", "main")
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    git(repo, "checkout", "-q", "-B", "change")
    assert (0, []) == gate()
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\nprompt: []\n")
    assert (1, ["unknown-key"]) == gate()


def test_what_is_not_committed_counts_too(gate: Callable[..., Any], repo: Path) -> None:
    """The gate judges the files that are there."""
    write(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    assert (1, ["unknown-key"]) == gate()


def test_a_removed_rail_counts(gate: Callable[..., Any], repo: Path) -> None:
    """Taken out of the list, and with its whole configuration."""
    commit(repo, bot__config_yml=GOOD.replace("[self check input]", "[]"))
    assert (1, ["removed-rail"]) == gate()
    commit(repo, bot__config_yml=None, other__config_yml="models: []\n")
    assert (1, ["removed-rail"]) == gate()


def test_a_renamed_folder_is_the_same_configuration(gate: Callable[..., Any], repo: Path) -> None:
    """Its faults are known, its rails are not gone."""
    git(repo, "checkout", "-q", "main")
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n", bot__flows__a_co="define flow a\n  user x\n  bot y\n")
    git(repo, "checkout", "-q", "-B", "change")
    (repo / "apps").mkdir()
    git(repo, "mv", "bot", "apps/claims")
    commit(repo)
    assert (0, []) == gate()


def test_a_suppression_that_goes_brings_its_finding_back(gate: Callable[..., Any], repo: Path) -> None:
    """And one that comes is seen."""
    git(repo, "checkout", "-q", "main")
    quiet = f"{GOOD}rail: {{}} # guardlint: allow[unknown-key] -- CARD-7\n"
    commit(repo, bot__config_yml=quiet)
    git(repo, "checkout", "-q", "-B", "change")
    assert (0, []) == gate()
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    assert (1, ["unknown-key"]) == gate()


def test_a_baseline_does_not_open_the_gate(
    gate: Callable[..., Any], repo: Path, guardlint: Callable[..., Any]
) -> None:
    """A new fault with its own baseline entry is a new fault."""
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    assert 0 == guardlint("baseline").code
    assert 0 == guardlint("check").code
    commit(repo)
    assert (1, ["unknown-key"]) == gate()


def test_main_went_on_meanwhile(gate: Callable[..., Any], repo: Path) -> None:
    """What others brought to ``main`` is not this change's; a merge commit compares the same way."""
    commit(repo, bot__notes_md="# notes\n")
    git(repo, "checkout", "-q", "main")
    commit(repo, other__config_yml="models: []\nrail: {}\n")
    git(repo, "checkout", "-q", "change")
    assert (0, []) == gate()
    git(repo, "merge", "-q", "--no-edit", "main")
    assert (0, []) == gate()


def test_the_first_commit_is_all_new(gate: Callable[..., Any], repo: Path) -> None:
    """What GitHub names as its parent is no commit."""
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    assert (1, ["unknown-key"]) == gate(base="0" * 40)


def test_a_base_that_is_not_there_says_how_to_get_it(gate: Callable[..., Any], repo: Path) -> None:
    """In one line, exit code 2."""
    code, [said] = gate(base="origin/main")
    assert (2, True) == (code, "git knows no commit `origin/main`" in said)


def test_a_shallow_clone_is_told_apart(
    guardlint: Callable[..., Any], repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the base: how to fetch it. With it and no common history: compared all the same."""
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", f"file://{repo}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    ran = guardlint("gate", "--base", "origin/main")
    assert (2, True) == (ran.code, "git fetch --depth=1" in ran.err)
    git(tmp_path / "shallow", "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    ran = guardlint("gate", "--base", "origin/main")
    assert (1, True) == (ran.code, "the clone is shallow" in ran.err)
    assert "error[unknown-key]" in ran.out


def test_outside_of_git_there_is_no_gate(
    guardlint: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit code 2."""
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    ran = guardlint("gate", "--base", "main")
    assert (2, True) == (ran.code, "not a git repository" in ran.err)


def test_nothing_of_the_repository_is_touched(gate: Callable[..., Any], repo: Path) -> None:
    """Index, branches, work tree and stash are what they were."""
    write(repo, bot__config_yml=f"{GOOD}rail: {{}}\n")
    git(repo, "add", "-A")
    write(repo, bot__config_yml=f"{GOOD}rail: {{}}\nmore: 1\n")
    before = [
        git(repo, "status", "--porcelain=v2", "--branch"),
        git(repo, "diff"),
        git(repo, "worktree", "list"),
    ]
    gate()
    assert before == [
        git(repo, "status", "--porcelain=v2", "--branch"),
        git(repo, "diff"),
        git(repo, "worktree", "list"),
    ]


@pytest.fixture
def central(tmp_path: Path) -> Path:
    """A company's standard: every team's bots are customer facing."""
    target = tmp_path / "central"
    shutil.copytree(ROOT / "examples" / "central", target)
    (target / "policies" / "tiers.yml").write_text(
        "schema: guardlint/tiers/v1\n"
        "tiers:\n"
        "  inside: {policy: baseline@1, description: employees}\n"
        "  outside: {policy: customer-facing@1, description: customers}\n"
        "assignments:\n  - {team: payments, tier: outside}\n"
        "default: inside\n",
        encoding="utf-8",
    )
    return target


def test_the_policy_comes_from_outside(gate: Callable[..., Any], repo: Path, central: Path) -> None:
    """No team file, one that claims less, one of another team: each fails."""
    code, [said] = gate("--central", str(central))
    assert (2, True) == (code, "no team file" in said)
    write(repo, guardlint_yml="team: payments\ntier: inside\n")
    code, _ = gate("--central", str(central))
    assert 2 == code
    write(repo, guardlint_yml="team: cards\n")
    code, [said] = gate("--central", str(central), "--team", "payments")
    assert (2, True) == (code, "this is a repository of `payments`" in said)


def test_what_may_never_be_counts_though_it_is_old(
    gate: Callable[..., Any], repo: Path, central: Path
) -> None:
    """The standard that nobody may waive holds for what was there before."""
    git(repo, "checkout", "-q", "main")
    commit(repo, guardlint_yml="team: payments\n")
    git(repo, "checkout", "-q", "-B", "change")
    code, rules = gate("--central", str(central), "--team", "payments")
    waivable = json.loads((repo.parent / "gate.json").read_text(encoding="utf-8"))
    assert (code == 1) == bool(rules)
    for item in waivable["findings"]:
        assert "(waivable: no)" in item["policy"]


def test_switching_a_rule_off_does_not_open_the_gate(gate: Callable[..., Any], repo: Path) -> None:
    """A change that disables the rule and brings the fault brings the fault."""
    commit(
        repo,
        guardlint_yml="team: payments\ndisable: {unknown-key: we know}\n",
        bot__config_yml=f"{GOOD}rail: {{}}\n",
    )
    _, rules = gate()
    assert "unknown-key" in rules


def test_leaving_a_configuration_out_does_not_open_the_gate(gate: Callable[..., Any], repo: Path) -> None:
    """The team file names only the other one; the fault is still there."""
    commit(
        repo,
        guardlint_yml="team: payments\nconfigurations: [{path: other}]\n",
        other__config_yml="models: []\n",
        bot__config_yml=f"{GOOD}rail: {{}}\n",
    )
    _, rules = gate()
    assert "unknown-key" in rules


def test_the_reviewer_gets_a_summary(
    guardlint: Callable[..., Any], repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a file, and on the page of the step."""
    git(repo, "checkout", "-q", "main")
    commit(repo, bot__config_yml=f"{GOOD}rail: {{}}\nprompt: []\n")
    git(repo, "checkout", "-q", "-B", "change")
    commit(repo, bot__config_yml=GOOD.replace("[self check input]", "[]") + "rail: {}\nmodel: []\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (tmp_path / "page.md").write_text("before\n", encoding="utf-8")
    ran = guardlint("gate", "--base", "main", "--summary", tmp_path / "gate.md")
    text = (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert "before\n" + text == (tmp_path / "page.md").read_text(encoding="utf-8")
    for part in (
        "🛑 failed",
        "| Guardrails removed | 1 |",
        "| Known before | 1 |",
        "| Mended by this change | 1 |",
    ):
        assert part in text
    assert "::error file=bot/config.yml,line=3," in ran.out
    assert "gate failed against main (" in ran.out
