"""A central repository as an archive: a file, or from an HTTPS server; nothing is read before it is known."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import IO

from guardlint.bundle.container import MAX_ENVELOPE_BYTES
from guardlint.bundle.published import MAX_BYTES, unpack_any, verify_archive
from guardlint.errors import ConfigError, GuardlintError, VerificationError
from guardlint.policy.central_source import CentralSource

__all__ = ["fetch_archive"]

_SECONDS = 60


def fetch_archive(
    source: CentralSource, root: Path, place: str, now: datetime
) -> tuple[dict[str, bytes], str, tuple[str, ...]]:
    """The files of the archive, its digest, and the ids of the keys that signed it.

    Raises ConfigError, at ``place``, where it cannot be had, VerificationError where it is another one than
    was pinned or signed, RuntimeUnavailable where a signature counts and ``cryptography`` is not installed.
    """
    assert source.archive is not None
    archive = _read(source.archive, root, MAX_BYTES, place)
    digest = f"sha256:{hashlib.sha256(archive).hexdigest()}"
    signed_by: tuple[str, ...] = ()
    try:
        if source.digest is not None and digest != source.digest:
            raise VerificationError(f"archive has the digest {digest}, and the team file pins another")
        if source.key is not None:
            from guardlint.bundle.trust import load_trust

            envelope = _read(_signature(source.archive), root, MAX_ENVELOPE_BYTES, place)
            signed_by = verify_archive(archive, envelope, load_trust(root / source.key), now)
        return unpack_any(archive), digest, signed_by
    except VerificationError as error:
        raise VerificationError(error.message, place=source.archive, help=error.help) from None


def _signature(address: str) -> str:
    """The address of the signature, before a query if there is one."""
    before, mark, after = address.partition("?")
    return f"{before}.sig{mark}{after}"


def _read(address: str, root: Path, most: int, place: str) -> bytes:
    try:
        with _open(address, root) as stream:
            data = stream.read(most + 1)
    except urllib.error.HTTPError as error:
        raise ConfigError(f"{address} answers {error.code}", place=place, help="check the address") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read {address}: {reason}", place=place, help="check the address") from None
    if len(data) > most:
        raise VerificationError(f"{address} is larger than {most} bytes", place=place)
    return data


def _open(address: str, root: Path) -> IO[bytes]:
    if not address.startswith("https://"):
        return (root / address).open("rb")
    request = urllib.request.Request(address, headers={"User-Agent": "guardlint"})  # noqa: S310  https, as above
    stream: IO[bytes] = urllib.request.build_opener(_OnlyHttps).open(request, timeout=_SECONDS)
    return stream


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to anything but HTTPS."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != "https":
            raise GuardlintError(f"{req.full_url} redirects to what is not HTTPS", place=newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
