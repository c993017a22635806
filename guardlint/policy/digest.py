"""One digest for a set of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

__all__ = ["digest_of"]


def digest_of(files: Mapping[str, bytes]) -> str:
    """``sha256:…`` of the sorted listing ``<sha256 of the content>  <path>\\n`` of ``files``.

    Anyone can repeat it: ``sha256sum`` of the files in byte order of their names, piped into ``sha256sum``.
    """
    listing = hashlib.sha256()
    for path in sorted(files, key=str.encode):
        listing.update(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n".encode())
    return f"sha256:{listing.hexdigest()}"
