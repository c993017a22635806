"""``guardlint check``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

import click

from guardlint.errors import GuardlintError, NothingToCheck, UsageError

__all__ = ["command"]

_FORMATS = ("text", "json")

_EPILOG = """\b
Examples:
  guardlint check                          what the team file names, else all below here
  guardlint check config/ --policy customer-facing
  guardlint check --output json=findings.json
  guardlint check --format json | jq '.findings[].rule'

\b
Exit codes: 0 clean, 1 findings at or above --fail-on, 2 wrong arguments, team file or policy,
3 nothing to check, 4 guardlint itself failed."""


@click.command("check", epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--policy", metavar="ID", help="Check against this policy, whatever the team file says.")
@click.option(
    "--central", metavar="DIR", type=click.Path(path_type=Path), help="The company's central repository."
)
@click.option("--select", metavar="RULE", multiple=True, help="Run this rule only (repeatable).")
@click.option("--ignore", metavar="RULE", multiple=True, help="Leave this rule out (repeatable).")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    default="error",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option(
    "--output",
    "outputs",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Also write a file: {', '.join(_FORMATS)} (repeatable).",
)
@click.option("--hook", is_flag=True, help="As a pre-commit hook: nothing to check is no failure.")
def command(
    paths: tuple[Path, ...],
    policy: str | None,
    central: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: Literal["error", "warning", "note", "never"],
    form: str,
    outputs: tuple[str, ...],
    hook: bool,
) -> int:
    """Say what NeMo Guardrails swallows in silence, and what the policy asks for and is not there.

    PATHS are configuration directories or directories that hold some, and Python files or Kubernetes
    manifests that a configuration is written in.
    """
    from guardlint.lint.check import check, select_rules
    from guardlint.lint.targets import find_targets

    destinations = [_destination(text) for text in outputs]
    rules = select_rules(select, ignore)
    found = find_targets(paths, policy=policy, central=central)
    if not hook or not all(isinstance(problem, NothingToCheck) for problem in found.problems):
        for problem in found.problems:
            _warn(problem)
    report = check(found.targets, [rule for rule in rules if rule.id not in found.disabled])
    if found.targets or not found.problems:
        click.echo(_render(form, report, stream=True), nl=False)
    for name, path in destinations:
        _write(path, _render(name, report, stream=False))
    return _exit_code(found.problems, report.fails(fail_on), hook)


def _destination(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if name not in _FORMATS or not equals or not path:
        raise UsageError(
            f"`--output {text}` is not FORMAT=PATH", help=f"FORMAT is one of {', '.join(_FORMATS)}"
        )
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise UsageError("there is no such directory", place=str(folder), help="make it first")
    return name, Path(path)


def _render(form: str, report: object, *, stream: bool) -> str:
    from guardlint.lint.finding import Report

    assert isinstance(report, Report)
    if form == "json":
        from guardlint.report.json_v1 import render_json

        return render_json(report)
    from guardlint.report.text import render_text

    colour = stream and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = min(shutil.get_terminal_size((100, 24)).columns, 120) if stream else 100
    return render_text(report, colour=colour, width=width)


def _write(path: Path, text: str) -> None:
    from guardlint.source.files import write_atomic

    write_atomic(path, text.encode())


def _warn(problem: GuardlintError) -> None:
    click.echo(f"error: {problem}", err=True)


def _exit_code(problems: list[GuardlintError], fails: bool, hook: bool) -> int:
    codes = {problem.exit_code for problem in problems}
    if codes - {NothingToCheck.exit_code}:
        return max(codes - {NothingToCheck.exit_code})
    if fails:
        return 1
    return 0 if hook or not codes else NothingToCheck.exit_code
