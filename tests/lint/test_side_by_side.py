"""Configurations that are checked together: what is found is what is found in each alone."""

from __future__ import annotations

from pathlib import Path

from guardlint.lint.check import Target, check, discover_all
from guardlint.report.json_v1 import render_json

MODELS = "models:\n  - type: main\n    engine: openai\n    model: gpt-4o\n"
KINDS = (
    {"config.yml": MODELS + "rail:\n  input: {flows: [self check input]}\n"},
    {"config.yml": MODELS + "rails:\n  input:\n    flows: [check tone]\n", "rails.co": "define bot hi\n"},
    {"config.yml": MODELS, "prompts.yml": "prompts:\n  - task: self_check_input\n    content: Is it fine?\n"},
    {"config.yml": MODELS + "colang_version: 2.x\n", "main.co": "flow main\n  activate greet\n"},
    {"config.yml": MODELS + "colang_version: '1.0'\nrails: [\n"},
)


def test_together_as_alone(tmp_path: Path) -> None:
    """Of more configurations than are in memory at one time, in their order."""
    targets = []
    for number in range(75):
        root = tmp_path / f"team-{number:02}"
        root.mkdir()
        for name, text in KINDS[number % len(KINDS)].items():
            (root / name).write_text(f"# {number}\n{text}", encoding="utf-8")
        targets.append(Target(root))
    told: list[None] = []
    together = check(targets, done=lambda: told.append(None))
    alone = [check([target]) for target in targets]
    assert len(told) == len(targets)
    assert together.configurations == tuple(one.configurations[0] for one in alone)
    assert together.findings == tuple(found for one in alone for found in one.findings)
    assert together.findings
    assert render_json(together).count(tmp_path.as_posix()) > len(targets)


def test_one_walk_finds_configurations_and_what_is_embedded(tmp_path: Path) -> None:
    """A Python file that lies in a configuration's folder, or below it, is looked into as well."""
    for folder in ("a", "a/nested", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.yml").write_text(MODELS, encoding="utf-8")
    code = "from nemoguardrails import RailsConfig\nRailsConfig.from_content(yaml_content='models: []')\n"
    (tmp_path / "a" / "nested" / "app.py").write_text(code, encoding="utf-8")
    found = discover_all([tmp_path])
    assert [root.name for root in found.roots] == ["a", "b"]
    assert [item.path.name for item in found.embedded] == ["app.py"]
