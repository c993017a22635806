"""The team's half of a bundle: the files of its directory as they are, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from guardlint.bundle.container import MAX_ARCHIVE_BYTES, MAX_FILES
from guardlint.errors import BundleError
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.walk import railsignore

__all__ = ["team_files"]

# Python writes it when the code is run, for one version of Python; NeMo reads nothing in it, and what Python
# would run from it is not what anybody has read.
_COMPILED = "__pycache__"
_IGNORE = ".railsignore"


def team_files(team: Configuration) -> dict[str, bytes]:
    """The content of every file by its path from the configuration's root, with ``/``.

    Raises BundleError for what a bundle cannot carry: imports from outside, more than fits, what is no file
    or cannot be read.
    """
    paths = dict(_paths(team))
    if len(paths) > MAX_FILES:
        raise BundleError(
            f"{len(paths)} files are too many, at most {MAX_FILES} fit into a bundle", place=str(team.root)
        )
    files: dict[str, bytes] = {}
    left = MAX_ARCHIVE_BYTES
    for relative, path in paths.items():
        files[relative] = _content(path, left)
        left -= len(files[relative])
    return files


def _paths(team: Configuration) -> Iterator[tuple[str, Path]]:
    for file in team.files:
        if file.source == 0 and _COMPILED not in file.relative.split("/"):
            yield file.relative, file.path
        elif file.source != 0 and not file.path.resolve().is_relative_to(team.root.resolve()):
            raise BundleError(
                "is imported from outside the configuration, and a bundle carries its directory only",
                place=str(file.path),
                help="copy what is imported into the directory",
            )
    ignore, _ = railsignore(team.root)
    if ignore is not None and not (team.root / _IGNORE).exists():
        # NeMo looks for the file upwards from the configuration; inside a bundle there is no upwards.
        yield _IGNORE, ignore


def _content(path: Path, left: int) -> bytes:
    """The file, never more of it than fits; a pipe or a device, which may never end, is not opened."""
    try:
        if not path.is_file():
            raise BundleError("is no plain file, and a bundle carries nothing else", place=str(path))
        with path.open("rb") as stream:
            content = stream.read(left + 1)
    except OSError as error:
        raise BundleError(f"cannot be read: {error.strerror or error}", place=str(path)) from None
    if len(content) > left:
        raise BundleError(
            f"does not fit: at most {MAX_ARCHIVE_BYTES} bytes fit into a bundle",
            place=str(path),
            help="keep large files outside the configuration's directory",
        )
    return content
