"""A team's repository with the hook, installed by the real pre-commit from a local clone of this one.

The clone holds the files of this moment, committed there, so that work not yet committed here is tested too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "claims-and-cards" / "mended"
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]


@dataclass(frozen=True)
class Repository:
    """A git repository of its own: no settings of this machine, no hook but those it installs."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def must(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def commit(self, message: str) -> subprocess.CompletedProcess[str]:
        """Commits what is staged, hooks and all."""
        return self.run("git", "commit", "-m", message)

    def head(self) -> str:
        return self.must("git", "rev-parse", "HEAD")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def _repository(folder: Path, environment: dict[str, str]) -> Repository:
    made = Repository(folder, environment)
    made.must("git", "init", "-q", "-b", "main")
    return made


@pytest.fixture(scope="module")
def environment(outside_environment, tmp_path_factory) -> dict[str, str]:
    """Git without the settings of this machine or user; pre-commit with a cache that nobody else reads."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "gitconfig"
    settings.write_text("[user]\nname = A Colleague\nemail = colleague@harbour.example\n", encoding="utf-8")
    return outside_environment | {
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PRE_COMMIT_COLOR": "never",
    }


@pytest.fixture(scope="module")
def clone(environment, copy_checkout, tmp_path_factory) -> tuple[Path, str]:
    """A local clone of guardlint, and its commit."""
    folder = tmp_path_factory.mktemp("clone")
    source = _repository(copy_checkout(folder / "guardlint"), environment)
    source.must("git", "add", "--all")
    source.must("git", "commit", "-q", "-m", "guardlint as it is now")
    source.must("git", "clone", "-q", "--bare", str(source.folder), str(folder / "guardlint.git"))
    return folder / "guardlint.git", source.head()


@pytest.fixture(scope="module")
def installed(clone, environment, tmp_path_factory) -> Repository:
    """A team's repository, hook installed, its first commit made through the hook."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(EXAMPLE, folder / "guardrails", ignore=shutil.ignore_patterns("__pycache__"))
    team = _repository(folder, environment)
    url, revision = clone
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {url}\n    rev: {revision}\n    hooks:\n      - id: guardlint\n",
        encoding="utf-8",
    )
    team.must(*PRE_COMMIT, "install", "--install-hooks")
    team.must("git", "add", "--all")
    first = team.commit("the mended configuration")
    assert first.returncode == 0, first.stdout
    assert _outcome(first.stdout) == "Passed"
    return team


@pytest.fixture
def team(installed: Repository) -> Repository:
    """The team's repository as after its first commit."""
    first = installed.must("git", "rev-list", "--max-parents=0", "HEAD")
    installed.must("git", "reset", "-q", "--hard", first)
    installed.must("git", "clean", "-q", "-d", "--force")
    return installed


def _outcome(output: str) -> str:
    """`Passed`, `Failed` or `Skipped`: the last word of pre-commit's line about our hook."""
    (line,) = [line for line in output.splitlines() if line.startswith("guardlint..")]
    return line.rpartition(".")[2].rpartition(")")[2]


FAULT = ("- regex check input\n", "- regex chek input\n")
OLD_STYLE = """\
define flow check twice
  $allowed = execute self_check_input
  if not $allowed
    bot refuse to respond
    stop
"""


def test_refuses_a_fault_and_accepts_its_mend(team: Repository):
    """The commit does not happen, the output names rule, file and line; after the mend it happens."""
    before = team.head()
    team.edit("guardrails/config.yml", *FAULT)
    team.must("git", "add", "--all")
    refused = team.commit("a rail, misspelt")
    assert refused.returncode == 1
    assert _outcome(refused.stdout) == "Failed"
    assert "error[unknown-flow]" in refused.stdout
    line = (team.folder / "guardrails/config.yml").read_text(encoding="utf-8").split(FAULT[1])[0].count(
        "\n"
    ) + 1
    assert f"guardrails/config.yml:{line}:" in refused.stdout
    assert before == team.head()

    team.edit("guardrails/config.yml", *reversed(FAULT))
    team.edit("guardrails/config.yml", "in three sentences at most", "in two sentences at most")
    team.must("git", "add", "--all")
    accepted = team.commit("the rail, and shorter answers")
    assert accepted.returncode == 0, accepted.stdout
    assert _outcome(accepted.stdout) == "Passed"
    assert before == team.must("git", "rev-parse", "HEAD~1")


def test_is_not_run_for_other_files(team: Repository):
    """A commit that touches nothing a guardrail is made of costs nothing."""
    (team.folder / "notes.txt").write_text("call Operations about CC-218\n", encoding="utf-8")
    team.must("git", "add", "--all")
    done = team.commit("notes")
    assert done.returncode == 0, done.stdout
    assert _outcome(done.stdout) == "Skipped"


def test_judges_what_is_committed(team: Repository):
    """A fault that is staged is refused though the working copy is mended, and the other way round."""
    team.edit("guardrails/config.yml", *FAULT)
    team.must("git", "add", "--all")
    team.edit("guardrails/config.yml", *reversed(FAULT))
    assert _outcome(team.commit("a fault, mended too late").stdout) == "Failed"

    team.edit("guardrails/config.yml", "in three sentences at most", "in two sentences at most")
    team.must("git", "add", "--all")
    team.edit("guardrails/config.yml", *FAULT)
    done = team.commit("shorter answers, with a fault still being written")
    assert done.returncode == 0, done.stdout
    assert "regex chek input" in (team.folder / "guardrails/config.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("guardrails/rails/extra.co", OLD_STYLE, "old-style-outcome"),
        ("guardrails/broken.yml", "rails: [unclosed\n", "unreadable-file"),
        ("guardlint.yml", "teem: claims-and-cards\n", None),
    ],
)
def test_runs_for_each_kind_of_file(team: Repository, name: str, content: str, rule: str | None):
    """A Colang file, a YAML file or the team file alone is enough to run; nothing ends in a traceback."""
    (team.folder / name).write_text(content, encoding="utf-8")
    team.must("git", "add", "--all")
    done = team.commit(f"add {name}")
    assert _outcome(done.stdout) == "Failed"
    assert name in done.stdout
    assert "Traceback" not in done.stdout
    assert rule is None or f"error[{rule}]" in done.stdout


def test_misses_a_commit_that_only_deletes(team: Repository):
    """pre-commit counts no deleted files; the next commit that changes a file meets the fault.

    What may not slip through is for `guardlint check` in CI to say.
    """
    team.must("git", "rm", "-q", "guardrails/rails/input.co")
    assert _outcome(team.commit("away with a file that a rail needs").stdout) == "Skipped"

    team.edit("guardrails/config.yml", "in three sentences at most", "in two sentences at most")
    team.must("git", "add", "--all")
    done = team.commit("shorter answers")
    assert _outcome(done.stdout) == "Failed"
    assert "error[unknown-flow]" in done.stdout
