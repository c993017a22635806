"""The name of a repository, from git's own configuration; and what the central repository makes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guardlint.policy.central import Central
from guardlint.policy.repository import repository_name

TIERS = """\
schema: guardlint/tiers/v1
tiers:
  staff: {policy: baseline@1, description: employees}
  public: {policy: customer-facing@1, description: everybody}
assignments:
  - {repository: "bank/cards*", tier: public}
default: staff
"""
WAIVER = """\
schema: guardlint/waiver/v1
waivers:
  - {id: w, rule: unknown-key, team: cards, configuration: bot, repository: bank/cards-web, reason: r,
     owner: o, approver: a, ticket: T, approved: 2026-01-01, expires: 2026-12-31}
"""


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    return root


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.example.com/bank/cards.git", "bank/cards"),
        ("https://token@git.example.com/bank/cards", "bank/cards"),
        ("https://git.example.com/group/sub/cards.git/", "group/sub/cards"),
        ("ssh://git@git.example.com:2222/bank/cards.git", "bank/cards"),
        ("git@git.example.com:bank/cards.git", "bank/cards"),
        ("../cards", None),
        ("/srv/git/cards.git", None),
    ],
)
def test_the_path_of_the_origin_is_the_name(repository: Path, url: str, expected: str | None) -> None:
    """However it is reached; a folder on a disk names nothing."""
    git(repository, "remote", "add", "upstream", "https://git.example.com/other/thing.git")
    git(repository, "remote", "add", "origin", url)
    (repository / "bot").mkdir()
    assert expected == repository_name(repository / "bot")


def test_a_work_tree_has_the_name_of_its_repository(repository: Path, tmp_path: Path) -> None:
    """Its own ``.git`` is a file that leads there."""
    git(repository, "remote", "add", "origin", "https://git.example.com/bank/cards.git")
    git(repository, "commit", "-q", "--allow-empty", "-m", "begin")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert "bank/cards" == repository_name(tmp_path / "tree")


def test_no_git_and_no_origin_are_no_name(repository: Path, tmp_path: Path) -> None:
    """Then nothing that speaks of repositories matches."""
    assert repository_name(repository) is None
    assert repository_name(tmp_path) is None


def test_tiers_and_waivers_by_repository(repository: Path, tmp_path: Path) -> None:
    """What one repository of a team has, another has not."""
    (tmp_path / "policies" / "waivers").mkdir(parents=True)
    (tmp_path / "policies" / "tiers.yml").write_text(TIERS)
    (tmp_path / "policies" / "waivers" / "w.yml").write_text(WAIVER)
    central = Central.open(tmp_path)

    def seen() -> tuple[str, int]:
        assigned = central.assigned_tier("cards", "bot", repository)
        assert assigned is not None
        return assigned[0], len(central.waivers_of("cards", "bot", repository))

    assert ("staff", 0) == seen()
    git(repository, "remote", "add", "origin", "https://git.example.com/bank/cards-web.git")
    assert ("public", 1) == seen()
    git(repository, "remote", "set-url", "origin", "https://git.example.com/bank/cards-app.git")
    assert ("public", 0) == seen()
    git(repository, "remote", "set-url", "origin", "https://git.example.com/bank/loans.git")
    assert ("staff", 0) == seen()
