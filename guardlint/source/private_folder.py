"""A folder of the user's that nobody else may write: what is kept in it can be believed.

Nothing but ``os`` is imported: the cache is asked before anything else.
"""

from __future__ import annotations

import os

__all__ = ["is_private", "make_private", "write_whole"]

_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# A cache of guardlint: it may be deleted.\n"


def make_private(folder: str) -> None:
    """Make the folder, and say in it that it is a cache. Raises OSError."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)  # noqa: PTH103, PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        os.mkdir(folder, 0o700)  # noqa: PTH102
        write_whole(os.path.join(folder, "CACHEDIR.TAG"), _TAG)  # noqa: PTH118


def write_whole(path: str, data: bytes) -> None:
    """Write beside and rename into place; nobody else can read it. Raises OSError."""
    beside = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(beside, flags, 0o600), "wb") as stream:
            stream.write(data)
        os.replace(beside, path)  # noqa: PTH105
    except OSError:
        if os.path.exists(beside):  # noqa: PTH110
            os.unlink(beside)  # noqa: PTH108
        raise


def is_private(folder: str) -> bool:
    """Whether the folder is the user's and nobody else may write it."""
    try:
        found = os.stat(folder)  # noqa: PTH116
    except OSError:
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
