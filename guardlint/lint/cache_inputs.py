"""What a run looked at, in a form that can be looked at again: one short answer for each question.

A question is a kind and a name. Nothing but ``os`` is needed to ask: the answers are asked again before
anything else of guardlint is imported.

F  the content of a file          D  the names in a folder, and which are folders
G  the names that patterns fit    S  whether a path is a file (and its size), a folder or nothing
L  where a link points to         I  size and time of git's index
E  the value of an environment variable, hashed
"""

from __future__ import annotations

import os
import stat

try:
    from _blake2 import blake2b
except ImportError:  # a Python without it
    from hashlib import blake2b

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ANSWERS", "NOTHING", "digest", "fitting_of", "kind_of", "variable_of"]

NOTHING = "-"
"""The answer where there is nothing, or nothing that can be read."""

_ENOUGH = 1 << 20


def digest(data: bytes) -> str:
    """32 hexadecimal digits."""
    return blake2b(data, digest_size=16).hexdigest()


def _content(name: str) -> str:
    try:
        # Without waiting for somebody who writes into a pipe.
        descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return NOTHING
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return NOTHING
        data = os.read(descriptor, _ENOUGH)
        more = data
        while len(more) == _ENOUGH:
            more = os.read(descriptor, _ENOUGH)
            data += more
    except OSError:
        return NOTHING
    finally:
        os.close(descriptor)
    return digest(data)


def _names(name: str) -> str:
    try:
        with os.scandir(name) as entries:
            found = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
    except (OSError, ValueError):
        return NOTHING
    return digest("\0".join(found).encode("utf-8", "surrogateescape"))


def _fitting(name: str) -> str:
    from guardlint.source.listing import fitting

    folder, *patterns = name.split("\0")
    try:
        return fitting_of(fitting(os.listdir(folder), patterns))  # noqa: PTH208
    except (OSError, ValueError):
        return NOTHING


def fitting_of(names: list[str] | None) -> str:
    """The answer for the names that fit; None where the folder cannot be read."""
    if names is None:
        return NOTHING
    return digest("\0".join(names).encode("utf-8", "surrogateescape"))


def kind_of(found: os.stat_result) -> str:
    """``d`` for a folder, ``f`` and the size for a file (large ones are passed over), ``o`` for all else."""
    kind = found.st_mode & 0o170000
    return "d" if kind == 0o040000 else f"f{found.st_size}" if kind == 0o100000 else "o"


def _kind(name: str) -> str:
    try:
        return kind_of(os.stat(name))  # noqa: PTH116 - pathlib is not imported yet
    except (OSError, ValueError):
        return NOTHING


def _target(name: str) -> str:
    try:
        return digest(os.readlink(name).encode("utf-8", "surrogateescape"))  # noqa: PTH115
    except (OSError, ValueError):
        return NOTHING


def _size_and_time(name: str) -> str:
    try:
        found = os.stat(name)  # noqa: PTH116
    except (OSError, ValueError):
        return NOTHING
    return f"{found.st_size:x}.{found.st_mtime_ns:x}"


def variable_of(value: bytes | str | None) -> str:
    """The answer for a variable's value; it is hashed, as it may be a secret."""
    if value is None:
        return NOTHING
    return digest(value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape"))


def _variable(name: str) -> str:
    return variable_of(os.environ.get(name))


ANSWERS: dict[str, Callable[[str], str]] = {
    "F": _content,
    "D": _names,
    "G": _fitting,
    "S": _kind,
    "L": _target,
    "I": _size_and_time,
    "E": _variable,
}
