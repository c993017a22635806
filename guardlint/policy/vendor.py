"""The vendored central repository: ``.guardlint/central``, pinned file by file in ``guardlint.lock``.

Here it is read and held against the lock, offline. ``guardlint update`` writes both.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from guardlint.errors import ConfigError
from guardlint.policy.central_source import SOURCE_KEYS, CentralSource
from guardlint.policy.documents import validate
from guardlint.source.files import read_text
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = [
    "LOCK_FILE",
    "VENDORED",
    "Altered",
    "Lock",
    "altered",
    "digest_of_file",
    "digest_of_listing",
    "open_vendored",
    "read_lock",
    "vendored_files",
]

LOCK_FILE = "guardlint.lock"
VENDORED = Path(".guardlint", "central")

_JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_UPDATE = "run `guardlint update`, and commit what it writes"


@record
class Lock:
    """What ``guardlint.lock`` says: the source as the team file had it, and the digest of every file.

    ``commit`` is the one that a tag named, ``archive`` the digest of an archive, ``signed_by`` ids of keys.
    """

    file: Path
    source: Mapping[str, str]
    digest: str
    files: Mapping[str, str]
    commit: str | None = None
    archive: str | None = None
    signed_by: tuple[str, ...] = ()
    text: str = ""


@record
class Altered:
    """A vendored file that is not the pinned one. ``place`` is in it, or in the lock where it is missing."""

    name: str
    how: Literal["changed", "missing", "added"]
    place: Place


def digest_of_file(content: bytes) -> str:
    """``sha256:…`` of the content with its line ends as ``\\n``: git may write others into a work tree."""
    plain = content.replace(b"\r\n", b"\n")
    return f"sha256:{hashlib.sha256(plain).hexdigest()}"


def digest_of_listing(files: Mapping[str, str]) -> str:
    """``sha256:…`` of the sorted listing ``<digest>  <path>\\n``."""
    listing = "".join(
        f"{files[name].removeprefix('sha256:')}  {name}\n" for name in sorted(files, key=str.encode)
    )
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def read_lock(root: Path) -> Lock | None:
    """The lock file in ``root``, the team file's folder; None where there is none. Raises ConfigError."""
    path = root / LOCK_FILE
    if not path.is_file():
        return None
    text, data = _json(path)
    mistake = validate(data, "lock")
    if mistake is not None:
        place = _at(path, text, str(mistake.path[-1]) if mistake.path else "")
        raise ConfigError(mistake.message, place=str(place), help=mistake.help or _UPDATE)
    central = data["central"]
    files = dict(central["files"])
    if digest_of_listing(files) != central["digest"]:
        place = _at(path, text, "digest")
        raise ConfigError("the digest is not that of the files below it", place=str(place), help=_UPDATE)
    return Lock(
        file=path,
        source=dict(central["source"]),
        digest=central["digest"],
        files=files,
        commit=central.get("commit"),
        archive=central.get("archive"),
        signed_by=tuple(central.get("signed_by", ())),
        text=text,
    )


def open_vendored(root: Path, source: CentralSource, place: str) -> Path:
    """The folder of the vendored central repository of the team at ``root``.

    Raises ConfigError, at ``place`` (``central`` of the team file), where there is none, or no lock, or the
    lock names another source.
    """
    folder = root / VENDORED
    lock = read_lock(root)
    if lock is None:
        raise ConfigError(f"there is no {LOCK_FILE} that pins {source}", place=place, help=_UPDATE)
    if dict(lock.source) != source.data():
        theirs = CentralSource(**{name: lock.source.get(name) for name in SOURCE_KEYS})
        raise ConfigError(f"{LOCK_FILE} pins {theirs}, and this is {source}", place=place, help=_UPDATE)
    if not folder.is_dir():
        raise ConfigError(f"there is no {VENDORED.as_posix()}", place=place, help=_UPDATE)
    return folder


def altered(root: Path) -> tuple[Altered, ...]:
    """The vendored files of the team at ``root`` that are not the pinned ones, sorted by name.

    Raises ConfigError for a lock that cannot be read.
    """
    lock = read_lock(root)
    if lock is None:
        return ()
    there = vendored_files(root / VENDORED)
    found = []
    for name in sorted({*there, *lock.files}):
        path = root / VENDORED / name
        at_file = Place.at(str(path), 1, 1, 1)
        if name not in lock.files:
            found.append(Altered(name, "added", at_file))
        elif name not in there:
            found.append(Altered(name, "missing", _at(lock.file, lock.text, name)))
        elif there[name] != lock.files[name]:
            found.append(Altered(name, "changed", at_file))
    return tuple(found)


def vendored_files(folder: Path) -> dict[str, str]:
    """Digest by path (with ``/``) of everything below ``folder``; a link has one that no file has."""
    found: dict[str, str] = {}
    for above, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        for name in _names(names, links):
            path = Path(above) / name
            digest = "a link" if path.is_symlink() else digest_of_file(path.read_bytes())
            found[path.relative_to(folder).as_posix()] = digest
    return found


def _json(path: Path) -> tuple[str, Any]:
    """Text and data of the lock, which guardlint writes as JSON: much faster to read than YAML."""
    try:
        text = read_text(path)
        return text, json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read: {getattr(error, 'strerror', None) or error}", place=str(path)
        ) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ConfigError(
            "is no JSON, which `guardlint update` writes", place=f"{path}:{line}", help=_UPDATE
        ) from None


def _at(path: Path, text: str, key: str) -> Place:
    """Where a key stands, or the first line."""
    at = max(text.find(f'"{key}"'), 0)
    return Place.at(
        str(path), text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1, len(key) + 2
    )


def _names(*lists: Iterable[str]) -> list[str]:
    return sorted(name for names in lists for name in names if name not in _JUNK)
