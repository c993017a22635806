"""What a change does not touch is left alone, and nothing else; and the base is read as the work tree is."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from guardlint.lint import rule_pages, unchanged
from guardlint.lint.check import Target
from guardlint.lint.gate import compare, examine
from guardlint.lint.unchanged import unchanged as left_alone

PAGES = Path(__file__).parents[1] / "rules"
GOOD = "models: []\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository's folder with three configurations."""
    (tmp_path / ".git").mkdir()
    for name in ("bot", "apps/claims", "apps/cards"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.yml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def same(top: Path, *changed: str) -> list[str]:
    targets = [Target(top / name) for name in ("apps/cards", "apps/claims", "bot")]
    found = left_alone(targets, frozenset(changed), top)
    return sorted(root.relative_to(top).as_posix() for root in found)


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ((), ["apps/cards", "apps/claims", "bot"]),
        (("bot/config.yml",), ["apps/cards", "apps/claims"]),
        (("bot/flows/deep/rails.co",), ["apps/cards", "apps/claims"]),
        (("src/portal/main.py",), ["apps/cards", "apps/claims", "bot"]),
        # What lies in a folder above may say which NeMo is installed, or what is ignored.
        (("README.md",), []),
        (("apps/.railsignore",), ["bot"]),
        (("requirements/prod.lock",), []),
        ((".github/workflows/ci.yml",), []),
        (("shared/constraints.txt",), []),
        # A folder that git does not know.
        (("bot/",), ["apps/cards", "apps/claims"]),
        (("apps/",), ["bot"]),
    ],
)
def test_what_a_change_touches(top: Path, changed: tuple[str, ...], kept: list[str]) -> None:
    """By the paths alone."""
    assert kept == same(top, *changed)


def test_what_is_imported_or_linked_may_have_changed(top: Path) -> None:
    """From another folder of the repository; NeMo's own library is the same in both states."""
    (top / "bot" / "main.co").write_text("import core\nimport guardrails\n", encoding="utf-8")
    assert "bot" in same(top, "apps/claims/config.yml")
    assert "bot" not in same(top, "apps/claims/core.co")
    (top / "shared").mkdir()
    (top / "bot" / "main.co").write_text("import core\nimport shared\n", encoding="utf-8")
    assert "bot" not in same(top, "apps/claims/config.yml")
    (top / "bot" / "main.co").unlink()
    (top / "bot" / "config.yml").write_text("import_paths: [../apps/claims]\n", encoding="utf-8")
    assert "bot" not in same(top, "apps/claims/config.yml")
    (top / "bot" / "config.yml").write_text(GOOD, encoding="utf-8")
    assert "bot" in same(top, "apps/claims/config.yml")
    (top / "bot" / "prompts.yml").symlink_to(top / "apps" / "claims" / "config.yml")
    assert "bot" not in same(top, "apps/claims/config.yml")


def test_the_base_says_what_the_work_tree_says(
    tmp_path: Path, guardlint: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that a check reads is there on both sides: one case of every rule, and nothing is new."""
    root = tmp_path / "repo"
    for number, page in enumerate(sorted(PAGES.glob("*.md"))):
        cases = [
            case for case in rule_pages.parse_page(page) if not (case.policy or case.base or case.central)
        ]
        for name, data in cases[0].files.items() if cases else ():
            path = root / "apps" / f"{number}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "-A", "-f"), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *arguments], cwd=root, env=environ, check=True)
    monkeypatch.chdir(root)
    out = tmp_path / "gate.json"
    with patch.object(unchanged, "unchanged", lambda *_: frozenset()), contextlib.suppress(SystemExit):
        guardlint("gate", "--base", "HEAD", "--output", f"json={out}")
    found = json.loads(out.read_text(encoding="utf-8"))["findings"]
    assert [] == [f"{item['file']}: {item['message']}" for item in found if not item["suppressed"]]


def test_a_renamed_section_is_one_finding(tmp_path: Path) -> None:
    """The error that says why the rails are not read; suppressed, the rails are said to be gone."""
    rails = "rails:\n  input: {flows: [check a, check b]}\n  output: {flows: [check a]}\n"
    flows = "".join(f"define subflow check {name}\n  stop\n\n" for name in "ab")
    for side, text in (("base", rails), ("head", rails.replace("rails:", "rail:"))):
        (tmp_path / side).mkdir()
        (tmp_path / side / "config.yml").write_text(GOOD + text, encoding="utf-8")
        (tmp_path / side / "rails.co").write_text(flows, encoding="utf-8")

    def judged() -> list[str]:
        from guardlint.lint.check import select_rules

        sides = [
            examine([Target(tmp_path / side, identity="bot")], select_rules(), rule_pages.TODAY)
            for side in ("base", "head")
        ]
        found = compare(*sides)
        assert 3 == found.removed
        return [item.rule for item in found.report.findings if item.counts]

    assert ["unknown-key"] == judged()
    path = tmp_path / "head" / "config.yml"
    quiet = "rail: # guardlint: allow[unknown-key] -- CARD-7\n"
    path.write_text(path.read_text(encoding="utf-8").replace("rail:\n", quiet), encoding="utf-8")
    assert ["removed-rail"] == judged()
