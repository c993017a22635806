"""``guardlint publish``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from guardlint.cli.options import now

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint publish --key release.key -o standards-1.2.0.tar
  guardlint publish ../standards --key env:SIGNING_KEY -o standards-1.2.0.tar

\b
Put both files on an HTTPS server or a share. The same files and SOURCE_DATE_EPOCH give the same bytes.
Exit codes: 0 written, 1 it cannot be published, 2 wrong arguments, key or documents."""


@click.command("publish", epilog=_EPILOG)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path()
)
@click.option("--key", "keys", metavar="FILE", multiple=True, help="Private key, or env:NAME (repeatable).")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="Such as x-1.0.tar.",
)
def command(folder: Path, keys: tuple[str, ...], output: Path) -> int:
    """Pack a central repository into one archive, and sign it.

    FOLDER holds policies/ and rails/; every document in it must be right. The signature stands beside the
    archive, as FILE.sig.
    """
    import hashlib

    from guardlint.bundle.container import pack
    from guardlint.bundle.keys import key_id, read_private
    from guardlint.bundle.published import accepted, sign_archive
    from guardlint.cli._vendoring import must_compose
    from guardlint.errors import UsageError
    from guardlint.source.files import write_atomic

    if not keys:
        raise UsageError("say who signs it", help="give --key FILE (see guardlint keygen)")
    must_compose(folder)
    signers = [read_private(source, environ=os.environ) for source in keys]
    archive = pack(accepted(_files(folder), None), mtime=int(now().timestamp()))
    write_atomic(output, archive)
    write_atomic(output.with_name(f"{output.name}.sig"), sign_archive(archive, output.name, signers))
    click.echo(f"{output}  {len(archive):,} bytes, sha256:{hashlib.sha256(archive).hexdigest()}")
    for signer in signers:
        click.echo(f"  signed   by {key_id(signer.public)[:16]}, in {output.name}.sig")
    return 0


def _files(folder: Path) -> dict[str, bytes]:
    """Every file below the two folders but hidden ones. Raises UsageError for a link."""
    from guardlint.errors import UsageError

    found: dict[str, bytes] = {}
    for top in ("policies", "rails"):
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder)
            if any(part.startswith(".") or part == "__pycache__" for part in name.parts):
                continue
            if path.is_symlink():
                raise UsageError("is a link, and an archive holds files only", place=str(path))
            if path.is_file():
                found[name.as_posix()] = path.read_bytes()
    return found
