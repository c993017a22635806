"""``guardlint waivers``."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.cli.options import now

if TYPE_CHECKING:
    from guardlint.lint.waiver_review import Reviewed, Use
    from guardlint.policy.central import Central

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint waivers                                  here, or in the central repository of the team file
  guardlint waivers --central ../standards --format json
  guardlint waivers --check                          the central repository's own test
  guardlint waivers --check ../payments ../claims    and whether each one is used there

\b
Exit codes: 0, with --check 1 where a waiver fails its owner, 2 wrong arguments or documents."""


@click.command("waivers", epilog=_EPILOG)
@click.argument("repositories", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--central", metavar="DIR", type=click.Path(path_type=Path), help="The company's central repository."
)
@click.option(
    "--check", "checking", is_flag=True, help="Fail where one has ended, is unused or cannot count."
)
@click.option("--team", metavar="NAME", help="Those of one team only.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    repositories: tuple[Path, ...], central: Path | None, checking: bool, team: str | None, form: str
) -> int:
    """List the exceptions that the company has granted, by owner and last day.

    REPOSITORIES are checkouts of teams: a waiver that lifts nothing there is unused.
    """
    from guardlint.lint.waiver_review import review

    repository = _central(central)
    uses = [_use(path, repository) for path in repositories]
    today = now().date()
    found = [item for item in review(repository, today, uses) if team in (None, item.waiver.team)]
    if form == "json":
        data = {
            "schema": "guardlint/waivers/v1",
            "today": today.isoformat(),
            "waivers": [_data(item) for item in found],
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        _say(found)
    return 1 if checking and any(item.state == "fails" for item in found) else 0


def _central(given: Path | None) -> Central:
    from guardlint.policy.central import Central
    from guardlint.policy.team import central_of, load_team_file
    from guardlint.policy.team_location import find_team_file

    here = Path.cwd()
    if given is not None or (here / "policies").is_dir():
        return Central.open(given or here)
    file = find_team_file(here)
    return central_of(load_team_file(file) if file is not None else None)


def _use(path: Path, central: Central) -> Use:
    """What the configurations of a team's repository use. Raises ConfigError without a team file."""
    from guardlint.errors import ConfigError
    from guardlint.lint.check import check
    from guardlint.lint.targets import find_targets
    from guardlint.lint.waiver_review import use_of
    from guardlint.policy.team import load_team_file, path_of
    from guardlint.policy.team_location import find_team_file

    file = find_team_file(path)
    if file is None:
        raise ConfigError("the repository has no team file", place=str(path), help="write `team: NAME`")
    team = load_team_file(file)
    paths = [team.root / entry.path for entry in team.configurations] or [path]
    found = find_targets(paths, central=central.path)
    for problem in found.problems:
        raise problem
    policies = {path_of(team, target.root): target.policy for target in found.targets}
    return use_of(team.team, policies, check(found.targets, today=now().date()), central.waivers())


def _data(item: Reviewed) -> dict[str, object]:
    place = item.waiver.place
    return {
        **item.waiver.data(),
        "state": item.state,
        "why": item.why or None,
        "days_left": item.days_left,
        "file": place.file,
        "line": place.line,
    }


def _say(found: list[Reviewed]) -> None:
    marks = {"counts": "✓", "ends soon": "!", "begins later": "·", "fails": "✗"}
    for owner, items in groupby(found, key=lambda item: item.waiver.owner):
        click.echo(owner)
        for item in items:
            waiver = item.waiver
            where = f"{waiver.team}/{waiver.configuration}" + (f" at {waiver.path}" if waiver.path else "")
            click.echo(f"  {marks[item.state]} {waiver.expires}  {_when(item.days_left):>12}  {waiver.id}")
            click.echo(f"      {waiver.rule} for {where}")
            click.echo(
                f"      {waiver.ticket}, approved by {waiver.approver}: {' '.join(waiver.reason.split())}"
            )
            if item.why:
                click.echo(f"      {item.state}: {item.why} ({waiver.place})")
    failing = sum(1 for item in found if item.state == "fails")
    ends = sum(1 for item in found if item.state == "ends soon")
    click.echo(f"{len(found)} waiver{'' if len(found) == 1 else 's'}, {failing} failing, {ends} ending soon")


def _when(days: int) -> str:
    if days < 0:
        return f"{-days} days ago"
    return "today" if days == 0 else f"in {days} day{'' if days == 1 else 's'}"
