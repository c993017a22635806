"""``guardlint check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from guardlint.cli._outputs import FORMATS, destinations, for_terminal, on_actions, progress, write_all
from guardlint.cli.options import complete_rules, now
from guardlint.errors import GuardlintError, NothingToCheck, UsageError

if TYPE_CHECKING:
    from guardlint.lint.finding import Report
    from guardlint.lint.targets import Targets
    from guardlint.rules.rule import LoadedRule

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint check                          what the team file names, else all below here
  guardlint check config/ --policy customer-facing
  guardlint check --fix                    mend what can be mended safely; --diff shows it instead
  guardlint check --output sarif=findings.sarif --output gitlab=quality.json
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
@click.option(
    "--select",
    metavar="RULE",
    multiple=True,
    shell_complete=complete_rules,
    help="Run this rule only (repeatable).",
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    shell_complete=complete_rules,
    help="Leave this rule out (repeatable).",
)
@click.option(
    "--rules", "packages", metavar="PACKAGE", multiple=True, help="A company's package of rules (repeatable)."
)
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
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option(
    "--output",
    "outputs",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Also write a file: {', '.join(FORMATS)} (repeatable).",
)
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing what is meant.")
@click.option("--unsafe-fixes", is_flag=True, help="Mend also what may change what runs; look at it after.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, and write nothing.")
@click.option("--no-suppressions", is_flag=True, help="Heed no comment and no baseline: for auditors.")
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What is known already [default: guardlint-baseline.json here or above].",
)
@click.option(
    "--no-cache", is_flag=True, expose_value=False, help="Remember nothing, and heed nothing remembered."
)
@click.option("--hook", is_flag=True, help="As a pre-commit hook: nothing to check is no failure.")
def command(
    paths: tuple[Path, ...],
    policy: str | None,
    central: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    packages: tuple[str, ...],
    fail_on: Literal["error", "warning", "note", "never"],
    form: str,
    outputs: tuple[str, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    no_suppressions: bool,
    baseline: Path | None,
    hook: bool,
) -> int:
    """Say what NeMo Guardrails swallows in silence, and what the policy asks for and is not there.

    PATHS are configuration directories or directories that hold some, and Python files or Kubernetes
    manifests that a configuration is written in.
    """
    from guardlint.lint.check import select_rules
    from guardlint.lint.targets import find_targets

    if no_suppressions and baseline is not None:
        raise UsageError("--no-suppressions heeds no baseline", help="leave one of the two out")
    where = destinations(outputs)
    found = find_targets(paths, policy=policy, central=central, packages=packages)
    rules = select_rules(select, ignore, found.company_rules)
    if not hook or not all(isinstance(problem, NothingToCheck) for problem in found.problems):
        for problem in found.problems:
            _warn(problem)
    rules = tuple(rule for rule in rules if rule.id not in found.disabled)
    if fix or unsafe_fixes or diff:
        changes = _mend(found, rules, unsafe=unsafe_fixes, write=not diff)
        if diff:
            return _exit_code(found.problems, changes, hook)
    report = _report(found, rules, paths, baseline, heed=not no_suppressions)
    if found.targets or not found.problems:
        click.echo(for_terminal(report, form), nl=False)
        if form == "text" and on_actions():
            click.echo(for_terminal(report, "github"), nl=False)
    write_all(report, where)
    return _exit_code(found.problems, report.fails(fail_on), hook)


def _report(
    found: Targets,
    rules: tuple[LoadedRule, ...],
    paths: tuple[Path, ...],
    baseline: Path | None,
    *,
    heed: bool,
) -> Report:
    from guardlint.lint.baseline import find_baseline, read_baseline, with_baseline
    from guardlint.lint.check import check

    with progress(len(found.targets)) as done:
        report = check(found.targets, rules, now().date(), heed_comments=heed, done=done)
    if not heed:
        return report
    known = baseline or find_baseline(paths[0] if paths and paths[0].is_dir() else Path.cwd())
    return with_baseline(report, read_baseline(known)) if known is not None else report


def _mend(found: Targets, rules: tuple[LoadedRule, ...], *, unsafe: bool, write: bool) -> bool:
    """Mend, or show the mends; whether there is anything to mend."""
    from guardlint.cli._mends import diff_of, report_mends
    from guardlint.lint.mending import mend, write_mended

    mended = mend(found.targets, rules, now().date(), unsafe=unsafe)
    if write:
        write_mended(mended)
    else:
        click.echo(diff_of(mended), nl=False)
    report_mends(mended, written=write)
    return bool(mended.after)


def _warn(problem: GuardlintError) -> None:
    click.echo(f"error: {problem}", err=True)


def _exit_code(problems: list[GuardlintError], fails: bool, hook: bool) -> int:
    codes = {problem.exit_code for problem in problems}
    if codes - {NothingToCheck.exit_code}:
        return max(codes - {NothingToCheck.exit_code})
    if fails:
        return 1
    return 0 if hook or not codes else NothingToCheck.exit_code
