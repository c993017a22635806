"""``guardlint verify``."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint verify app.glbundle --trust release.pub
  guardlint verify app.glbundle --trust trust.yml --name claims
  GUARDLINT_TRUST=trust.yml guardlint verify app.glbundle

\b
Where trust.yml names a file under `revisions`, or --revisions does, the revision is recorded there, and an
older bundle is refused from then on.
Exit codes: 0 the bundle may be run, 1 it must not be trusted, 2 wrong arguments or trust store."""


@click.command("verify", epilog=_EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Public key, folder of keys or trust.yml.",
)
@click.option("--name", metavar="NAME", help="The application that the bundle must be of.")
@click.option(
    "--revisions",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where the last revision accepted is recorded.",
)
def command(bundle: Path, trust: Path | None, name: str | None, revisions: Path | None) -> int:
    """Say whether a bundle is whole, signed by a trusted key, in date, and what is in it."""
    from guardlint.bundle.trust import Trust, load_trust
    from guardlint.bundle.verify import verify_bundle
    from guardlint.cli.options import now, trust_source

    here = Trust(
        {}, applications=frozenset({name}) if name else None, revisions=(revisions,) if revisions else ()
    )
    verified = verify_bundle(bundle, load_trust([trust_source(trust), here]), now=now())
    manifest = verified.manifest
    policy = manifest["policy"]
    click.echo(f"{bundle}: verified")
    click.echo(f"  name     {manifest['name']}, revision {manifest['revision']}")
    click.echo(f"  policy   {policy['id']}@{policy['version']}" + _tier(manifest["tier"]))
    click.echo(f"  signed   by {', '.join(identity[:16] for identity in verified.key_ids)}")
    click.echo(f"  made     {manifest['created']}, expires {manifest['expires'] or 'never'}")
    click.echo(f"  digest   sha256:{verified.digest}")
    return 0


def _tier(tier: str | None) -> str:
    return f", tier {tier}" if tier else ""
