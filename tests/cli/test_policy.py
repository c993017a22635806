"""``guardlint policy``: what policies say together, and what a change of them brings."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    assert failing["configuration"].endswith("claims")
    assert "output rail" in failing["errors"][0]["message"]
    text = guardlint("policy", "diff", "baseline", "customer-facing", *teams)
    assert "1 of 2 configurations would newly fail" in text.out
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
