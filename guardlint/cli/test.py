"""``guardlint test``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardlint.cli._cases import Outcome

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint test                     the central repository here
  guardlint test ../standards --policies

\b
Rails are tried in a real guard, without a model: their judge says what the case scripts. That needs
pip install "guardlint[runtime]"; --policies needs nothing more.
Exit codes: 0 all as the cases say, 1 some are not, 2 wrong documents, 3 no case."""


@click.command("test", epilog=_EPILOG)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path()
)
@click.option("--policies", "only_policies", is_flag=True, help="Leave out the cases of rails.")
@click.option("--verbose", "-v", is_flag=True, help="Name every case.")
def command(folder: Path, only_policies: bool, verbose: bool) -> int:
    """Try the policies and rails of a central repository on the cases that stand beside them.

    FOLDER holds policies/ and rails/. Every document in it is read, whether a case needs it or not.
    """
    from guardlint.errors import NothingToCheck
    from guardlint.source.files import shown_path

    count = failed = 0
    for outcome in _outcomes(folder, only_policies):
        count += 1
        if outcome.wrong is not None:
            failed += 1
            click.echo(f"✗ {outcome.what}  {outcome.case}: {outcome.wrong}")
            click.echo(f"    {outcome.place}")
        elif verbose:
            click.echo(f"✓ {outcome.what}  {outcome.case}")
    if not count:
        raise NothingToCheck(
            "no case here",
            place=shown_path(folder),
            help="policies/*/tests/*.yml and rails/*/tests.yml hold some",
        )
    click.echo(f"{count} case{'' if count == 1 else 's'}, {failed} failed")
    return 1 if failed else 0


def _outcomes(folder: Path, only_policies: bool) -> Iterator[Outcome]:
    from guardlint.cli._cases import control_cases, policy_cases, rail_cases
    from guardlint.cli._vendoring import must_compose

    central = must_compose(folder)
    yield from control_cases(folder)
    yield from policy_cases(central, folder)
    if not only_policies:
        yield from rail_cases(central, folder)
