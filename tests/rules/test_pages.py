"""Every rule has a page, and every case of every page is true: about guardlint, and about NeMo."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.harness.scripted import ScriptedModel, load_rails
from guardlint.lint import rule_pages as harness
from guardlint.rules.registry import all_rules
from guardlint.rules.rule import LoadedRule

FOLDER = Path(__file__).parent


PAGES = {path.stem: harness.parse_page(path) for path in sorted(FOLDER.glob("*.md"))}
CASES = [case for cases in PAGES.values() for case in cases]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    """The id of a rule is the name of its page."""
    rules = {rule.id for rule in all_rules()}
    assert set(PAGES) - rules == set()
    assert rules - set(PAGES) == set()


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_page_holds_a_firing_and_a_passing_case(rule: LoadedRule) -> None:
    """A rule that never fires, or always does, is no rule; one that mends shows what it makes."""
    assert harness.page_problems(rule.id, PAGES[rule.id], fix=rule.rule.fix is not None) == []


def test_a_page_shows_the_mend_of_a_rule_that_mends() -> None:
    """And of no other."""
    fires = harness.Expected("config.yml", 1, None, "error", "some-rule", "")
    firing = harness.Case("some-rule", "it fires", 1, expected=[fires])
    silent = harness.Case("some-rule", "it is silent", 9)
    assert harness.page_problems("some-rule", [firing, silent], fix=False) == []
    (problem,) = harness.page_problems("some-rule", [firing, silent], fix=True)
    assert "no `fixed` block" in problem
    firing.fixed["config.yml"] = b""
    assert harness.page_problems("some-rule", [firing, silent], fix=True) == []
    (problem,) = harness.page_problems("some-rule", [firing, silent], fix=False)
    assert "declares no fix" in problem


def test_no_two_cases_of_a_page_have_one_title() -> None:
    """The title names the case in a failure."""
    titles = [str(case) for case in CASES]
    assert sorted({title for title in titles if titles.count(title) > 1}) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_those_of_the_page(case, tmp_path: Path) -> None:
    """Rule, severity, file, line and words; and nothing besides."""
    harness.write_case(case, tmp_path)
    report, problems = harness.check_case(case, tmp_path)
    assert problems == [], "\n".join(problems)
    if case.nemo is not None:
        verdicts = {"loads": {"yes", "depends"}, "refuses": {"no"}}[case.nemo[0]]
        assert report.configurations[0].loads in verdicts


@pytest.mark.parametrize("case", [case for case in CASES if case.fixed], ids=str)
def test_the_mended_files_are_those_of_the_page(case, tmp_path: Path) -> None:
    """Unsafe fixes included; nothing else is touched, and no fix is proposed that does not prove right."""
    harness.write_case(case, tmp_path)
    mended, problems = harness.mend_case(case, tmp_path)
    assert problems == [], "\n".join(problems)
    assert mended.refused == []


@pytest.mark.parametrize("case", [case for case in CASES if case.nemo], ids=str)
def test_nemo_does_what_the_page_says(case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NeMo: loads` and `NeMo: refuses` are asked of NeMo itself."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    root = harness.write_case(case, tmp_path)
    verdict, part = case.nemo
    if verdict == "refuses":
        with pytest.raises(ConfigError) as caught:
            load_rails(root, ScriptedModel())
        assert part in str(caught.value)
    else:
        load_rails(root, ScriptedModel())
