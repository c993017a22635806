"""``guardlint sign``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.errors import UsageError, VerificationError

if TYPE_CHECKING:
    from guardlint.bundle.keys import PublicKey, Signer

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint sign app.glbundle --key release.key
  guardlint sign app.glbundle --key env:SIGNING_KEY --trust old.pub       to rotate a key
  guardlint sign app.glbundle --public hsm.pub --signer "my-hsm-client sign --slot 3"

\b
With the key on another machine, in two steps:
  guardlint sign app.glbundle --public hsm.pub --message app.message
  guardlint sign app.glbundle --public hsm.pub --signature app.sig

\b
A signer gets the message (DSSE's pre-authentication encoding) on standard input and writes the 64 bytes of
the Ed25519 signature, or those in base64, to standard output. Nothing is hashed before.
Exit codes: 0 signed, 1 the bundle is not whole or the signature does not fit, 2 wrong arguments or key."""


@click.command("sign", epilog=_EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--key", "keys", metavar="FILE", multiple=True, help="Private key, or env:NAME (repeatable).")
@click.option("--public", "publics", metavar="FILE", multiple=True, help="Public key of an external signer.")
@click.option("--signer", metavar="COMMAND", help="A command that signs with the key of --public.")
@click.option(
    "--message", metavar="FILE", type=click.Path(path_type=Path), help="Write what is to be signed, and stop."
)
@click.option(
    "--signature",
    "signatures",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The signature of that message, one for each --public in their order.",
)
@click.option(
    "--trust",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Sign only what these keys have signed before.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="[default: in place]")
def command(
    bundle: Path,
    keys: tuple[str, ...],
    publics: tuple[str, ...],
    signer: str | None,
    message: Path | None,
    signatures: tuple[Path, ...],
    trust: Path | None,
    output: Path | None,
) -> int:
    """Sign a bundle: one that is not signed yet, or anew with other keys.

    All who sign do so at once, since the signed statement names every signer; what was signed before loses
    its signatures. The bundle is read and must be whole before anybody signs it.
    """
    from guardlint.bundle.contents import read_bundle
    from guardlint.bundle.keys import key_id, read_private, read_public
    from guardlint.bundle.seal import message_to_sign, sign_bundle
    from guardlint.bundle.verify import verify_bundle
    from guardlint.cli.options import now
    from guardlint.source.files import write_atomic

    moment = now()
    own = [read_private(source, environ=os.environ) for source in keys]
    others = [read_public(source, environ=os.environ) for source in publics]
    everybody: list[Signer] = [*own, *_signers(others, signer, signatures, message)]
    if not own and not others:
        raise UsageError("say who signs", help="give --key FILE, or --public FILE with --signer COMMAND")
    try:
        data = read_bundle(bundle)
        if trust is not None:
            verify_bundle(data, trust, now=moment)
        if message is not None:
            write_atomic(message, message_to_sign(data, [*(key.public for key in own), *others], now=moment))
        else:
            write_atomic(output or bundle, sign_bundle(data, everybody, now=moment))
    except VerificationError as error:
        raise VerificationError(error.message, place=str(bundle), help=error.help) from None
    if message is not None:
        click.echo(f"{message}  to be signed by each of {len(own) + len(others)} keys, then --signature")
        return 0
    names = ", ".join(sorted(key_id(one.public)[:16] for one in everybody))
    click.echo(f"{output or bundle}: signed by {names}")
    return 0


def _signers(
    others: list[PublicKey], signer: str | None, signatures: tuple[Path, ...], message: Path | None
) -> list[Signer]:
    """Those who keep their keys to themselves, each with the public key that checks what they give."""
    from guardlint.bundle.signers import CommandSigner, GivenSignature, signature_from

    if sum((signer is not None, bool(signatures), message is not None)) > 1:
        raise UsageError("--signer, --signature and --message are three ways to sign", help="choose one")
    if signer is not None:
        if len(others) != 1:
            raise UsageError("--signer signs with one key", help="give its --public FILE, once")
        return [CommandSigner(others[0], signer)]
    if message is not None:
        return []
    if len(signatures) != len(others):
        raise UsageError(
            f"{len(others)} public keys and {len(signatures)} signatures",
            help="give one --signature FILE for each --public FILE, in their order",
        )
    return [
        GivenSignature(key, signature_from(_content(path), str(path)))
        for key, path in zip(others, signatures, strict=True)
    ]


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4097)
    except OSError as error:
        raise UsageError(f"cannot read the signature: {error.strerror}", place=str(path)) from None
