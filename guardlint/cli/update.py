"""``guardlint update``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.cli.options import now

if TYPE_CHECKING:
    from guardlint.policy.team import TeamFile

__all__ = ["command", "update"]

_EPILOG = """\b
Examples:
  guardlint update                fetch what the team file names, show what changes, vendor and pin it
  guardlint update --check        the same, and write nothing: is what is vendored what is published?

\b
The team file names one of
  central: {git: "https://git.example.com/standards.git", tag: v1.2.0}
  central: {archive: "https://example.com/standards-1.2.0.tar", key: standards.pub}
and .guardlint/ and guardlint.lock are committed; every check runs from there, offline.

\b
Exit codes: 0 vendored (with --check: nothing would change), 1 not to be trusted (with --check: something
would change), 2 wrong arguments, team file or documents, or nothing that could be fetched."""


@click.command("update", epilog=_EPILOG)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path()
)
@click.option("--check", "checking", is_flag=True, help="Write nothing; fail where something would change.")
@click.option("--accept-moved-tag", is_flag=True, help="Take a tag that names another commit than it did.")
def command(folder: Path, checking: bool, accept_moved_tag: bool) -> int:
    """Fetch the company's central repository, show what changes, and pin it in guardlint.lock.

    FOLDER is that of the team file, or one below it.
    """
    from guardlint import __version__
    from guardlint.errors import ConfigError
    from guardlint.policy.team import load_team_file
    from guardlint.policy.team_location import find_team_file

    file = find_team_file(folder)
    if file is None:
        raise ConfigError("there is no team file here or above", help="write one with `guardlint init`")
    team = load_team_file(file, version=__version__)
    if team.central is None:
        click.echo(
            "the team file names no central repository: checks use the one that guardlint brings along"
        )
        return 0
    if not team.central.vendored:
        click.echo(f"{team.central}: read where it is, so there is nothing to vendor")
        return 0
    return update(team, checking=checking, accept_moved_tag=accept_moved_tag)


def update(team: TeamFile, *, checking: bool = False, accept_moved_tag: bool = False) -> int:
    """Fetch, show, vendor and pin what the team file names; the exit code. Raises GuardlintError."""
    from guardlint.cli._central_changes import changes
    from guardlint.cli._vendoring import (
        fetch,
        must_compose,
        refuse_moved,
        same_as_locked,
        write_files,
        write_vendored,
    )
    from guardlint.policy.vendor import LOCK_FILE, VENDORED, vendored_files

    source, root = team.central, team.root
    assert source is not None
    fetched = fetch(source, root, team.place("central"), now())
    lock = root / LOCK_FILE
    text = lock.read_text(encoding="utf-8", errors="replace") if lock.is_file() else None
    if not accept_moved_tag:
        refuse_moved(source, fetched, text)
    there = root / VENDORED
    with tempfile.TemporaryDirectory(prefix="guardlint-central-") as staged:
        write_files(Path(staged), fetched.files)
        must_compose(Path(staged))
        listed = list(changes(there if there.is_dir() else None, Path(staged), team.team))
    current = same_as_locked(fetched.lock(source), text) and (
        there.is_dir() and vendored_files(there) == fetched.lock(source)["central"]["files"]
    )
    known = f"commit {fetched.commit[:12]}" if fetched.commit else str(fetched.archive)
    click.echo(f"{source} ({known})")
    for identity in fetched.signed_by:
        click.echo(f"  signed   by {identity[:16]}")
    for line in listed:
        click.echo(f"  {line}")
    if current:
        click.echo("  nothing changes")
        return 0
    if checking:
        click.echo("  not what is vendored: run `guardlint update`")
        return 1
    write_vendored(root, fetched, source)
    click.echo(f"vendored in {VENDORED.as_posix()}, pinned in {LOCK_FILE}; commit both")
    return 0
