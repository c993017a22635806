"""Every format is read back by something that knows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import junitparser
import pytest
from sarif_pydantic import Sarif

from guardlint.cli import _outputs
from guardlint.lint.check import Target, check
from guardlint.lint.finding import Finding, Report, Suppression
from guardlint.report.formats import FORMATS, render
from guardlint.report.github import MOST_PER_KIND
from guardlint.rules.rule import Fix
from guardlint.source.edits import Edit
from guardlint.source.place import Place

ROOT = Path(__file__).parents[2]
HOSTILE = "a|b\n<img src=x> @team `code` %0A::error::x \x1b[31m\x00 é😀"


@pytest.fixture(scope="module")
def broken() -> Report:
    """The broken example; one finding has a fix, one is suppressed, one says hostile things."""
    report = check([Target(ROOT / "examples" / "claims-and-cards" / "broken")])
    findings = list(report.findings)
    place = findings[0].place
    fix = Fix("rename it", (Edit(place, "new"), Edit.insert(place.file, 1, 1, "# x\n")), safe=False)
    findings[0] = replace(findings[0], fix=fix)
    why = Suppression("comment", "CARD-7: known", "2027-03-31", Place.at(place.file, 3, 5, 10))
    findings[1] = replace(findings[1], suppression=why)
    findings[2] = replace(findings[2], message=HOSTILE, severity="warning")
    return replace(report, findings=tuple(findings))


def many(report: Report, count: int) -> Report:
    return replace(report, findings=tuple([report.findings[0]] * count))


def test_the_command_line_names_every_format() -> None:
    """The two lists are one."""
    assert _outputs.FORMATS == FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_one_report_gives_one_text(broken: Report, name: str) -> None:
    """Nothing of the time or the machine is in it, and no secret escape sequence."""
    text = render(name, broken)
    assert text == render(name, broken)
    assert text.endswith("\n")
    if name != "json":
        assert str(ROOT) not in text or name == "sarif"


def test_sarif_is_what_its_models_read(broken: Report) -> None:
    """Rules, places, related places, fixes, fingerprints and suppressions."""
    data = json.loads(render("sarif", broken))
    run = Sarif.model_validate(data).runs[0]
    assert len(broken.findings) == len(run.results)
    [raw] = data["runs"]
    rules = raw["tool"]["driver"]["rules"]
    for result, finding in zip(raw["results"], broken.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        assert {"guardlint/v1": finding.fingerprint} == result["partialFingerprints"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (finding.place.line, finding.place.column) == (region["startLine"], region["startColumn"])
        assert len(finding.related) == len(result.get("relatedLocations", []))
    fix = raw["results"][0]["fixes"][0]
    assert "rename it (changes what runs)" == fix["description"]["text"]
    assert 2 == len(fix["artifactChanges"][0]["replacements"])
    [suppression] = raw["results"][1]["suppressions"]
    assert ("inSource", "CARD-7: known (until 2027-03-31)") == (
        suppression["kind"],
        suppression["justification"],
    )
    assert [] == raw["results"][2]["suppressions"]


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as the runner of GitHub Actions reads them."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
        assert match is not None, line
        properties = dict(item.split("=", 1) for item in match[2].split(","))
        for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            properties = {name: value.replace(code, sign) for name, value in properties.items()}
        message = match[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        found.append((match[1], properties, message))
    return found


def test_annotations_say_what_was_found_and_no_more(broken: Report) -> None:
    """One command a finding, nothing of a team's text is a command; what is suppressed is not annotated."""
    found = commands(render("github", broken))
    assert len(broken.findings) - 1 == len(found)
    assert ["error"] * 7 + ["warning"] == [kind for kind, _, _ in found]
    assert found[-1][2].startswith(HOSTILE)
    assert broken.findings[2].place.file == found[-1][1]["file"]


def test_annotations_stop_where_github_stops_reading(broken: Report) -> None:
    """The last one that it shows counts the rest."""
    found = commands(render("github", many(broken, MOST_PER_KIND)))
    assert MOST_PER_KIND == len(found)
    assert all("more" not in properties["title"] for _, properties, _ in found)
    lines = render("github", many(broken, 25)).splitlines()
    assert MOST_PER_KIND == len(lines)
    assert "16 more errors" in lines[-1]


def test_gitlab_gets_issues_of_its_own_shape(broken: Report) -> None:
    """Every key that its documentation asks for; two findings never share a fingerprint."""
    issues = json.loads(render("gitlab", replace(broken, findings=broken.findings + broken.findings)))
    assert 2 * (len(broken.findings) - 1) == len(issues)
    assert len(issues) == len({issue["fingerprint"] for issue in issues})
    for issue in issues:
        assert issue["description"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith("./")


def test_junit_counts_agree(broken: Report, tmp_path: Path) -> None:
    """Failures, what is skipped and why; control characters do not break the file."""
    path = tmp_path / "junit.xml"
    path.write_text(render("junit", broken), encoding="utf-8")
    suites = junitparser.JUnitXml.fromfile(str(path))
    assert (9, 8, 1) == (suites.tests, suites.failures, suites.skipped)
    [suite] = suites
    assert {found.rule for found in broken.findings} == {case.name.split(" at ")[0] for case in suite}


def test_a_clean_configuration_is_a_test_that_passes(tmp_path: Path) -> None:
    """An empty file would look like a run that never was."""
    path = tmp_path / "junit.xml"
    report = check([Target(ROOT / "examples" / "claims-and-cards" / "mended")])
    path.write_text(render("junit", replace(report, findings=())), encoding="utf-8")
    suites = junitparser.JUnitXml.fromfile(str(path))
    assert (1, 0) == (suites.tests, suites.failures)


def test_markdown_holds_no_markup_of_a_team(broken: Report) -> None:
    """A cell stays a cell, nobody is mentioned, no image is loaded."""
    text = render("markdown", broken)
    [row] = [line for line in text.splitlines() if "img src" in line]
    assert r"a\|b \<img src=x\> \@team `code`" in row
    assert 7 == len(re.findall(r"(?<!\\)\|", row)) + 1
    assert "<details><summary>1 that do not count</summary>" in text


def test_concise_is_one_line_each(broken: Report) -> None:
    """What is suppressed is left out."""
    found: list[Finding] = [item for item in broken.findings if item.counts]
    lines = render("concise", broken).split("\n")
    assert str(found[0].place) in lines[0]
    assert f"error[{found[0].rule}]" in lines[0]


CANARY = "sk-" + "canary7" * 4
CONFIGURATION = f"""\
models:
  - type: main
    engine: openai
    model: gpt-4o-mini
    api_key: {CANARY}
    parameters: {{api_base: "https://user:{CANARY}@example.org/v1", token: canary7-q9w8e7r6}}
  - type: "judge {CANARY}"
    engine: "openai {CANARY}"
    model: m
rails:
  input:
    flows: [check it, "{CANARY}", "self check input $model={CANARY}"]
    {CANARY}: 1
  outputs: {{password: canary7-w9x8y7}}
  config:
    regex_detection: {{input: {{patterns: ["(api_key={CANARY}", "{CANARY}+*"]}}}}
prompts:
  - task: "{CANARY}"
    content: "{{{{ user_input | {CANARY} }}}} token: canary7-q9w8e7r6"
custom_data:
  access_token:
    canary7-q9w8e7r6t5
"""
FLOWS = f"""\
define flow check it
  $ok = execute check_text(token="canary7-q9w8e7r6")
  if $ok == "{CANARY}"
    bot refuse {CANARY}
    stop
"""
ACTIONS = f"""\
import os
from nemoguardrails.actions import action

os.environ["CARDS_API_KEY"] = "canary7-q9w8e7r6"


@action(name="check it {CANARY}")
async def check_it(api_key: str = "canary7-q9w8e7r6"):
    return True
"""


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_shows_a_secret(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands and whichever rule speaks of its line: messages, frames, paths, fixes."""
    monkeypatch.chdir(tmp_path)
    for file, text in (("config.yml", CONFIGURATION), ("rails.co", FLOWS), ("actions.py", ACTIONS)):
        (tmp_path / file).write_text(text)
    report = check([Target(tmp_path)])
    assert len(report.findings) > 10
    text = render(name, report)
    assert "canary7" not in text, [line for line in text.split("\n") if "canary7" in line]
