"""``guardlint baseline``."""

from __future__ import annotations

from pathlib import Path

import click

from guardlint.cli.options import now
from guardlint.errors import GuardlintError, NothingToCheck

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint baseline                       write guardlint-baseline.json for all below here
  guardlint baseline config/ --output quality/known.json
  guardlint check                          heeds the file from now on, and says what is stale in it
  guardlint check --no-suppressions        what an auditor sees

\b
An existing baseline is not heeded: the file holds what is found now. What a policy lets nobody waive
stays a finding."""


@click.command("baseline", epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--policy", metavar="ID", help="Check against this policy, whatever the team file says.")
@click.option(
    "--central", metavar="DIR", type=click.Path(path_type=Path), help="The company's central repository."
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file to write [default: guardlint-baseline.json, where one is or here].",
)
def command(paths: tuple[Path, ...], policy: str | None, central: Path | None, output: Path | None) -> int:
    """Write down what is wrong today, so that checks speak of what is new.

    PATHS are those of `guardlint check`.
    """
    from guardlint.lint.baseline import BASELINE_FILE, baseline_of, find_baseline
    from guardlint.lint.check import check, select_rules
    from guardlint.lint.targets import find_targets
    from guardlint.source.files import shown_path, write_atomic

    found = find_targets(paths, policy=policy, central=central)
    problems = [problem for problem in found.problems if not isinstance(problem, NothingToCheck)]
    if problems:
        raise problems[0]
    if not found.targets:
        raise found.problems[0] if found.problems else NothingToCheck("no configuration here")
    rules = tuple(rule for rule in select_rules(company=found.company_rules) if rule.id not in found.disabled)
    report = check(found.targets, rules, now().date())
    here = output or find_baseline(Path.cwd()) or Path(BASELINE_FILE)
    if not here.absolute().parent.is_dir():
        raise GuardlintError("there is no such directory", place=str(here.parent), help="make it first")
    write_atomic(here, baseline_of(report).encode())
    known = [item for item in report.findings if item.counts and item.waivable]
    kept = [item for item in report.findings if item.counts and not item.waivable]
    click.echo(f"{len(known):,} finding{'' if len(known) == 1 else 's'} written to {shown_path(here)}")
    if kept:
        click.echo(f"{len(kept):,} more cannot be waived under the policy: they stay findings")
    return 0
