"""Rails that a policy requires, forbids or orders, in each direction of a real configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.evaluate import violations
from guardlint.rules.effective_view import ConfigurationView, place_of

LISTS = ["input", "output", "retrieval", "tool_input", "tool_output"]
FLOWS = """\
define subflow first check
  $ok = execute look

define subflow second check
  $ok = execute look

define subflow third check
  $ok = execute look
"""
DIALOG = """\
define user greet
  "hello"

define flow first check
  user greet
  bot greet back
"""
WHY = 'id: x, reason: because, controls: ["LLM01:2025"], enforced_by: configuration'


def said(write: Callable[..., Central], root: Path, body: str) -> list[tuple[str, str, int]]:
    """Requirement, file and line of each violation."""
    configuration = read_configuration(root)
    found = violations(write(own=body).policy("own"), ConfigurationView(configuration))
    places = [(item, place_of(configuration, item)) for item in found]
    return [(item.requirement, Path(place.file).name, place.line) for item, place in places]


def team(tmp_path: Path, text: str, colang: str) -> Path:
    root = tmp_path / "team"
    root.mkdir(exist_ok=True)
    (root / "config.yml").write_text(text, encoding="utf-8")
    (root / "rails.co").write_text(colang, encoding="utf-8")
    return root


@pytest.mark.parametrize("direction", LISTS)
@pytest.mark.parametrize(
    ("body", "violated"),
    [
        ("require: [{%s, rail: first check, direction: %s}]", []),
        ("require: [{%s, rail: third check, direction: %s}]", [("x", "config.yml", 4)]),
        ("require: [{%s, any_rail: [third check, second check], direction: %s}]", []),
        ("require: [{%s, any_rail: [third check, fourth check], direction: %s}]", [("x", "config.yml", 4)]),
        ("require: [{%s, order: [first check, second check], direction: %s}]", []),
        ("require: [{%s, order: [second check, first check], direction: %s}]", [("x", "config.yml", 6)]),
        ("forbid: [{%s, rail: third check, direction: %s}]", []),
        ("forbid: [{%s, rail: second*, direction: %s}]", [("x", "config.yml", 6)]),
    ],
)
def test_listed_rails(
    direction: str, body: str, violated: list[tuple[str, str, int]], central: Callable[..., Central],
    tmp_path: Path,
) -> None:  # fmt: skip
    """By the list of the direction itself, and no other."""
    text = f"models: []\nrails:\n  {direction}:\n    flows:\n      - first check\n      - second check\n"
    assert violated == said(central, team(tmp_path, text, FLOWS), body % (WHY, direction) + "\n")


@pytest.mark.parametrize(
    ("body", "violated"),
    [
        ("require: [{%s, rail: first check, direction: dialog}]", False),
        ("require: [{%s, any_rail: [third check, first check], direction: dialog}]", False),
        ("require: [{%s, rail: third check, direction: dialog}]", True),
        ("forbid: [{%s, rail: first*, direction: dialog}]", True),
        ("forbid: [{%s, rail: third check, direction: dialog}]", False),
    ],
)
def test_flows_of_the_dialog(
    body: str, violated: bool, central: Callable[..., Central], tmp_path: Path
) -> None:
    """Those that start by themselves when what they wait for is said."""
    found = said(central, team(tmp_path, "models: []\n", DIALOG), body % WHY + "\n")
    assert violated == bool(found)
