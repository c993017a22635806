"""Reading text and writing files whole.

NeMo reads configuration files as UTF-8 with universal newlines (``rails/llm/config.py``,
``_load_path``); places are counted in that text.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from functools import lru_cache
from pathlib import Path

from guardlint.errors import GuardlintError

__all__ = ["entries_of", "read_bytes", "read_text", "shown_path", "write_atomic"]

# Without waiting for somebody who writes into a pipe; the second is known to Windows only.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_PIECE = 1 << 20


def read_text(path: Path | str) -> str:
    """The file's text with ``\\n`` line ends; a byte order mark stays, as NeMo keeps it.

    Raises OSError when it cannot be read and UnicodeDecodeError when it is not UTF-8.
    """
    text = read_bytes(path).decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_bytes(path: Path | str, most: int | None = None) -> bytes:
    """What is in the file, by as few calls of the system as can be: each file is read by several readers.

    Raises OSError when it cannot be read, and when it holds more than ``most`` bytes.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device")
        if most is not None and facts.st_size > most:
            raise OSError(errno.EFBIG, "it is too large")
        data = os.read(descriptor, facts.st_size + 1)
        if len(data) == facts.st_size:
            return data
        # It grew, or it is so large that it comes in pieces.
        pieces = [data]
        while data:
            data = os.read(descriptor, _PIECE)
            pieces.append(data)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` beside ``path`` and rename it into place, so that no reader sees half of it.

    Raises GuardlintError when the folder cannot be written.
    """
    import tempfile

    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), mode) if hasattr(os, "fchmod") else None
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise GuardlintError(f"cannot write: {error.strerror or error}", place=str(path)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def entries_of(folder: str) -> list[tuple[str, bool, bool]]:
    """What is in a folder, by name: whether each is a folder, or leads to one, and whether it is a link.

    Raises OSError when the folder cannot be read.
    """
    with os.scandir(folder or ".") as entries:
        return sorted((entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def shown_path(path: Path | str) -> str:
    """The path as reports show it: with ``/``, relative to the working directory or else absolute.

    A text must be written as a Path writes it.
    """
    return _shown(os.getcwd(), str(path))  # noqa: PTH109 - asked for every file, many times


@lru_cache(maxsize=1024)
def _shown(here: str, path: str) -> str:
    absolute = os.path.join(here, "" if path == "." else path).replace(os.sep, "/")  # noqa: PTH118
    inside = here.replace(os.sep, "/").rstrip("/") + "/"
    if absolute.startswith(inside):
        return absolute[len(inside) :] or "."
    return "." if absolute + "/" == inside else absolute
