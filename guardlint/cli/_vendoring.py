"""Fetching a central repository, saying what it changes, and writing it down with its lock."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from guardlint.bundle.published import accepted
from guardlint.cli._fetch_archive import fetch_archive
from guardlint.cli._fetch_git import fetch_git
from guardlint.errors import ConfigError, GuardlintError, VerificationError
from guardlint.policy.central import Central
from guardlint.policy.central_source import CentralSource
from guardlint.policy.controls import known_controls
from guardlint.policy.economy import read_economy
from guardlint.policy.vendor import LOCK_FILE, VENDORED, digest_of_file, digest_of_listing
from guardlint.source.clock import now
from guardlint.source.files import write_atomic
from guardlint.source.record import record

__all__ = [
    "Fetched",
    "fetch",
    "must_compose",
    "refuse_moved",
    "same_as_locked",
    "write_files",
    "write_vendored",
]


@record
class Fetched:
    """The files of a central repository (path with ``/`` -> content), and how one can know them again."""

    files: Mapping[str, bytes]
    commit: str | None = None
    archive: str | None = None
    signed_by: tuple[str, ...] = ()

    def lock(self, source: CentralSource) -> dict[str, Any]:
        """The content of the lock file."""
        digests = {name: digest_of_file(content) for name, content in sorted(self.files.items())}
        central: dict[str, Any] = {"source": source.data()}
        if self.commit is not None:
            central["commit"] = self.commit
        if self.archive is not None:
            central["archive"] = self.archive
        if self.signed_by:
            central["signed_by"] = list(self.signed_by)
        central |= {"digest": digest_of_listing(digests), "files": digests}
        return {"schema": "guardlint/lock/v1", "central": central}


def fetch(source: CentralSource, root: Path, place: str, now: datetime) -> Fetched:
    """What ``source`` holds today. ``root`` is the team file's folder, ``place`` where it names the source.

    Raises ConfigError where it cannot be had and VerificationError where it is not to be trusted.
    """
    if source.git is not None:
        assert source.tag is not None
        address = source.git
        if "://" not in address and ":" not in address:
            address = str((root / address).resolve())
        files, commit = fetch_git(address, source.tag, source.subfolder, place)
        return Fetched(accepted(files, source.subfolder), commit=commit)
    files, digest, signed_by = fetch_archive(source, root, place, now)
    return Fetched(accepted(files, source.subfolder), archive=digest, signed_by=signed_by)


def must_compose(folder: Path) -> Central:
    """The central repository in ``folder``, every document of which is right. Raises ConfigError."""
    central = Central.open(folder)
    for name in central.policies():
        central.policy(name)
    for name in central.rails():
        central.rail(name)
    for tier in central.tiers():
        central.policy(central.tier_policy(tier))
    central.waivers()
    read_economy((folder,), now().date())
    known_controls(folder)
    return central


def same_as_locked(lock: Mapping[str, Any], text: str | None) -> bool:
    """Whether the lock file's ``text`` says the same as ``lock``."""
    if text is None:
        return False
    try:
        return bool(json.loads(text) == lock)
    except ValueError:
        return False


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file below ``folder``. Raises OSError."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_vendored(root: Path, fetched: Fetched, source: CentralSource) -> None:
    """Put the files in place, all or none, and then the lock. Raises GuardlintError."""
    folder = root / VENDORED
    if any(path.is_symlink() for path in (folder, folder.parent)):
        raise ConfigError("is a link, and what it leads to is not written", place=str(folder))
    try:
        folder.parent.mkdir(exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".central-", dir=folder.parent))
        try:
            (aside / "new").mkdir()
            write_files(aside / "new", fetched.files)
            if folder.exists():
                folder.replace(aside / "old")
            try:
                (aside / "new").replace(folder)
            except OSError:
                with suppress(OSError):
                    (aside / "old").replace(folder)
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise GuardlintError(f"cannot write: {error.strerror or error}", place=str(folder)) from None
    lock = json.dumps(fetched.lock(source), indent=2, ensure_ascii=False) + "\n"
    write_atomic(root / LOCK_FILE, lock.encode())


def refuse_moved(source: CentralSource, fetched: Fetched, text: str | None) -> None:
    """Refuse a tag that names another commit than the lock says. Raises VerificationError."""
    if text is None or source.git is None:
        return
    with suppress(ValueError, KeyError, TypeError):
        pinned = json.loads(text)["central"]
        if pinned["source"] == source.data() and pinned["commit"] != fetched.commit:
            raise VerificationError(
                f"the tag {source.tag} named commit {pinned['commit'][:12]}, and names {fetched.commit} now",
                place=source.git,
                help="ask who moved it; if that was meant, `guardlint update --accept-moved-tag`",
            )
