"""The action and the GitLab job: their files are what their hosts accept, and their steps run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardlint.lint.check import Target, check
from guardlint.report.formats import render

ROOT = Path(__file__).parents[2]
CI = ROOT / "examples" / "ci"
FILES = {
    "findings.sarif": "sarif",
    "annotations.txt": "github",
    "gl-code-quality-report.json": "gitlab",
    "junit.xml": "junit",
    "summary.md": "markdown",
}
GOOD = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} (Yes or No)"
"""


@pytest.mark.parametrize(
    ("schema", "path"),
    [("vendor.github-actions", ROOT / "action.yml"), ("vendor.gitlab-ci", CI / "guardlint.gitlab-ci.yml")],
)
def test_the_files_fit_their_schemas(schema: str, path: Path) -> None:
    """Those that check-jsonschema carries."""
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [program, "--builtin-schema", schema, path], check=False, capture_output=True, text=True, timeout=120
    )
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_examples_are_what_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``GUARDLINT_SNAPSHOTS=write`` writes them anew."""
    monkeypatch.chdir(ROOT / "examples")
    text = render(FILES[name], check([Target(Path("claims-and-cards/broken"))]))
    if os.environ.get("GUARDLINT_SNAPSHOTS") == "write":
        (CI / name).write_text(text, encoding="utf-8")
    assert (CI / name).read_text(encoding="utf-8") == text


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def pull_request(tmp_path: Path) -> tuple[Path, str]:
    """What a runner checks out: one commit of the branch, without the base. And the base's commit."""
    origin = tmp_path / "origin"
    (origin / "bot").mkdir(parents=True)
    git(origin, "init", "-q", "-b", "main")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    (origin / "bot" / "config.yml").write_text(GOOD, encoding="utf-8")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "base")
    base = git(origin, "rev-parse", "HEAD")
    git(origin, "checkout", "-q", "-b", "change")
    (origin / "bot" / "config.yml").write_text(GOOD.replace("[self check input]", "[]"), encoding="utf-8")
    git(origin, "commit", "-q", "-am", "change")
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", f"file://{origin}", "work")
    return tmp_path / "work", base


def expanded(text: str, values: dict[str, str]) -> str:
    """``${{ … }}`` as the runner fills it in."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: values[found[1]], text)


def run_step(step: dict[str, Any], folder: Path, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environ = {name: expanded(text, values) for name, text in step["env"].items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            **kept,
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(folder.parent / "page.md"),
            **environ,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_action_stops_a_change_that_removes_a_rail(
    pull_request: tuple[Path, str], tmp_path: Path
) -> None:
    """Its own steps, one after the other, as a runner runs them."""
    work, base = pull_request
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {f"inputs.{name}": str(item["default"]) for name, item in action["inputs"].items()}
    values = {
        **inputs,
        "inputs.base": base,
        "inputs.sarif": "gate.sarif",
        "inputs.python": sys.executable,
        "github.action_path": str(ROOT),
        "runner.temp": str(tmp_path),
    }
    install, gate = action["runs"]["steps"]
    done = run_step(install, work, values)
    assert 0 == done.returncode, done.stderr
    done = run_step(gate, work, values)
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "::error file=bot/config.yml,line=3" in done.stdout
    assert "🛑 failed" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert (work / "gate.sarif").exists()
    # What a pull request may choose, such as a branch's name, is never part of the script.
    assert "${{" not in install["run"] + gate["run"]


def test_the_gitlab_job_writes_its_reports(pull_request: tuple[Path, str]) -> None:
    """Its script, with the variables that GitLab sets."""
    work, base = pull_request
    git(work, "fetch", "-q", "--depth=1", "origin", base)
    job = yaml.safe_load((CI / "guardlint.gitlab-ci.yml").read_text(encoding="utf-8"))["guardlint"]
    environ = {
        **{name: os.environ[name] for name in ("HOME",) if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        **job["variables"],
    }
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
        cwd=work,
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 1 == done.returncode, done.stdout + done.stderr
    for path in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
        assert (work / path).stat().st_size > 0
