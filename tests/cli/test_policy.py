"""``guardlint policy``: what policies say together, and what a change of them brings."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from guardlint.policy.central import Central
from guardlint.resources import resource_dir

Run = Callable[..., Any]

CONFIG = """\
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
rails:
  input:
    flows: [self check input]
prompts:
  - task: self_check_input
    content: "Should this be blocked (yes or no)? {{ user_input }}"
"""


def valid(kind: str, data: Any) -> None:
    schema = json.loads((resource_dir("schemas") / f"{kind}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)


@pytest.mark.parametrize("name", Central.open().policies())
def test_show_names_the_origin_of_every_line(name: str, guardlint: Run) -> None:
    """Policy, file and line, and at that line of the file stands what is shown."""
    data = json.loads(guardlint("policy", "show", name, "--format", "json").out)
    valid("composed-policy", data)
    for line in data["lines"]:
        stands = Path(line["file"]).read_text(encoding="utf-8").splitlines()[line["line"] - 1]
        wanted = "not_waivable" if line["section"] == "not_waivable" else line["id"]
        assert wanted in stands or line["id"] in stands, (line["section"], line["id"], stands)
        assert line["policy"].split("@")[0] in line["file"]
    text = guardlint("policy", "show", name).out
    assert all(f"  {line['id']}" in text for line in data["lines"])


def test_show_says_what_is_wrong(guardlint: Run) -> None:
    """An unknown policy, with the one that was meant, and exit code 2."""
    result = guardlint("policy", "show", "basline")
    assert (2, True) == (result.code, "did you mean 'baseline'" in result.err)


def test_list_says_which_tier_has_which_policy(guardlint: Run) -> None:
    """For people and for machines."""
    listed = json.loads(guardlint("policy", "list", "--format", "json").out)["policies"]
    assert {"regulated-advice": ["regulated-advice"]}.items() <= {p["id"]: p["tiers"] for p in listed}.items()
    assert "baseline@1.0.0" in guardlint("policy", "list").out


def test_diff_says_what_gets_stricter_and_looser(guardlint: Run) -> None:
    """One way and the other, with both places."""
    data = json.loads(guardlint("policy", "diff", "baseline", "customer-facing", "--format", "json").out)
    valid("policy-difference", data)
    assert data["teams"] is None
    assert {"stricter", "different"} == {change["way"] for change in data["changes"]}
    back = json.loads(guardlint("policy", "diff", "customer-facing", "baseline", "--format", "json").out)
    assert {"looser", "different"} == {change["way"] for change in back["changes"]}
    assert (
        "- require: check-before-stream  (looser)"
        in guardlint("policy", "diff", "customer-facing", "baseline").out
    )
    assert "no difference" in guardlint("policy", "diff", "baseline", "baseline").out


def test_diff_checks_the_teams(tmp_path: Path, guardlint: Run) -> None:
    """The configuration that would newly fail is named with its errors; one that fails already is not."""
    for team, config in {"claims": CONFIG, "cards": CONFIG.replace("openai", "nobodys")}.items():
        (tmp_path / team).mkdir()
        (tmp_path / team / "config.yml").write_text(config)
    teams = [part for team in ("claims", "cards") for part in ("--teams", str(tmp_path / team))]
    result = guardlint("policy", "diff", "baseline", "customer-facing", *teams, "--format", "json")
    data = json.loads(result.out)
    valid("policy-difference", data)
    assert (1, 2) == (result.code, data["teams"]["checked"])
    ((failing),) = data["teams"]["newly_failing"]
    ((already),) = data["teams"]["already_failing"]
    assert already.endswith("cards")
    assert failing["configuration"].endswith("claims")
    assert "output rail" in failing["errors"][0]["message"]
    text = guardlint("policy", "diff", "baseline", "customer-facing", *teams)
    assert "1 of 2 configurations would newly fail" in text.out
    assert "1 fail under baseline@1.0.0 already: " in text.out
    back = guardlint("policy", "diff", "customer-facing", "baseline", *teams)
    assert (0, True) == (back.code, "0 of 2 configurations would newly fail" in back.out)


def test_diff_of_two_versions_of_a_central_repository(tmp_path: Path, guardlint: Run) -> None:
    """The same policy in two folders."""
    for version, seconds in (("old", 9), ("new", 5)):
        home = tmp_path / version / "policies" / "ours"
        home.mkdir(parents=True)
        (home / "policy.yml").write_text(
            "schema: guardlint/policy/v1\nid: ours\nversion: 1.0.0\ntitle: t\nowner: o\ndescription: d\n"
            f"runtime: {{timeout_seconds: {seconds}}}\n"
        )
    folders = "--central", str(tmp_path / "old"), "--against", str(tmp_path / "new")
    assert (
        "+ runtime: timeout_seconds  (stricter)" in guardlint("policy", "diff", "ours", "ours", *folders).out
    )


NEW = """\
schema: guardlint/policy/v1
id: ours
version: {version}
title: t
owner: o
description: d
{more}
"""
REQUIRED = """\
require:
  - {id: own-rail, reason: because, controls: ["LLM05:2025"], enforced_by: configuration,
     direction: output, rail: self check output}
"""
WAIVER = """\
schema: guardlint/waiver/v1
waivers:
  - {{id: later, rule: own-rail, team: claims, configuration: bot, reason: until the judge is there,
     owner: a@example.com, approver: b@example.com, ticket: T-1, approved: {today}, expires: {later}}}
"""


def test_diff_of_two_tags_with_the_waivers_of_each(tmp_path: Path, guardlint: Run) -> None:
    """A tag is fetched for the comparison, its places bear its name, and what is waived does not fail."""
    standard, team = tmp_path / "standard", tmp_path / "claims"
    (standard / "policies" / "ours").mkdir(parents=True)
    (team / "bot").mkdir(parents=True)
    (team / "bot" / "config.yml").write_text(CONFIG)
    (team / "guardlint.yml").write_text("team: claims\n")
    today = datetime.now(UTC).date()
    waiver = WAIVER.format(today=today, later=today + timedelta(days=30))
    versions = {"1.0.0": ("", ""), "1.1.0": (REQUIRED, ""), "1.2.0": (REQUIRED, waiver)}
    git(standard, "init", "-q", "-b", "main")
    for version, (more, waived) in versions.items():
        (standard / "policies" / "ours" / "policy.yml").write_text(NEW.format(version=version, more=more))
        if waived:
            (standard / "policies" / "waivers").mkdir()
            (standard / "policies" / "waivers" / "claims.yml").write_text(waived)
        git(standard, "add", "-A")
        git(standard, "commit", "-qm", version)
        git(standard, "tag", f"v{version}")
    where = standard.as_posix()
    command = ("policy", "diff", "ours", "ours", "--central", f"{where}@v1.0.0", "--teams", str(team))
    failing = guardlint(*command, "--against", f"{where}@v1.1.0")
    assert 1 == failing.code
    assert f"{where}@v1.1.0/policies/ours/policy.yml:8" in failing.out
    assert "no output rail 'self check output' runs" in failing.out
    waived_now = guardlint(*command, "--against", f"{where}@v1.2.0")
    assert (0, True) == (waived_now.code, "0 of 1 configurations would newly fail" in waived_now.out)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
