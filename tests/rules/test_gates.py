"""What a family says of its silent rules is true: a rule that is left out would have found nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from guardlint.lint import rule_pages as harness
from guardlint.lint.check import read_target
from guardlint.lint.targets import find_targets
from guardlint.rules.registry import all_rules, concerned
from guardlint.rules.rule import Project
from guardlint.rules.spoken import speaks_of

FOLDER = Path(__file__).parent
PAGES = {path.stem: harness.parse_page(path) for path in sorted(FOLDER.glob("*.md"))}
EXAMPLES = FOLDER.parents[1] / "examples"


@pytest.mark.parametrize("page", PAGES)
def test_who_is_left_out_has_nothing_to_say(page: str, tmp_path: Path) -> None:
    """For every configuration of every page, whichever rule it was written for."""
    for case in PAGES[page]:
        root = harness.write_case(case, tmp_path)
        for target in find_targets([root]).targets:
            project = Project(read_target(target), target.policy)
            asked = {rule.id for rule in concerned(all_rules(), project)}
            for rule in all_rules():
                if rule.id not in asked and rule.family not in ("gate", "policy"):
                    assert list(rule.check(project)) == [], f"{case}: {rule.id}"
        shutil.rmtree(root)


def test_most_rules_are_left_out_of_a_small_configuration(tmp_path: Path) -> None:
    """And they are not imported, which is most of what a check of one directory takes."""
    (tmp_path / "config.yml").write_text("models:\n  - type: main\n    engine: openai\n    model: gpt-4o\n")
    (target,) = find_targets([tmp_path]).targets
    asked = {rule.id for rule in concerned(all_rules(), Project(read_target(target)))}
    assert len(asked) < len(all_rules()) / 3
    assert {"does-not-load", "secret-in-clear", "unknown-key"} <= asked


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("rails:\n  config:\n    Sensitive_Data: {}\n", True),
        ('rails:\n  config:\n    "\\x73ensitive": {}\n', True),
        ("rails: {}\n", False),
    ],
)
def test_a_word_is_found_however_it_is_spelt(text: str, speaks: bool, tmp_path: Path) -> None:
    """In capitals, and in YAML's escapes."""
    (tmp_path / "config.yml").write_text("models: []\n" + text)
    (target,) = find_targets([tmp_path]).targets
    assert speaks_of(Project(read_target(target)), "sensitive") is speaks
