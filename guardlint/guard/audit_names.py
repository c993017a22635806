"""The files of a log: ``audit.jsonl`` is written to; full ones are ``audit.000001.jsonl`` and so on.

Sorted by name they are in the order in which they were written, the one written to last.  Full ones may be
packed by gzip.
"""

from __future__ import annotations

import gzip
import io
import os
import re
from pathlib import Path
from typing import Final

__all__ = ["age", "full_files", "full_name", "log_of", "logs_in", "newest_full", "open_file"]

_NUMBER: Final = re.compile(r"\.([0-9]{6,})\Z")
_ENDS: Final = (".jsonl", ".jsonl.gz")


def full_name(path: Path, number: int) -> Path:
    """What ``path`` is called once it is full and the ``number``-th file of its log."""
    return path.with_name(f"{path.stem}.{number:06d}{path.suffix}")


def newest_full(path: Path) -> tuple[int, Path | None]:
    """The full file that was written before ``path``, and its number; 0 where there is none."""
    full = full_files(path)
    number = max(full, default=0)
    return number, full.get(number)


def open_file(path: Path) -> io.BufferedReader:
    """Open for reading, packed or not, and packed where it was packed since.  Raises OSError."""
    if path.suffix != ".gz":
        packed = path.with_name(f"{path.name}.gz")
        try:
            return path.open("rb")
        except FileNotFoundError:
            if not packed.exists():
                raise
        path = packed
    return io.BufferedReader(gzip.open(path, "rb"))


def logs_in(folder: Path) -> list[Path]:
    """What the logs of a folder are written to, whether that is there or not."""
    inside = (path for path in folder.iterdir() if path.name.endswith(_ENDS))
    return sorted({log_of(path) for path in inside if path.is_file()})


def log_of(path: Path) -> Path:
    """The file that was written to when ``path`` was; ``path`` itself where it is no full one."""
    if not _number(path):
        return path
    plain = Path(path.name.removesuffix(".gz"))
    return path.with_name(f"{_NUMBER.sub('', plain.stem)}{plain.suffix}")


def full_files(path: Path) -> dict[int, Path]:
    """The full files of the log that is written to ``path``, by number; not packed where both are there."""
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
        if plain.endswith(path.suffix) and number and (name == plain or int(number[1]) not in found):
            found[int(number[1])] = path.with_name(name)
    return found


def _number(path: Path) -> int:
    """The number of a full file, 0 for one that is written to."""
    match = _NUMBER.search(Path(path.name.removesuffix(".gz")).stem)
    return int(match[1]) if match else 0


def age(path: Path) -> tuple[str, str, float, str]:
    """Sorts files by folder, log and age."""
    stem = Path(path.name.removesuffix(".gz")).stem
    number = _number(path)
    return str(path.parent), _NUMBER.sub("", stem), number or float("inf"), path.name
