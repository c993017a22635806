"""``guardlint inspect``."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint inspect app.glbundle --trust trust.yml
  guardlint inspect app.glbundle --unverified
  guardlint inspect app.glbundle --trust release.pub --format json

\b
Shown is also what may not run any more, or not yet: `guardlint verify` says whether a guard loads it.
Exit codes: 0 shown, 1 not whole or not signed by a trusted key, 2 wrong arguments or trust store."""


@click.command("inspect", epilog=_EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--trust", metavar="PATH", type=click.Path(path_type=Path), help="Who must have signed it.")
@click.option("--unverified", is_flag=True, help="Look into it whoever signed it, or nobody.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(bundle: Path, trust: Path | None, unverified: bool, form: str) -> int:
    """Say what is in a bundle: what happens to a message, which models are asked, what it costs."""
    import json

    from guardlint.bundle.described import contents_data, described, fit
    from guardlint.cli._bundles import look_into

    seen = look_into(bundle, trust, unverified=unverified)
    if form == "json":
        trusted = {"signed_by": list(seen.signed_by), "refused": seen.refused} if seen.signed_by else None
        click.echo(json.dumps({**contents_data(seen.contents), "trusted": trusted}, indent=2))
        return 0
    click.echo(f"{bundle}  {seen.size:,} bytes")
    if seen.signed_by is None:
        names = ", ".join(fit(identity)[:16] for identity in seen.claimed)
        claim = f"it says that {names} signed it" if names else "it is not signed"
        click.echo(f"  not verified: nobody vouches for what follows; {claim}")
    else:
        names = ", ".join(identity[:16] for identity in seen.signed_by)
        click.echo(
            f"  signed by {names}; " + (f"not to be run: {seen.refused}" if seen.refused else "may be run")
        )
    click.echo("")
    for line in described(seen.contents):
        click.echo(line)
    return 0
