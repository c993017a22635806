"""What is known stays known when files move, and nothing else does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from guardlint.errors import ConfigError
from guardlint.lint.baseline import BASELINE_FILE, baseline_of, find_baseline, read_baseline, with_baseline
from guardlint.lint.check import Target, check
from guardlint.lint.finding import Report

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "baseline.json").read_text(encoding="utf-8"))
CONFIG = "models: []\nrail: {}\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one configuration that has one fault."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "config.yml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(root: Path) -> Report:
    return check([Target(root / "bot")])


def left(root: Path) -> list[tuple[str, str]]:
    found = with_baseline(report(root), read_baseline(root / BASELINE_FILE))
    return [(item.rule, item.message) for item in found.findings if item.counts]


def write(root: Path) -> None:
    (root / BASELINE_FILE).write_text(baseline_of(report(root)), encoding="utf-8")


def test_the_file_fits_its_schema(repo: Path) -> None:
    """With findings and without."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    data = json.loads(baseline_of(report(repo)))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert ["unknown-key"] == [entry["rule"] for entry in data["findings"]]
    assert "bot" == data["findings"][0]["configuration"]
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(baseline_of(Report((), (), {}))))


def test_what_is_known_does_not_count(repo: Path) -> None:
    """From any working directory."""
    write(repo)
    assert [] == left(repo)


def test_from_another_directory(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint is the same."""
    write(repo)
    monkeypatch.chdir(repo / "bot")
    assert [] == left(repo)


def test_moved_lines_and_renamed_files(repo: Path) -> None:
    """The fault is still the known one."""
    write(repo)
    (repo / "bot" / "config.yml").unlink()
    (repo / "bot" / "main.yaml").write_text(f"# ours\n\n\n{CONFIG}", encoding="utf-8")
    assert [] == left(repo)


def test_a_new_fault_counts(repo: Path) -> None:
    """Beside the known one, and of the same rule."""
    write(repo)
    (repo / "bot" / "config.yml").write_text(f"{CONFIG}prompt: []\n", encoding="utf-8")
    assert ["unknown-key"] == [rule for rule, _ in left(repo)]


def test_a_mended_fault_leaves_a_stale_entry(repo: Path) -> None:
    """At its line of the baseline."""
    write(repo)
    (repo / "bot" / "config.yml").write_text("models: []\n", encoding="utf-8")
    [(rule, message)] = left(repo)
    assert ("stale-baseline", True) == (rule, message.startswith("`unknown-key` is not found any more"))


def test_what_was_not_checked_is_not_stale(repo: Path) -> None:
    """Another configuration, which is there and not part of this run."""
    write(repo)
    (repo / "other").mkdir()
    (repo / "other" / "config.yml").write_text("models: []\n", encoding="utf-8")
    found = with_baseline(check([Target(repo / "other")]), read_baseline(repo / BASELINE_FILE))
    assert () == found.findings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("[]", "is no baseline"),
        ('{"schema": "guardlint/baseline/v9", "findings": []}', "is no baseline"),
        ('{"schema": "guardlint/baseline/v1", "findings": [{}]}', "no finding"),
    ],
)
def test_a_broken_baseline_is_refused(repo: Path, text: str, says: str) -> None:
    """In one line, with the mend."""
    (repo / BASELINE_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_baseline(repo / BASELINE_FILE)


def test_it_is_found_up_to_the_top_of_the_repository(repo: Path) -> None:
    """And not above."""
    assert find_baseline(repo / "bot") is None
    (repo / BASELINE_FILE).touch()
    assert repo / BASELINE_FILE == find_baseline(repo / "bot")
    (repo / "bot" / ".git").mkdir()
    assert find_baseline(repo / "bot") is None


def test_the_command_writes_and_the_check_heeds(repo: Path, run: Callable[..., tuple[int, str]]) -> None:
    """An auditor sees everything."""
    assert 1 == run("check", "bot")[0]
    code, out = run("baseline", "bot")
    assert (0, f"1 finding written to {BASELINE_FILE}\n") == (code, out)
    code, out = run("check", "bot")
    assert (0, True) == (code, "1 suppressed" in out)
    assert 1 == run("check", "bot", "--no-suppressions")[0]
    # Written anew over the old one, which is not heeded.
    assert run("baseline", "bot")[1].startswith("1 finding written")
    assert 2 == run("check", "bot", "--no-suppressions", "--baseline", BASELINE_FILE)[0]
    assert 2 == run("check", "bot", "--baseline", "nowhere.json")[0]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    from guardlint.cli.main import _main

    def ran(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = _main(list(arguments))
        return code, capsys.readouterr().out

    return ran
