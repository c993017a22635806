"""Says what a check said before, where nothing has changed: asked first, before click is imported.

What is remembered is the whole run: what it printed, the files that it wrote and its exit code. So every
output format, suppression and baseline that there will ever be is right without knowing of the cache. An
entry is found by the arguments, the working directory, the terminal, the day, Python and guardlint itself
(the size and time of every file of the package, so that an edited rule counts at once). It holds every
question that the run put to the machine (:mod:`guardlint.lint.cache_trace`); all of them are asked again,
file contents included, and where one answer is another, the check runs.

``--no-cache`` leaves it out, ``GUARDLINT_CACHE_DIR`` says where it is.
"""

from __future__ import annotations

import io
import os
import sys
import time

from guardlint.lint.cache_inputs import ANSWERS, digest
from guardlint.lint.cache_store import Remembered, cache_folder, read_entry, write_entry

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, BinaryIO, TextIO

__all__ = ["remembered"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
_REPEATED = frozenset((0, 1, 3))
"""Exit codes that are remembered: the answers, not the failures."""


def remembered(arguments: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """The exit code of ``run``, which is not called where nothing has changed since it was."""
    if arguments[:1] != ["check"] or "--no-cache" in arguments:
        return run(arguments)
    folder, key = cache_folder(), _key(arguments)
    if folder is None or key is None:
        return run(arguments)
    entry = read_entry(folder, key)
    if entry is not None and all(ANSWERS[kind](name) == answer for kind, name, answer in entry.answers):
        return _say_again(folder, key, entry)
    return _run(arguments, run, folder, key)


def _key(arguments: Sequence[str]) -> str | None:
    """The entry's name; None where an entry could not be right."""
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:
        return None
    if not isinstance(sys.stdout, io.TextIOWrapper) or not isinstance(sys.stderr, io.TextIOWrapper):
        return None
    own = _own_folders()
    for name in (here, *arguments):
        # What lies among the installed packages is not watched.
        if f"{os.path.join(here, name)}/".startswith(own):  # noqa: PTH118
            return None
    git = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("GIT_")]
    now = time.time()
    parts = [
        *arguments, "", here, sys.version, *sys.warnoptions, *_package(), *_installed(), *git,
        *_terminal(), str(time.gmtime(now)[:3]), str(time.localtime(now)[:3]),
    ]  # fmt: skip
    return digest("\0".join(parts).encode("utf-8", "surrogateescape"))


def _own_folders() -> tuple[str, ...]:
    """Python's own folder, those of installed packages, and guardlint's, each with a slash at its end."""
    found = [_PACKAGE, os.path.dirname(os.__file__)]  # noqa: PTH120
    found += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return tuple(f"{path}{os.sep}" for path in found)


def _package() -> list[str]:
    """Name, size and times of every file of guardlint: an installed and an edited one alike."""
    found = []
    folders = [_PACKAGE]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                else:
                    facts = entry.stat()
                    found.append(f"{entry.path}:{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ctime_ns}")
    return sorted(found)


def _installed() -> list[str]:
    """The versions of everything that is installed beside guardlint."""
    found = []
    for path in sys.path:
        if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path):  # noqa: PTH112
            found += [name for name in os.listdir(path) if name.endswith((".dist-info", ".pth"))]  # noqa: PTH208
    return sorted(found)


def _terminal() -> list[str]:
    """Whether somebody looks, how wide that is, and in what letters."""
    found = [
        f"{stream.isatty()} {stream.encoding} {stream.errors}"
        for stream in (sys.stdout, sys.stderr)
        if stream
    ]
    try:
        found.append(str(os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)))
    except (OSError, ValueError):
        found.append("no terminal")
    return found


def _say_again(folder: str, key: str, entry: Remembered) -> int:
    if entry.files:
        from pathlib import Path

        from guardlint.source.files import write_atomic

        for name, data in entry.files:
            write_atomic(Path(name), data)
    try:
        for number, data in entry.streams:
            stream = sys.stdout if number == 1 else sys.stderr
            stream.flush()
            stream.buffer.write(data)
            stream.flush()
    except BrokenPipeError:
        # The reader of the pipe has gone; nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    try:
        os.utime(os.path.join(folder, f"{key}.run"))  # noqa: PTH118
    except OSError:
        return entry.code
    return entry.code


def _run(arguments: Sequence[str], run: Callable[[Sequence[str]], int], folder: str, key: str) -> int:
    from guardlint.lint.cache_trace import Trace, watching
    from guardlint.policy.accepted import keep_in

    keep_in(folder)
    trace = Trace((*_own_folders(), f"{folder}{os.sep}"))
    said: list[tuple[int, bytes]] = []
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _copying(kept[0], 1, said), _copying(kept[1], 2, said)
    try:
        with watching(trace):
            code = run(arguments)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = kept
        keep_in(None)
    if code in _REPEATED and trace.spoiled is None and (-1, b"") not in said and _key(arguments) == key:
        try:
            files = [(name, _bytes(name)) for name in trace.written]
        except OSError:
            return code
        answers = [(kind, name, answer) for (kind, name), answer in trace.answers.items()]
        write_entry(folder, key, Remembered(answers, said, files, code))
    return code


def _bytes(name: str) -> bytes:
    with open(name, "rb") as stream:  # noqa: PTH123
        return stream.read()


def _copying(stream: TextIO, number: int, said: list[tuple[int, bytes]]) -> TextIO:
    """The same stream, keeping what is written to it."""
    stream.flush()
    copy: Any = _Copying(stream.buffer, number, said)
    return io.TextIOWrapper(copy, encoding=stream.encoding, errors=stream.errors, write_through=True)


class _Copying(io.BufferedIOBase):
    """A binary stream that keeps what goes through it; ``(-1, b"")`` is kept where that failed."""

    def __init__(self, stream: BinaryIO, number: int, said: list[tuple[int, bytes]]) -> None:
        self._stream = stream
        self._number = number
        self._said = said

    def write(self, data: Any) -> int:
        written = bytes(data)
        try:
            self._stream.write(written)
        except OSError:
            self._said.append((-1, b""))
            raise
        if self._said and self._said[-1][0] == self._number:
            written = self._said.pop()[1] + written
        self._said.append((self._number, written))
        return len(data)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()
