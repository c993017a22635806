"""``guardlint keygen``."""

from __future__ import annotations

import os
from pathlib import Path

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint keygen                      writes guardlint.key and guardlint.pub
  guardlint keygen release/claims       writes release/claims.key and release/claims.pub
  guardlint keygen --id release.pub     the id of a key, as trust.yml and audit records name it

\b
Exit codes: 0 written, 2 a file is there already, or is no key."""


@click.command("keygen", epilog=_EPILOG)
@click.argument("base", type=click.Path(path_type=Path), default=Path("guardlint"))
@click.option("--id", "public_key", metavar="FILE", help="Make no key: print the id of this public one.")
def command(base: Path, public_key: str | None) -> int:
    """Make an Ed25519 key pair to sign bundles with.

    BASE is the path without its ending. The private key goes where bundles are compiled and nowhere else;
    the public key goes to everybody who loads them. Neither file is ever overwritten.
    """
    from guardlint.bundle.keys import generate, key_id, read_public, write_pair

    if public_key is not None:
        click.echo(key_id(read_public(public_key, environ=os.environ)))
        return 0
    private, public = base.with_name(base.name + ".key"), base.with_name(base.name + ".pub")
    key = generate()
    write_pair(private, public, key)
    click.echo(f"{private}  private: sign with it (guardlint compile --key {private})")
    click.echo(f"{public}  public: trust it (guardlint verify --trust {public})")
    click.echo(f"key {key_id(key.public)}")
    return 0
