"""``guardlint policy``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardlint.policy.model import ComposedPolicy
    from guardlint.report.policy import NewlyFailing

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
  guardlint policy diff internal-assistant baseline --teams ../claims --teams ../cards

\b
Marks: + stricter, - looser, ~ without an order.
Exit codes: 0, 1 a configuration of a team would newly fail, 2 wrong arguments or policy."""

_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_central = click.option(
    "--central", metavar="DIR", type=click.Path(path_type=Path), help="The company's central repository."
)


@click.group("policy", epilog="\b\nExamples:\n  guardlint policy show baseline\n  guardlint policy list")
def command() -> None:
    """Read the company's policies: what they say together, and what a change of them brings."""


@command.command("list")
@_central
@_form
def list_policies(central: Path | None, form: str) -> int:
    """List the policies and the tiers that they are for."""
    from guardlint.policy.central import Central

    repository = Central.open(central)
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
def show(id: str, central: Path | None, form: str) -> int:
    """Show a policy with all that it extends, and where every line of it stands.

    ID is a policy, or a policy and its major version: baseline or baseline@1.
    """
    from guardlint.policy.central import Central
    from guardlint.report.policy import policy_data, render_policy

    policy = Central.open(central).policy(id)
    if form == "json":
        click.echo(json.dumps(policy_data(policy), indent=2, ensure_ascii=False))
    else:
        click.echo(render_policy(policy), nl=False)
    return 0


@command.command("diff", epilog=_DIFF)
@click.argument("before")
@click.argument("after")
@_central
@click.option(
    "--against",
    metavar="DIR",
    type=click.Path(path_type=Path),
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
    central: Path | None,
    against: Path | None,
    teams: tuple[Path, ...],
    form: str,
) -> int:
    """Say what gets stricter and what looser from policy BEFORE to policy AFTER, and who newly fails."""
    from guardlint.policy.central import Central
    from guardlint.policy.changes import changes
    from guardlint.report.policy import difference_data, render_difference

    first = Central.open(central)
    second = first if against is None else Central.open(against)
    old, new = first.policy(before), second.policy(after)
    rails = {name: repository.rail(name) for repository in (first, second) for name in repository.rails()}
    found = changes(old, new, rails)
    failing, checked = _newly_failing(teams, old, new) if teams else (None, 0)
    if form == "json":
        data = difference_data(old, new, found, failing, checked)
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(render_difference(old, new, found, failing, checked), nl=False)
    return 1 if failing else 0


def _newly_failing(
    teams: tuple[Path, ...], old: ComposedPolicy, new: ComposedPolicy
) -> tuple[list[NewlyFailing], int]:
    """The configurations with errors under the new policy and none under the old, and how many there are."""
    from guardlint.lint.check import Target, check, discover_all
    from guardlint.report.policy import NewlyFailing

    below = discover_all(teams)
    if below.problems:
        raise below.problems[0]
    failing = []
    for root in below.roots:
        was = check([Target(root, old)])
        if was.count("error"):
            continue
        now = check([Target(root, new)])
        errors = tuple(
            (f"{item.place.file}:{item.place.line}", f"{item.message} [{item.rule}]")
            for item in now.findings
            if item.severity == "error" and item.counts
        )
        if errors:
            failing.append(NewlyFailing(now.configurations[0].path, errors))
    return failing, len(below.roots)
