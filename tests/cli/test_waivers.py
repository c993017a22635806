"""One waiver, seen by everything: check and its outputs, the gate, compile, and the list for its owner."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from guardlint.resources import resource_dir

TODAY = datetime.now(UTC).date()
CONFIG = """\
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
portal: {colour: blue}
"""
WAIVERS = """\
schema: guardlint/waiver/v1
waivers:
  - id: portal-keys
    rule: unknown-key
    team: claims
    configuration: bot
    path: portal
    reason: read by the portal
    owner: claims@example.com
    approver: governance@example.com
    ticket: CLAIM-7
    approved: {approved}
    expires: {expires}
"""


def expiring(central: Path, expires: date) -> None:
    (central / "policies" / "waivers").mkdir(exist_ok=True)
    (central / "policies" / "waivers" / "claims.yml").write_text(
        WAIVERS.format(approved=TODAY - timedelta(days=60), expires=expires)
    )


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A central repository whose waiver has time, and a team's git repository with what it lifts."""
    central, team = tmp_path / "standards", tmp_path / "team"
    (central / "policies").mkdir(parents=True)
    expiring(central, TODAY + timedelta(days=90))
    (team / "bot").mkdir(parents=True)
    (team / "bot" / "config.yml").write_text(CONFIG)
    (team / "guardlint.yml").write_text("team: claims\npolicy: baseline\ncentral: {path: ../standards}\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"]):
        subprocess.run(["git", *arguments], cwd=team, check=True)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, "commit", "-q", "-m", "begin"], cwd=team, check=True)
    monkeypatch.chdir(team)
    return central, team


def test_what_is_waived_does_not_fail_and_is_shown(places, guardlint) -> None:
    """In the report for people, with who answers for it and until when."""
    ran = guardlint("check")
    assert 0 == ran.code
    assert "waived[unknown-key]: `portal` is not a key" in ran.out
    assert "= waived by: portal-keys until" in ran.out
    assert "1 waived" in ran.out


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("concise", "waived[unknown-key] `portal` is not a key"),
        ("github", "::notice file=bot/config.yml,line=3,endLine=3,title=guardlint%3A unknown-key (waived)"),
        ("markdown", "| waived by portal-keys until"),
        ("junit", '<skipped message="portal-keys until'),
        ("sarif", '"justification": "portal-keys until'),
        ("gitlab", "Waived by: portal-keys until"),
        ("json", '"waived_by": "portal-keys until'),
    ],
)
def test_no_output_hides_it(places, guardlint, form: str, shown: str) -> None:
    """None calls it an error either."""
    ran = guardlint("check", "--format", form)
    assert 0 == ran.code
    assert shown in ran.out
    assert '"severity": "critical"' not in ran.out


def test_a_waiver_that_ended_lifts_nothing(places, guardlint) -> None:
    """The team's check counts the finding again and says why; the owner's list fails, and names the owner."""
    expiring(places[0], TODAY - timedelta(days=1))
    ran = guardlint("check")
    assert 1 == ran.code
    said = " ".join(ran.out.split())
    assert "the waiver `portal-keys` of claims@example.com does not lift it: it ended on" in said
    listed = guardlint("waivers", "--check")
    assert 1 == listed.code
    assert listed.out.startswith("claims@example.com\n  ✗ ")
    assert "take it out" in listed.out


def test_the_gate_agrees(places, guardlint) -> None:
    """It passes with the waiver; when that has ended, the finding counts although the base has it too."""
    assert 0 == guardlint("gate", "--base", "main").code
    expiring(places[0], TODAY - timedelta(days=1))
    ran = guardlint("gate", "--base", "main")
    assert 1 == ran.code
    assert "error[unknown-key]" in ran.out


def test_a_removed_rail_can_be_waived(places, guardlint) -> None:
    """By the rule's id, as any other finding."""
    central, team = places
    (team / "bot" / "config.yml").write_text(CONFIG + "rails: {input: {flows: [check it]}}\n")
    (team / "bot" / "rails.co").write_text('define subflow check it\n  if "x" in $user_message\n    stop\n')
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "add", "-A"], cwd=team, check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", "rail"], cwd=team, check=True)
    (team / "bot" / "config.yml").write_text(CONFIG)
    (team / "bot" / "rails.co").unlink()
    assert "error[removed-rail]" in guardlint("gate", "--base", "main").out
    text = (central / "policies" / "waivers" / "claims.yml").read_text()
    more = text[text.index("  - id") :].replace("portal-keys", "gone").replace("unknown-key", "removed-rail")
    (central / "policies" / "waivers" / "claims.yml").write_text(
        text + more.replace("path: portal\n    ", "")
    )
    ran = guardlint("gate", "--base", "main")
    assert 0 == ran.code
    assert "waived[removed-rail]" in ran.out


def test_compile_agrees_and_the_manifest_lists_it(places, guardlint) -> None:
    """A bundle says which exceptions are in it, and until when."""
    from guardlint.bundle.container import split, unpack

    ran = guardlint("compile", "bot", "--unsigned", "-o", "bot.glbundle")
    assert 0 == ran.code, ran.err
    assert f"waived   unknown-key until {TODAY + timedelta(days=90)} (portal-keys)" in ran.out
    manifest = json.loads(unpack(split(Path("bot.glbundle").read_bytes())[1])["manifest.json"])
    assert ["portal-keys"] == [waiver["id"] for waiver in manifest["waivers"]]
    expiring(places[0], TODAY - timedelta(days=1))
    assert 1 == guardlint("compile", "bot", "--unsigned", "-o", "bot.glbundle").code


def test_what_is_waived_is_no_baseline_and_is_not_mended(places, guardlint) -> None:
    """A baseline holds what nobody has decided about."""
    guardlint("baseline")
    assert [] == json.loads(Path("guardlint-baseline.json").read_text())["findings"]
    guardlint("check", "--fix", "--unsafe-fixes")
    assert CONFIG == Path("bot/config.yml").read_text()


def test_the_list_is_by_owner_and_says_which_are_unused(places, guardlint) -> None:
    """Where the team's repository is given; without it that cannot be known."""
    central, team = places
    ran = guardlint("waivers", "--check", "--central", central, team)
    assert (0, True) == (ran.code, ran.out.endswith("1 waiver, 0 failing, 0 ending soon\n"))
    (team / "bot" / "config.yml").write_text(CONFIG.replace("portal: {colour: blue}\n", ""))
    ran = guardlint("waivers", "--check", "--central", central, team)
    assert 1 == ran.code
    assert "nothing is found that it would lift: take it out" in ran.out
    assert 0 == guardlint("waivers", "--check", "--central", central).code
    assert 0 == guardlint("waivers", "--central", central, team).code


def test_machines_read_the_list_too(places, guardlint) -> None:
    """As JSON, with the state, the days that are left and the line."""
    data = json.loads(guardlint("waivers", "--format", "json").out)
    schema = json.loads((resource_dir("schemas") / "waiver-list.json").read_text())
    Draft202012Validator(schema).validate(data)
    assert ("guardlint/waivers/v1", TODAY.isoformat()) == (data["schema"], data["today"])
    (waiver,) = data["waivers"]
    assert ("counts", None, 90, 3) == tuple(waiver[name] for name in ("state", "why", "days_left", "line"))


def test_a_policy_limits_how_long(places, guardlint) -> None:
    """A waiver that is for longer than the composed policy allows lifts nothing."""
    central, team = places
    (central / "policies" / "strict").mkdir()
    (central / "policies" / "strict" / "policy.yml").write_text(
        "schema: guardlint/policy/v1\nid: strict\nversion: 1.0.0\ntitle: Strict\nowner: o@example.com\n"
        "description: Short exceptions.\nextends: [baseline@1]\nwaivers: {longest_days: 30}\n"
    )
    (team / "guardlint.yml").write_text("team: claims\npolicy: strict\ncentral: {path: ../standards}\n")
    ran = guardlint("check")
    assert 1 == ran.code
    assert "and strict@1.0.0 allows 30" in " ".join(ran.out.split())


def test_a_child_cannot_allow_longer_ones(places, guardlint) -> None:
    """As with everything in a policy."""
    central, _ = places
    for name, parent, days in (("strict", "baseline@1", 30), ("loose", "strict@1", 60)):
        (central / "policies" / name).mkdir()
        (central / "policies" / name / "policy.yml").write_text(
            f"schema: guardlint/policy/v1\nid: {name}\nversion: 1.0.0\ntitle: T\nowner: o@example.com\n"
            f"description: D.\nextends: [{parent}]\nwaivers: {{longest_days: {days}}}\n"
        )
    ran = guardlint("check", "--policy", "loose")
    assert 2 == ran.code
    assert "waivers.longest_days is 30 there and 60 here" in ran.err
