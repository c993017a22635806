"""``guardlint policy``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardlint.policy.central import Central

__all__ = ["command"]

_SHOW = """\b
Examples:
  guardlint policy show customer-facing
  guardlint policy show our-standard --central ../central
  guardlint policy show baseline --format json | jq -r '.lines[] | [.id, .policy, .line] | @tsv'"""

_DIFF = """\b
Examples:
  guardlint policy diff baseline customer-facing
  guardlint policy diff ours ours --central central-1.4 --against central-1.5
  guardlint policy diff ours ours --central ./central@v1.4.0 --against ./central@v1.5.0
  guardlint policy diff internal-assistant baseline --teams ../claims --teams ../cards

\b
Marks: + stricter, - looser, ~ without an order.
Exit codes: 0, 1 a configuration of a team would newly fail, 2 wrong arguments or policy."""

_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_central = click.option(
    "--central", metavar="WHERE", help="The company's central repository: a folder, or GIT@TAG."
)


@click.group("policy", epilog="\b\nExamples:\n  guardlint policy show baseline\n  guardlint policy list")
def command() -> None:
    """Read the company's policies: what they say together, and what a change of them brings."""


@command.command("list")
@_central
@_form
def list_policies(central: str | None, form: str) -> int:
    """List the policies and the tiers that they are for."""
    from guardlint.cli._central_option import fetched_central
    from guardlint.policy.central import Central

    with fetched_central(central, None, None) as folder:
        return _list(Central.open(folder), form)


def _list(repository: Central, form: str) -> int:
    tiers: dict[str, list[str]] = {}
    for tier in repository.tiers():
        tiers.setdefault(repository.tier_policy(tier).split("@")[0], []).append(tier)
    policies = [repository.policy(name) for name in repository.policies()]
    if form == "json":
        data = [
            {
                "id": policy.id,
                "version": policy.version,
                "title": policy.title,
                "extends": [f"{part.id}@{part.version}" for part in policy.composed_of[:-1]],
                "tiers": tiers.get(policy.id, []),
            }
            for policy in policies
        ]
        click.echo(json.dumps({"schema": "guardlint/policies/v1", "policies": data}, indent=2))
        return 0
    width = max((len(policy.label) for policy in policies), default=0)
    for policy in policies:
        used = tiers.get(policy.id)
        click.echo(f"{policy.label:{width}}  {policy.title}{f' [{chr(44).join(used)}]' if used else ''}")
    return 0


@command.command("show", epilog=_SHOW)
@click.argument("id")
@_central
@_form
def show(id: str, central: str | None, form: str) -> int:
    """Show a policy with all that it extends, and where every line of it stands.

    ID is a policy, or a policy and its major version: baseline or baseline@1.
    """
    from guardlint.cli._central_option import fetched_central
    from guardlint.policy.central import Central
    from guardlint.report.policy import policy_data, render_policy

    with fetched_central(central, None, None) as folder:
        policy = Central.open(folder).policy(id)
        if form == "json":
            text = json.dumps(policy_data(policy), indent=2, ensure_ascii=False) + "\n"
        else:
            text = render_policy(policy)
        click.echo(_named(text, {central: folder}), nl=False)
    return 0


@command.command("diff", epilog=_DIFF)
@click.argument("before")
@click.argument("after")
@_central
@click.option(
    "--against",
    metavar="WHERE",
    help="Another central repository (or another version of it) that AFTER is read from.",
)
@click.option(
    "--teams",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A team's repository; its configurations are checked under both policies (repeatable).",
)
@_form
def diff(
    before: str,
    after: str,
    central: str | None,
    against: str | None,
    teams: tuple[Path, ...],
    form: str,
) -> int:
    """Say what gets stricter and what looser from policy BEFORE to policy AFTER, and who newly fails."""
    from guardlint.cli._central_option import fetched_central
    from guardlint.cli._newly_failing import teams_failing
    from guardlint.cli.options import now
    from guardlint.policy.central import Central
    from guardlint.policy.changes import changes
    from guardlint.report.policy import difference_data, render_difference

    with (
        fetched_central(central, None, None) as one,
        fetched_central(against, None, None, "--against") as other,
    ):
        first = Central.open(one)
        second = first if against is None else Central.open(other)
        old, new = first.policy(before), second.policy(after)
        rails = {name: place.rail(name) for place in (first, second) for name in place.rails()}
        found = changes(old, new, rails)
        failing = teams_failing(teams, (first, old), (second, new), now().date()) if teams else None
        if form == "json":
            data = difference_data(old, new, found, failing)
            text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        else:
            text = render_difference(old, new, found, failing)
        click.echo(_named(text, {central: one, against: other}), nl=False)
    return 1 if failing is not None and failing.newly else 0


def _named(text: str, folders: dict[str | None, Path | None]) -> str:
    """With the names that were given for folders that lie somewhere for as long as the command runs."""
    for name, folder in folders.items():
        if name is not None and folder is not None and folder != Path(name):
            text = text.replace(f"{folder.as_posix()}/", f"{name}/")
    return text
