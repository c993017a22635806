"""``guardlint show``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from guardlint.cli.show import command
from guardlint.errors import NothingToCheck, UsageError
from guardlint.resources import examples_dir, resource_dir

EXAMPLE = examples_dir() / "claims-and-cards"


def show(*arguments: str) -> str:
    return CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False).output


def test_the_terminal_page_marks_what_does_not_work() -> None:
    """A rail that a finding points at carries the rule's name; what is lost is listed."""
    text = show(str(EXAMPLE / "broken"))
    assert "✗ mask sensitive data on input" in text
    assert "← pii-without-entities" in text
    assert "✗ self check facts" in text
    assert "✗ custom  NeMo does not know the key  (config.yml:35:1)" in text


def test_json_fits_its_schema() -> None:
    """Both configurations, with the answer to --why."""
    data = json.loads(show(str(EXAMPLE), "--format", "json", "--why", "rails.input.flows"))
    jsonschema.validate(data, json.loads((resource_dir("schemas") / "effective.json").read_text()))
    assert 2 == len(data["configurations"])
    assert all(item["why"] for item in data["configurations"])


def test_a_configuration_in_python_is_shown(tmp_path: Path) -> None:
    """Its name is file and line."""
    (tmp_path / "app.py").write_text(
        "from nemoguardrails import RailsConfig\n"
        'config = RailsConfig.from_content(yaml_content="""\n'
        "models: []\nrails:\n  input:\n    flows: [regex check input]\n"
        '""")\n'
    )
    assert "regex check input" in show(str(tmp_path / "app.py"))


def test_bad_paths_are_one_clear_error(tmp_path: Path) -> None:
    """No configuration, no directory, no path."""
    with pytest.raises(NothingToCheck):
        show(str(tmp_path))
    with pytest.raises(UsageError):
        show(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="is no path"):
        show(str(EXAMPLE / "mended"), "--why", "rails..flows")


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    """Neither in the page nor in the answer to --why."""
    secret = "plain words" + " of a key"
    (tmp_path / "config.yml").write_text(
        f"models:\n  - {{type: main, engine: openai, model: m, parameters: {{api_key: '{secret}'}}}}\n"
    )
    for arguments in ((), ("--why", "models[0].parameters.api_key"), ("--why", "models", "--format", "json")):
        assert secret not in show(str(tmp_path), *arguments)


def test_who_answers_what_with_which_prompt() -> None:
    """Every task that is asked names its model, why it answers, and the prompt, the team's or NeMo's own."""
    text = show(str(EXAMPLE / "mended"))
    assert "models\n  ✓ main" in text
    assert "(main: there is none of type self_check_input), the prompt at prompts.yml:" in text
    assert "NeMo's own prompt in openai-chatgpt.yml" in text
    data = json.loads(show(str(EXAMPLE / "mended"), "--format", "json"))["configurations"][0]
    tasks = {item["task"]: item for item in data["tasks"]}
    assert "team" == tasks["self_check_input"]["prompt"]["by"]
    assert {"by": "nemo", "file": "openai-chatgpt.yml"} == tasks["generate_user_intent"]["prompt"]


def test_what_depends_on_the_disk_is_said(tmp_path: Path) -> None:
    """Two files of one folder that both write `rails`."""
    (tmp_path / "a.yml").write_text("models: []\nrails: {input: {flows: [regex check input]}}\n")
    (tmp_path / "b.yml").write_text("rails: {output: {flows: [regex check output]}}\n")
    assert "✗ rails  section: b.yml:1:1 wins where files come by name, else a.yml:2:1" in show(str(tmp_path))
    data = json.loads(show(str(tmp_path), "--format", "json"))
    jsonschema.validate(data, json.loads((resource_dir("schemas") / "effective.json").read_text()))
    assert ["rails"] == [item["name"] for item in data["configurations"][0]["order_dependent"]]
