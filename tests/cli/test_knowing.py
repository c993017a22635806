"""The commands that tell rather than do: rules, explain, schema, completion, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from guardlint.cli._diagnosis import diagnose
from guardlint.cli._outputs import coloured
from guardlint.resources import rule_pages_dir
from guardlint.rules.registry import all_rules, rule_ids

ROOT = Path(__file__).parents[2]
MENDED = ROOT / "examples" / "claims-and-cards" / "mended"


def test_every_rule_is_listed_once(guardlint: Callable[..., Any]) -> None:
    """With its family, for people and for machines."""
    data = json.loads(guardlint("rules", "--format", "json").out)
    assert list(rule_ids()) == [rule["id"] for rule in data["rules"]]
    assert all(rule["title"] and rule["documentation"] for rule in data["rules"])
    text = guardlint("rules").out
    assert all(f"  {name} " in text for name in rule_ids())
    only = json.loads(guardlint("rules", "--family", "pii", "--format", "json").out)
    assert {"pii"} == {rule["family"] for rule in only["rules"]}
    assert 2 == guardlint("rules", "--family", "pi").code


def test_every_rule_is_explained(guardlint: Callable[..., Any]) -> None:
    """What it does, why, how to mend; a case that is reported and one that is not."""
    for rule in all_rules():
        text = guardlint("explain", rule.id).out
        assert rule.title in text
        for part in ("What it does", "Why it matters", "How to fix", "Reported: ", "Not reported: "):
            assert part in text, (rule.id, part)
        assert "```" not in text
    assert (rule_pages_dir() / "unknown-key.md").read_text(encoding="utf-8") == guardlint(
        "explain", "unknown_key", "--format", "markdown"
    ).out


def test_a_misspelt_rule_is_understood(guardlint: Callable[..., Any]) -> None:
    """And exit code 2."""
    ran = guardlint("explain", "unknown-kye")
    assert (2, True) == (ran.code, "did you mean `unknown-key`?" in ran.err)


def test_schemas_are_printed_whole(guardlint: Callable[..., Any]) -> None:
    """Each is one, and NeMo's own takes the example that loads."""
    lines = guardlint("schema").out.splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert {"config", "team", "policy", "rail", "waiver", "baseline"} <= set(names)
    for name in names:
        jsonschema.Draft202012Validator.check_schema(json.loads(guardlint("schema", name).out))
    old = json.loads(guardlint("schema", "config", "--nemo", "0.17").out)
    assert "urn:guardlint:nemo:0.17.0" == old["$id"]
    assert 2 == guardlint("schema", "team", "--nemo", "0.17").code
    ran = guardlint("schema", "polcy")
    assert (2, True) == (ran.code, "did you mean `policy`?" in ran.err)
    settings = json.loads(guardlint("schema", "--vscode").out)
    assert ["guardlint.yml"] == settings["yaml.schemas"][".guardlint/schemas/team.json"]


def test_schemas_are_written_where_an_editor_looks(guardlint: Callable[..., Any], tmp_path: Path) -> None:
    """One file for each that the settings name."""
    into = tmp_path / "made" / "schemas"
    assert f"written to {into.as_posix()}" in guardlint("schema", "--into", into).out
    settings = json.loads(guardlint("schema", "--vscode", "--into", into).out)
    assert all(Path(name).is_file() for name in settings["yaml.schemas"])
    assert "1 schema written" in guardlint("schema", "team", "--into", tmp_path).out


@pytest.mark.parametrize(
    ("words", "meant"),
    [("explain stream-b", "stream-before-check"), ("check --select stream-b", "stream-before-check")],
)
def test_bash_completes_the_names_of_rules(words: str, meant: str) -> None:
    """Where a rule is asked for."""
    assert f"plain,{meant}\n" == _completed(words)


def _completed(words: str) -> str:
    environ = {
        **os.environ,
        "_GUARDLINT_COMPLETE": "bash_complete",
        "COMP_WORDS": f"guardlint {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    program = Path(sys.executable).with_name("guardlint")
    return subprocess.run(
        [program], env=environ, capture_output=True, text=True, check=False, timeout=60
    ).stdout


def test_bash_completes_commands(guardlint: Callable[..., Any]) -> None:
    """What the script asks for is answered."""
    for shell in ("bash", "zsh", "fish"):
        assert "_GUARDLINT_COMPLETE" in guardlint("completion", shell).out
    assert "plain,explain\n" == _completed("exp")


def test_an_unknown_shell_must_be_named(
    guardlint: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the variable says nothing."""
    monkeypatch.setenv("SHELL", "/bin/csh")
    assert 2 == guardlint("completion").code
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert "compdef" in guardlint("completion").out


def test_the_doctor_tells_of_this_machine(guardlint: Callable[..., Any]) -> None:
    """Versions as installed, and the engine of a configuration."""
    ran = guardlint("doctor", MENDED)
    assert 0 == ran.code
    assert "✓ Python " in ran.out
    assert "IORails cannot run `block card credentials` on input" in ran.out
    data = json.loads(guardlint("doctor", "--format", "json").out)
    assert {"ok", "none", "warning", "broken"} >= {fact["state"] for fact in data["facts"]}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "on wherever an application uses NeMo by itself"),
        ({"DO_NOT_TRACK": "1"}, "off, by DO_NOT_TRACK"),
        ({"NEMO_GUARDRAILS_NO_USAGE_STATS": "true"}, "off, by NEMO_GUARDRAILS_NO_USAGE_STATS"),
        ({"CI": "true"}, "off, by CI"),
        ({"DO_NOT_TRACK": "yes"}, "on wherever"),
    ],
)
def test_telemetry_is_judged_as_nemo_does(environ: dict[str, str], says: str, tmp_path: Path) -> None:
    """``nemoguardrails/telemetry.py``: two words switch it off, others do not."""
    [fact] = [fact for fact in diagnose(environ=environ, home=tmp_path) if fact.topic == "NeMo's telemetry"]
    assert says in fact.says


def test_the_opt_out_file_counts(tmp_path: Path) -> None:
    """Of the user who asks."""
    marker = tmp_path / ".config" / "nemoguardrails" / "do_not_track"
    marker.parent.mkdir(parents=True)
    marker.touch()
    [fact] = [fact for fact in diagnose(environ={}, home=tmp_path) if fact.topic == "NeMo's telemetry"]
    assert "off, by the opt-out file of this user" == fact.says


@pytest.mark.parametrize(("value", "state"), [("", "ok"), ("true", "warning"), ("1", "warning"), ("0", "ok")])
def test_content_capture_is_seen(value: str, state: str) -> None:
    """Before an auditor sees it."""
    name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    [fact] = [fact for fact in diagnose(environ={name: value}) if fact.topic == "content in traces"]
    assert state == fact.state


def test_a_configuration_that_does_not_load_is_broken(guardlint: Callable[..., Any], tmp_path: Path) -> None:
    """Exit code 1."""
    (tmp_path / "config.yml").write_text("models: []\nrails: {input: {flows: [nothing]}}\n", encoding="utf-8")
    ran = guardlint("doctor", tmp_path)
    assert (1, True) == (ran.code, "does not load" in ran.out)


def test_the_doctor_looks_at_what_a_configuration_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are not set, another NeMo than is installed, errors; a team file by its short name."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "config.yml").write_text(
        "models: [{type: main, engine: openai, model: one, api_key_env_var: BANK_KEY}]\nrail: {}\n",
        encoding="utf-8",
    )
    (tmp_path / "requirements.txt").write_text("nemoguardrails==0.17.0\n", encoding="utf-8")
    (tmp_path / "guardlint.yml").write_text("team: a\ncentral: {path: nowhere}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    facts = diagnose(Path("bot"), environ={}, home=tmp_path)
    said = [fact.says for fact in facts if fact.topic == "bot"]
    assert any("its files ask for NeMo 0.17.0" in text for text in said)
    assert any("BANK_KEY is not set" in text for text in said)
    assert any(text.startswith("1 error: ") for text in said)
    assert any(fact.topic.startswith("guardlint.yml:2") and fact.state == "broken" for fact in facts)
    with_key = diagnose(Path("bot"), environ={"BANK_KEY": "house"}, home=tmp_path)
    assert not any("is not set" in fact.says for fact in with_key)
    assert not any("house" in fact.says for fact in with_key)


def test_no_colour_where_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, and a terminal that can show none."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert coloured({})
    assert not coloured({"NO_COLOR": "1"})
    assert not coloured({"TERM": "dumb"})
