"""Facts are those of the version that the team pins; what only a newer one breaks is a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.lint.check import Target, check, select_rules
from guardlint.lint.finding import Finding, Report

OLD_STYLE = """\
define flow self check input
  $allowed = execute self_check_input
  if not $allowed
    bot refuse to respond
    stop
"""
CONFIG = """\
models:
  - {type: main, engine: openai, model: gpt-4o}
rails:
  input:
    flows: [self check input]
prompts:
  - {task: self_check_input, content: "{{ user_input }}"}
"""


def checked(folder: Path, pin: str | None, files: dict[str, str], version: str | None = None) -> Report:
    (folder / ".git").mkdir()
    if pin is not None:
        (folder / "requirements.txt").write_text(f"nemoguardrails=={pin}\n", encoding="utf-8")
    root = folder / "config"
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    return check([Target(root, version=version)], select_rules())


def of_rule(report: Report, rule: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule]


@pytest.mark.parametrize("pin", ["0.9.1", "0.17.0", "0.21.0", "0.23.0"])
def test_a_verdict_read_as_true_or_false_breaks_on_upgrade(tmp_path: Path, pin: str) -> None:
    """Before 0.24 the action gives a truth value, and the test is right."""
    report = checked(tmp_path, pin, {"config.yml": CONFIG, "rails.co": OLD_STYLE})

    [finding] = of_rule(report, "old-style-outcome")
    assert "note" == finding.severity
    assert finding.message.startswith("breaks on upgrade to NeMo 0.24: `$allowed` is the outcome of")
    assert pin == report.configurations[0].target_version


@pytest.mark.parametrize("pin", [None, "0.24.0", "0.24.1", "0.25.0"])
def test_with_the_newest_it_is_an_error(tmp_path: Path, pin: str | None) -> None:
    report = checked(tmp_path, pin, {"config.yml": CONFIG, "rails.co": OLD_STYLE})

    [finding] = of_rule(report, "old-style-outcome")
    assert "error" == finding.severity
    assert finding.message.startswith("`$allowed`")


def test_a_version_that_is_given_goes_before_the_pin(tmp_path: Path) -> None:
    """A bundle runs on the guard's NeMo, whatever the team pins."""
    report = checked(tmp_path, "0.21.0", {"config.yml": CONFIG, "rails.co": OLD_STYLE}, version="0.24.1")

    assert ["error"] == [finding.severity for finding in of_rule(report, "old-style-outcome")]
    assert "0.24.1" == report.configurations[0].target_version


@pytest.mark.parametrize(("pin", "expected"), [("0.20.0", ["error"]), ("0.21.0", [])])
def test_a_rail_that_the_pinned_release_does_not_have(tmp_path: Path, pin: str, expected: list[str]) -> None:
    text = CONFIG.replace("[self check input]", "[regex check input]")
    report = checked(tmp_path, pin, {"config.yml": text})

    assert expected == [finding.severity for finding in of_rule(report, "unknown-flow")]


@pytest.mark.parametrize(
    ("pin", "severities", "begins"),
    [("0.17.0", ["note"], "breaks on upgrade to NeMo 0.18: "), ("0.18.0", ["error"], "`apply_to")],
)
def test_a_key_that_a_later_release_no_longer_has(
    tmp_path: Path, pin: str, severities: list[str], begins: str
) -> None:
    """The note names the first series that has the fault."""
    text = CONFIG.replace("  input:", "  output: {apply_to_reasoning_traces: true}\n  input:")
    report = checked(tmp_path, pin, {"config.yml": text})

    found = of_rule(report, "unknown-key")
    assert severities == [finding.severity for finding in found]
    assert found[0].message.startswith(begins)


def test_a_fault_of_every_version_is_told_once(tmp_path: Path) -> None:
    report = checked(tmp_path, "0.17.0", {"config.yml": CONFIG.replace("rails:", "rail:")})

    assert ["error"] == [finding.severity for finding in of_rule(report, "unknown-key")]


@pytest.mark.parametrize(("pin", "loads"), [("0.21.0", "depends"), ("0.22.0", "yes"), ("0.24.1", "yes")])
def test_up_to_0_21_a_model_needs_a_package_of_langchain(tmp_path: Path, pin: str, loads: str) -> None:
    report = checked(tmp_path, pin, {"config.yml": CONFIG})

    assert loads == report.configurations[0].loads


@pytest.mark.parametrize(
    ("pin", "uses", "reason"),
    [
        ("0.20.0", "llmrails", "NeMo 0.20 has no Guardrails class"),
        ("0.21.0", "llmrails", "IORails cannot run `self check input` on input"),
        ("0.24.1", "iorails", "every rail is one that IORails runs"),
    ],
)
def test_the_engine_is_the_one_of_the_pinned_release(
    tmp_path: Path, pin: str, uses: str, reason: str
) -> None:
    engine = checked(tmp_path, pin, {"config.yml": CONFIG}).configurations[0].engines["Guardrails"]

    assert uses == engine.uses
    assert engine.reason.startswith(reason)
