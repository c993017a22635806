"""A company's rules run where they are named, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.lint.check import select_rules
from guardlint.lint.targets import find_targets
from guardlint.rules.registry import all_rules, company_rules

CONFIG = "models: []\nrails:\n  output: {flows: [limit missing]}\n"
FLOW = "define subflow limit missing\n  $checked = True\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """An installed package of rules: what ``guardlint new-rule`` writes, and its entry point."""

    def make(name: str = "acme_rules", value: str | None = None) -> Path:
        from guardlint.cli._commands import main

        folder = tmp_path / "site"
        assert 0 == main(["new-rule", "retail", "limit-missing", "--into", str(folder / name)])
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[guardlint.rules]\n{name} = {value or name}\n", encoding="utf-8"
        )
        monkeypatch.syspath_prepend(str(folder))
        return folder / name

    yield make
    for name in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[name]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    (root / "bot").mkdir(parents=True)
    (root / "bot" / "config.yml").write_text(CONFIG, encoding="utf-8")
    (root / "bot" / "a.co").write_text(FLOW, encoding="utf-8")
    return root


def test_it_runs_where_the_team_file_names_it(package: Callable[..., Path], team: Path) -> None:
    """Beside guardlint's own; its id can be switched off and suppressed."""
    package()
    (team / "guardlint.yml").write_text("team: cards\nrules: [acme_rules]\n", encoding="utf-8")
    found = find_targets([team / "bot"])
    assert ([], ["limit-missing"]) == (found.problems, [rule.id for rule in found.company_rules])
    assert {"limit-missing"} == {rule.id for rule in select_rules(company=found.company_rules)} - {
        rule.id for rule in all_rules()
    }
    off = "team: cards\nrules: [acme_rules]\ndisable: {limit-missing: not yet}\n"
    (team / "guardlint.yml").write_text(off, encoding="utf-8")
    assert {"limit-missing": "not yet"} == find_targets([team / "bot"]).disabled


def test_without_the_name_nothing_is_imported(package: Callable[..., Path], team: Path) -> None:
    """Installed is not enough."""
    package()
    assert () == find_targets([team / "bot"]).company_rules
    assert "acme_rules" not in sys.modules


def test_the_command_finds_what_the_rule_says(
    package: Callable[..., Path], team: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every format, SARIF among them."""
    from guardlint.cli._commands import main

    package()
    capsys.readouterr()
    for form in ("text", "sarif", "json", "github"):
        code = main(["check", str(team / "bot"), "--rules", "acme_rules", "--format", form])
        assert (0, True) == (code, "limit-missing" in capsys.readouterr().out)
    assert 2 == main(["check", str(team / "bot"), "--rules", "acme_rule"])
    assert "did you mean `acme_rules`?" in capsys.readouterr().err


def test_a_suppression_may_name_it(package: Callable[..., Path], team: Path) -> None:
    """It is no unknown rule."""
    from guardlint.lint.check import check

    package()
    text = CONFIG.rstrip() + " # guardlint: allow[limit-missing] -- CARD-7\n"
    (team / "bot" / "config.yml").write_text(text, encoding="utf-8")
    found = find_targets([team / "bot"], packages=["acme_rules"])
    report = check(found.targets, select_rules(company=found.company_rules))
    assert [] == [item.rule for item in report.findings if item.counts and "suppression" in item.rule]
    assert ["limit-missing"] == [item.rule for item in report.findings if item.suppression]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("raise RuntimeError('no')", "cannot be imported: RuntimeError: no"),
        ("RULE = None", "cannot be imported: AttributeError"),
    ],
)
def test_a_broken_package_is_one_line(package: Callable[..., Path], change: str, says: str) -> None:
    """With its name."""
    module = package() / "retail" / "limit_missing.py"
    module.write_text(f"{change}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        company_rules(["acme_rules"])


def test_an_id_that_is_taken_is_refused(package: Callable[..., Path]) -> None:
    """Two rules of one name could not be told apart."""
    folder = package() / "retail"
    (folder / "limit_missing.py").rename(folder / "unknown_key.py")
    with pytest.raises(ConfigError, match="`unknown-key` of `acme_rules` is taken"):
        company_rules(["acme_rules"])


def test_what_new_rule_writes_passes_its_own_test(package: Callable[..., Path]) -> None:
    """As the page promises: pytest, in the company's repository."""
    folder = package().parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_in_a_checkout_the_two_files_are_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Family and id say where they go; nothing is overwritten."""
    from guardlint.cli._commands import main

    monkeypatch.chdir(tmp_path)
    assert 2 == main(["new-rule", "prompts", "vague-question"])
    (tmp_path / "guardlint" / "rules").mkdir(parents=True)
    (tmp_path / "guardlint" / "rules" / "registry.py").touch()
    assert 0 == main(["new-rule", "prompts", "vague-question"])
    assert (tmp_path / "guardlint" / "rules" / "prompts" / "vague_question.py").is_file()
    assert (tmp_path / "tests" / "rules" / "vague-question.md").is_file()
    assert 2 == main(["new-rule", "prompts", "vague-question"])
    assert 2 == main(["new-rule", "prompts", "Vague"])
    assert 2 == main(["new-rule", "structure", "unknown-key"])
