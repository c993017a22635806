"""``guardlint compile``."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.errors import BundleError, UsageError

if TYPE_CHECKING:
    from guardlint.bundle.compile import Compiled
    from guardlint.lint.check import Target
    from guardlint.lint.targets import Targets

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint compile guardrails/ --key release.key
  guardlint compile guardrails/ --policy customer-facing --central ../central --key env:SIGNING_KEY
  guardlint compile guardrails/ --key release.key --revision 42 --valid-days 90 -o app.glbundle

\b
The same input gives the same bytes; the time that goes in is SOURCE_DATE_EPOCH where it is set.
Exit codes: 0 written, 1 the configuration cannot be compiled, 2 wrong arguments, team file or policy."""


@click.command("compile", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--policy", metavar="ID", help="The policy, where no team file names one.")
@click.option("--central", metavar="DIR", type=click.Path(path_type=Path), help="The central repository.")
@click.option("--key", "keys", metavar="FILE", multiple=True, help="Private key, or env:NAME (repeatable).")
@click.option("--unsigned", is_flag=True, help="Write it unsigned, to look at: no guard loads it.")
@click.option("--name", metavar="NAME", help="The application's name.  [default: team file, else PATH]")
@click.option("--revision", metavar="N", type=click.IntRange(min=0), help="[default: time in seconds]")
@click.option("--valid-days", metavar="N", type=click.IntRange(min=1), default=365, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="[default: NAME.glbundle]")
def command(
    path: Path,
    policy: str | None,
    central: Path | None,
    keys: tuple[str, ...],
    unsigned: bool,
    name: str | None,
    revision: int | None,
    valid_days: int,
    output: Path | None,
) -> int:
    """Turn policy and team configuration into one signed bundle.

    PATH is one NeMo Guardrails configuration. What `guardlint check` calls an error is not compiled.
    """
    from guardlint.bundle.compile import CheckFailed, compile_bundle
    from guardlint.bundle.keys import read_private
    from guardlint.cli.options import now
    from guardlint.lint.targets import find_targets
    from guardlint.policy.central import Central
    from guardlint.policy.team import central_of
    from guardlint.source.files import write_atomic

    if bool(keys) == unsigned:
        raise UsageError(
            "say how the bundle is signed", help="give --key FILE (see guardlint keygen), or --unsigned"
        )
    found = find_targets([path], policy=policy, central=central, embedded=False)
    for problem in found.problems:
        raise problem
    target = _one(found, path)
    assert target.policy is not None
    if target.altered:
        first = target.altered[0]
        raise BundleError(
            f"`{first.name}` of the vendored standard is {first.how}, and a bundle is of what was published",
            place=str(first.place),
            help="run `guardlint update`",
        )
    created = now()
    title = name or _name(found, target)
    signers = [read_private(source, environ=os.environ) for source in keys]
    try:
        compiled = compile_bundle(
            target.root,
            target.policy,
            Central.open(central) if central is not None else central_of(found.team),
            name=title,
            tier=target.tier,
            created=created,
            revision=revision,
            expires=created + timedelta(days=valid_days),
            signers=signers,
            waivers=target.waivers,
        )
    except CheckFailed as failed:
        from guardlint.report.text import render_text

        click.echo(render_text(failed.report), nl=False)
        raise
    destination = output or Path(f"{title}.glbundle")
    write_atomic(destination, compiled.data)
    _say(destination, compiled)
    return 0


def _one(found: Targets, path: Path) -> Target:
    if len(found.targets) != 1:
        names = ", ".join(str(target.root.name) for target in found.targets)
        raise UsageError(
            f"holds {len(found.targets)} configurations, and a bundle is of one",
            place=str(path),
            help=f"name one of {names}",
        )
    target = found.targets[0]
    if target.policy is None:
        raise UsageError(
            "no policy holds for this configuration",
            place=str(path),
            help="give --policy ID, or name a tier in guardlint.yml",
        )
    return target


def _name(found: Targets, target: Target) -> str:
    entry = found.team.entry(target.root) if found.team is not None else None
    if entry is not None and entry.name:
        return entry.name
    return found.team.team if found.team is not None else target.root.name


def _say(destination: Path, compiled: Compiled) -> None:
    manifest = compiled.manifest
    engines = manifest["engines"]
    calls = manifest["llm_calls"]
    click.echo(f"{destination}  {len(compiled.data):,} bytes, revision {manifest['revision']}")
    click.echo(f"  policy   {manifest['policy']['id']}@{manifest['policy']['version']}")
    rails = ", ".join(f"{rail['id']}@{rail['version']} ({rail['direction']})" for rail in manifest["rails"])
    click.echo(f"  rails    {rails}")
    click.echo(f"  engines  company {engines['company']['uses']}, team {engines['team']['uses']}")
    click.echo(f"  calls    {calls['usual']} model calls a query for rails (at most {calls['high']})")
    click.echo(f"  expires  {manifest['expires']}")
    for waiver in manifest["waivers"]:
        click.echo(f"  waived   {waiver['rule']} until {waiver['expires']} ({waiver['id']})")
