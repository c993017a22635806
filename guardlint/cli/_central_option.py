"""A central repository named on the command line: a folder, git at a tag, or an archive."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guardlint.errors import UsageError
from guardlint.policy.central_source import CentralSource, central_source

__all__ = ["fetched_central", "named_source"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")


def named_source(
    text: str | None, key: str | None, digest: str | None, option: str, folder: Path
) -> CentralSource | None:
    """``../standards``, ``https://host/standards.git@v1.2.0`` or ``../standards.tar`` with its key or digest.

    Paths are written from the working directory and returned as seen from ``folder``. Raises UsageError and
    ConfigError, naming ``option``.
    """
    if text is None:
        if key is not None or digest is not None:
            raise UsageError("--key and --digest are for an archive", help=f"name it with {option}")
        return None
    if key is not None or digest is not None:
        data = {
            "archive": _from(folder, text),
            "key": _from(folder, key) if key else None,
            "digest": digest,
        }
        return central_source({name: value for name, value in data.items() if value}, option)
    address, at, tag = text.rpartition("@")
    if at and "/" in address and not tag.endswith(".git") and ":" not in tag and not Path(text).is_dir():
        return central_source({"git": _from(folder, address), "tag": tag}, option)
    if "://" in text or text.endswith(_ARCHIVES):
        raise UsageError(
            f"`{option} {text}` does not say which version",
            help="name a tag, as in https://host/standards.git@v1.2.0; an archive has a --key or a --digest",
        )
    return central_source({"path": _from(folder, text)}, option)


@contextmanager
def fetched_central(
    text: str | None, key: str | None, digest: str | None, option: str = "--central"
) -> Iterator[Path | None]:
    """The folder with what ``text`` names, for as long as the block lasts; None where it names nothing.

    A folder is read where it is; anything else is fetched as ``guardlint update`` does it, and taken only if
    it composes. Raises GuardlintError where it cannot be had or is not to be trusted.
    """
    from guardlint.cli._vendoring import fetch, must_compose, write_files
    from guardlint.source.clock import now

    source = named_source(text, key, digest, option, Path.cwd())
    if source is None or source.path is not None:
        yield None if text is None else Path(text)
        return
    with tempfile.TemporaryDirectory(prefix="guardlint-central-") as folder:
        place = Path(folder).resolve()
        write_files(place, fetch(source, Path.cwd(), option, now()).files)
        must_compose(place)
        yield place


def _from(folder: Path, text: str) -> str:
    """A path of the working directory as seen from ``folder``; an address as it is."""
    if ":" in text or Path(text).is_absolute():
        return text
    return Path(os.path.relpath(text, folder)).as_posix()
