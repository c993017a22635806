"""Entries of the cache on disk: found by key, whole or not at all, few enough.

An entry is what was asked with the answers, one a line, then what the run wrote. It begins with a digest of
itself, so that half an entry, or somebody else's file, counts as none. Entries are written beside and renamed
into place: processes that run at once cannot harm one another. Only a folder that belongs to the user and
that nobody else may write is used: who can write entries can hide findings.
"""

from __future__ import annotations

import os
import sys

from guardlint.lint.cache_inputs import digest
from guardlint.source.private_folder import is_private, make_private, write_whole

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_BYTES", "MOST_ENTRIES", "Remembered", "cache_folder", "read_entry", "write_entry"]

MOST_ENTRIES = 256
MOST_BYTES = 64 << 20
"""Of the whole folder; of one entry a quarter."""

_MAGIC = "guardlint run 1"


class Remembered:
    """One run: every question with its answer, the streams that it wrote, its files, its exit code."""

    __slots__ = ("answers", "code", "files", "streams")

    def __init__(
        self,
        answers: list[tuple[str, str, str]],
        streams: list[tuple[int, bytes]],
        files: list[tuple[str, bytes]],
        code: int,
    ) -> None:
        self.answers = answers
        self.streams = streams
        self.files = files
        self.code = code


def cache_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str | None:
    """``GUARDLINT_CACHE_DIR``, else guardlint's folder among the user's caches; None without a home."""
    given = environ.get("GUARDLINT_CACHE_DIR")
    if given:
        return os.path.abspath(given)  # noqa: PTH100 - pathlib is not imported yet
    home = os.path.expanduser("~")  # noqa: PTH111
    if platform == "win32":
        base = environ.get("LOCALAPPDATA", "")
    elif environ.get("XDG_CACHE_HOME", "").startswith("/"):
        base = environ["XDG_CACHE_HOME"]
    elif home.startswith("/"):
        base = f"{home}/Library/Caches" if platform == "darwin" else f"{home}/.cache"
    else:
        base = ""
    return os.path.join(base, "guardlint") if base else None  # noqa: PTH118


def read_entry(folder: str, key: str) -> Remembered | None:
    """The entry with this key; None where there is none, or none to be trusted."""
    if not is_private(folder):
        return None
    try:
        with open(_file(folder, key), "rb") as stream:  # noqa: PTH123
            data = stream.read(MOST_BYTES)
    except OSError:
        return None
    head, _, body = data.partition(b"\n")
    if head != f"{_MAGIC} {digest(body)}".encode():
        return None
    try:
        return _parsed(body)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError):
        return None


def _parsed(body: bytes) -> Remembered:
    listed, _, rest = body.partition(b"\n\n")
    answers = []
    for line in listed.decode("utf-8", "surrogateescape").split("\n"):
        kind, answer, name = line.split(" ", 2)
        answers.append((kind, name, answer))
    streams: list[tuple[int, bytes]] = []
    files: list[tuple[str, bytes]] = []
    while True:
        head, _, rest = rest.partition(b"\n")
        what, size, name = head.decode("utf-8", "surrogateescape").split(" ", 2)
        if what == "code":
            return Remembered(answers, streams, files, int(size))
        data, rest = rest[: int(size)], rest[int(size) :]
        if what == "stream":
            streams.append((int(name), data))
        else:
            files.append((name, data))


def write_entry(folder: str, key: str, entry: Remembered) -> None:
    """Write an entry where that is possible; where it is not, nothing happens."""
    names = [name for _, name, _ in entry.answers] + [name for name, _ in entry.files]
    if any("\n" in name for name in names) or not entry.answers:
        return
    lines = "\n".join(f"{kind} {answer} {name}" for kind, name, answer in entry.answers)
    parts = [lines.encode("utf-8", "surrogateescape"), b"\n\n"]
    for what, name, data in (
        *(("stream", str(number), data) for number, data in entry.streams),
        *(("file", name, data) for name, data in entry.files),
    ):
        parts += [f"{what} {len(data)} {name}\n".encode("utf-8", "surrogateescape"), data]
    parts.append(f"code {entry.code} \n".encode())
    body = b"".join(parts)
    if len(body) > MOST_BYTES // 4:
        return
    try:
        make_private(folder)
        if is_private(folder):
            write_whole(_file(folder, key), f"{_MAGIC} {digest(body)}\n".encode() + body)
            _leave_few(folder)
    except OSError:
        return


def _leave_few(folder: str) -> None:
    """Delete the entries that were used longest ago until few enough are left."""
    with os.scandir(folder) as entries:
        found = [(item.stat(), item.path) for item in entries if ".run" in item.name]
    found.sort(key=lambda pair: pair[0].st_mtime, reverse=True)
    kept = 0
    for number, (facts, path) in enumerate(found):
        kept += facts.st_size
        if number and (number >= MOST_ENTRIES or kept > MOST_BYTES):
            os.unlink(path)  # noqa: PTH108


def _file(folder: str, key: str) -> str:
    return os.path.join(folder, f"{key}.run")  # noqa: PTH118
