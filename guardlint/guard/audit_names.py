"""The files of a log: ``audit.jsonl`` is written to; full ones are ``audit.000001.jsonl`` and so on.

Sorted by name they are in the order in which they were written, the one written to last.  Full ones may be
packed by gzip.
"""

from __future__ import annotations

import gzip
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guardlint.errors import GuardlintError, NothingToCheck

__all__ = ["files_of", "full_name", "newest_full", "open_file"]

_NUMBER: Final = re.compile(r"\.([0-9]{6,})\Z")
_ENDS: Final = (".jsonl", ".jsonl.gz")


def full_name(path: Path) -> Path:
    """What ``path`` is called once it is full: the next free number."""
    number = max(_full(path), default=0) + 1
    return path.with_name(f"{path.stem}.{number:06d}{path.suffix}")


def newest_full(path: Path) -> Path | None:
    """The full file that was written before ``path``."""
    full = _full(path)
    return full[max(full)] if full else None


def open_file(path: Path) -> io.BufferedReader:
    """Open for reading, packed or not.  Raises OSError."""
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"))
    return path.open("rb")


def files_of(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Every file that ``paths`` mean, each once, sorted by folder, log and age.

    A folder means the logs in it; a file that is written to also means its full ones.
    Raises GuardlintError for what is not there, NothingToCheck when a folder holds no log.
    """
    found: dict[Path, None] = {}
    for given in map(Path, paths):
        if given.is_dir():
            inside = [path for path in given.iterdir() if path.name.endswith(_ENDS) and path.is_file()]
            if not inside:
                raise NothingToCheck("no audit file (*.jsonl) is in this folder", place=str(given))
            found.update(dict.fromkeys(inside))
            continue
        full = {} if _number(given) else _full(given)
        if not full and not given.exists():
            raise GuardlintError("cannot read: no such file", place=str(given))
        found.update(dict.fromkeys(full.values()))
        if given.exists():
            found[given] = None
    return sorted(found, key=_age)


def _full(path: Path) -> dict[int, Path]:
    """The full files of the log that is written to ``path``, by number."""
    found: dict[int, Path] = {}
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - names are enough
    except OSError:
        return found
    for name in names:
        if not name.startswith(f"{path.stem}."):
            continue
        plain = name.removesuffix(".gz")
        middle = plain[len(path.stem) : len(plain) - len(path.suffix)]
        number = _NUMBER.fullmatch(middle)
        if plain.endswith(path.suffix) and number:
            found[int(number[1])] = path.with_name(name)
    return found


def _number(path: Path) -> int:
    """The number of a full file, 0 for one that is written to."""
    match = _NUMBER.search(Path(path.name.removesuffix(".gz")).stem)
    return int(match[1]) if match else 0


def _age(path: Path) -> tuple[str, str, float, str]:
    stem = Path(path.name.removesuffix(".gz")).stem
    number = _number(path)
    return str(path.parent), _NUMBER.sub("", stem), number or float("inf"), path.name
