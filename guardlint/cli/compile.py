"""``guardlint compile``."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.errors import BundleError, UsageError

if TYPE_CHECKING:
    from guardlint.bundle.compile import Compiled, Standing
    from guardlint.lint.check import Target
    from guardlint.lint.targets import Targets
    from guardlint.policy.central import Central

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint compile guardrails/ --key release.key
  guardlint compile guardrails/ --policy customer-facing --central ../central --key env:SIGNING_KEY
  guardlint compile guardrails/ --key release.key --revision 42 --expires 2027-03-31 -o app.glbundle
  guardlint compile guardrails/ --unsigned          to be signed elsewhere: guardlint sign
  guardlint compile guardrails/ --plain merged/     one NeMo configuration, which guarantees nothing

\b
The same input gives the same bytes; the time that goes in is SOURCE_DATE_EPOCH where it is set.
A bundle expires on the last day of the first waiver that it needs, if not before.
Exit codes: 0 written, 1 the configuration cannot be compiled, 2 wrong arguments, team file or policy."""


@click.command("compile", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--policy", metavar="ID", help="The policy, where no team file names one.")
@click.option("--central", metavar="DIR", type=click.Path(path_type=Path), help="The central repository.")
@click.option("--key", "keys", metavar="FILE", multiple=True, help="Private key, or env:NAME (repeatable).")
@click.option("--unsigned", is_flag=True, help="Write it unsigned: no guard loads it.")
@click.option(
    "--plain",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write no bundle: one merged configuration.",
)
@click.option("--name", metavar="NAME", help="The application's name.  [default: team file, else PATH]")
@click.option("--revision", metavar="N", type=click.IntRange(min=0), help="[default: time in seconds]")
@click.option(
    "--not-before", metavar="TIME", help="Refused before this day or time.  [default: valid at once]"
)
@click.option("--expires", metavar="TIME", help="Refused from this day or time on.")
@click.option("--valid-days", metavar="N", type=click.IntRange(min=1), help="[default: 365]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="[default: NAME.glbundle]")
def command(
    path: Path,
    policy: str | None,
    central: Path | None,
    keys: tuple[str, ...],
    unsigned: bool,
    plain: Path | None,
    name: str | None,
    revision: int | None,
    not_before: str | None,
    expires: str | None,
    valid_days: int | None,
    output: Path | None,
) -> int:
    """Turn policy and team configuration into one signed bundle.

    PATH is one NeMo Guardrails configuration. What `guardlint check` calls an error is not compiled.
    """
    from guardlint.bundle.compile import CheckFailed, Standing, compile_bundle
    from guardlint.bundle.keys import read_private
    from guardlint.cli.options import instant, now
    from guardlint.lint.targets import find_targets
    from guardlint.policy.central import Central
    from guardlint.policy.team import central_of
    from guardlint.source.files import write_atomic

    if (bool(keys), unsigned, plain is not None).count(True) != 1:
        raise UsageError(
            "say how the bundle is signed", help="give --key FILE (see guardlint keygen), or --unsigned"
        )
    found = find_targets([path], policy=policy, central=central, embedded=False)
    for problem in found.problems:
        raise problem
    target = _one(found, path)
    assert target.policy is not None
    created = now()
    opened = Central.open(central) if central is not None else central_of(found.team)
    standing = Standing(target.waivers, found.disabled, found.company_rules, _beside(found))
    try:
        if plain is not None:
            return _plain(plain, target, opened, standing, created)
        title = _fit(name or _name(found, target))
        signers = [read_private(source, environ=os.environ) for source in keys]
        compiled = compile_bundle(
            target.root,
            target.policy,
            opened,
            name=title,
            tier=target.tier,
            created=created,
            revision=revision,
            not_before=instant(not_before, "--not-before") if not_before else None,
            expires=_end(expires, valid_days, created),
            signers=signers,
            standing=standing,
        )
    except CheckFailed as failed:
        from guardlint.report.text import render_text

        click.echo(render_text(failed.report), nl=False)
        raise
    destination = output or Path(f"{title}.glbundle")
    write_atomic(destination, compiled.data)
    _say(destination, compiled, signed=bool(signers))
    return 0


def _end(expires: str | None, valid_days: int | None, created: datetime) -> datetime:
    from guardlint.cli.options import instant

    if expires is None:
        return created + timedelta(days=valid_days or 365)
    if valid_days is not None:
        raise UsageError("--expires and --valid-days say the same", help="give one of them")
    end = instant(expires, "--expires")
    if end <= created:
        raise UsageError(f"`--expires {expires}` is past", help="no guard would load the bundle")
    return end


def _beside(found: Targets) -> tuple[Path, ...]:
    """What else decides what is compiled: the team file, and the company's standard as it was vendored."""
    team = found.team
    return () if team is None else (team.file, team.root / "guardlint.lock", team.root / ".guardlint")


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
    if target.altered:
        first = target.altered[0]
        raise BundleError(
            f"`{first.name}` of the vendored standard is {first.how}, and a bundle is of what was published",
            place=str(first.place),
            help="run `guardlint update`",
        )
    return target


def _name(found: Targets, target: Target) -> str:
    entry = found.team.entry(target.root) if found.team is not None else None
    if entry is not None and entry.name:
        return entry.name
    return found.team.team if found.team is not None else target.root.name


def _fit(name: str) -> str:
    """The name, which goes into file names, trust stores and audit records. Raises UsageError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise UsageError(
            f"`{name if name.isprintable() else ascii(name)[1:-1]}` is no name for an application",
            help="give --name with letters, digits, '.', '_' and '-'",
        )
    return name


def _plain(folder: Path, target: Target, central: Central, standing: Standing, created: datetime) -> int:
    from guardlint.bundle.compile import checked
    from guardlint.bundle.plain import NOTICE, plain_configuration

    assert target.policy is not None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("is not empty", place=str(folder), help="name a directory that is not there yet")
    checked(target.root, target.policy, standing, created.date())
    plain = plain_configuration(target.root, target.policy, central)
    for relative, data in plain.files.items():
        file = folder / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    click.echo(f"{folder}  {len(plain.files)} files, one NeMo configuration, unsigned")
    click.echo(f"  {NOTICE}")
    for rail in plain.left_out:
        click.echo(f"  left out {rail}: it runs in the guard, not in NeMo")
    for what in plain.displaced:
        click.echo(f"  {what} gave way to the company's")
    return 0


def _say(destination: Path, compiled: Compiled, *, signed: bool) -> None:
    manifest = compiled.manifest
    engines = manifest["engines"]
    calls = manifest["llm_calls"]
    state = "" if signed else ", unsigned"
    click.echo(f"{destination}  {len(compiled.data):,} bytes, revision {manifest['revision']}{state}")
    click.echo(f"  policy   {manifest['policy']['id']}@{manifest['policy']['version']}")
    rails = ", ".join(f"{rail['id']}@{rail['version']} ({rail['direction']})" for rail in manifest["rails"])
    click.echo(f"  rails    {rails}")
    click.echo(f"  engines  company {engines['company']['uses']}, team {engines['team']['uses']}")
    click.echo(f"  calls    {calls['usual']} model calls a query for rails (at most {calls['high']})")
    ending = compiled.shortened_by
    click.echo(f"  expires  {manifest['expires']}" + (f", with the waiver {ending.id}" if ending else ""))
    for waiver in manifest["waivers"]:
        click.echo(f"  waived   {waiver['rule']} until {waiver['expires']} ({waiver['id']})")
