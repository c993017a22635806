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
