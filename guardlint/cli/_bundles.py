"""Bundles that a command looks into: vouched for by a trust store, or expressly by nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from guardlint.errors import UsageError, VerificationError

if TYPE_CHECKING:
    from guardlint.bundle.contents import Contents

__all__ = ["Seen", "look_into"]


class Seen(NamedTuple):
    """A bundle's contents. ``signed_by``: ids of trusted keys, None where nobody was asked.

    ``claimed``: ids of keys that it names as its signers, which proves nothing. ``refused``: why a guard with
    this trust store would not run it now, or None.
    """

    contents: Contents
    size: int
    signed_by: tuple[str, ...] | None
    refused: str | None
    claimed: tuple[str, ...]


def look_into(path: Path, trust: Path | None, *, unverified: bool) -> Seen:
    """Read a bundle. Raises VerificationError where it is not whole or not signed by a trusted key."""
    from guardlint.bundle.contents import Contents, claimed_signers, read_bundle, read_contents
    from guardlint.bundle.verify import vouched
    from guardlint.cli.options import now, trust_source

    if unverified and trust is not None:
        raise UsageError("--trust and --unverified contradict each other", help="leave one out")
    if not unverified and trust is None and not os.environ.get("GUARDLINT_TRUST"):
        raise UsageError(
            "nobody is named who vouches for the bundle",
            help="give --trust PATH, or --unverified to look into it all the same",
        )
    try:
        data = read_bundle(path)
        if unverified:
            return Seen(read_contents(data), len(data), None, None, claimed_signers(data))
        bundle, refused = vouched(data, trust_source(trust), now=now())
    except VerificationError as error:
        raise VerificationError(error.message, place=str(path), help=error.help) from None
    contents = Contents(bundle.manifest, bundle.plan, bundle.files, bundle.digest)
    return Seen(contents, len(data), bundle.key_ids, refused, bundle.key_ids)
