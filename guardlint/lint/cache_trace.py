"""Watches a run: which files, folders and variables it asks for, and what it writes.

Python reports every opened file, every listed folder and every started process to an audit hook (PEP 578);
``os.stat`` and the environment are watched by standing in front of them. What only Python itself and the
installed packages are made of is left out: their versions are part of the key. A run that does something
that cannot be repeated from a note (it starts a process other than ``git ls-files``, changes a file in place,
opens a connection) is not remembered.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from guardlint.lint.cache_inputs import ANSWERS, NOTHING, fitting_of, kind_of, variable_of

__all__ = ["Trace", "watching"]

# Tells by an event of its own which names it looks for.
_LISTING = os.path.join(os.path.dirname(os.path.dirname(__file__)), "source", "listing.py")  # noqa: PTH118, PTH120
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SPOILS = frozenset(
    "os.remove os.rmdir os.mkdir os.truncate os.link os.symlink os.fork os.forkpty os.posix_spawn os.exec"
    " os.system os.startfile os.spawn socket.connect socket.bind shutil.copyfile shutil.rmtree shutil.move"
    " os.chdir".split()
)
_EVENTS = _SPOILS | {
    "open", "os.scandir", "os.listdir", "os.rename", "subprocess.Popen",
    "pathlib.Path.glob", "guardlint.names_like",
}  # fmt: skip


class Trace:
    """What one run asked for and wrote. ``spoiled`` says why it cannot be remembered, None where it can."""

    def __init__(self, own: tuple[str, ...]) -> None:
        self.answers: dict[tuple[str, str], str] = {}
        self.written: list[str] = []
        self.spoiled: str | None = None
        self._own = (*own, "/dev/")
        self._open: set[str] = set()
        self._globbed: set[str] = set()

    def ask(self, kind: str, name: str) -> None:
        """Note the answer to a question, the first time that it is asked."""
        if (kind, name) not in self.answers:
            self.answers[kind, name] = ANSWERS[kind](name)

    def note(self, kind: str, path: Any, answer: str) -> None:
        """Note an answer that is known already."""
        name = os.fsdecode(path)
        if not self.is_own(f"{name}/"):
            self.answers.setdefault((kind, name), answer)

    def note_link(self, path: Any, mode: int) -> None:
        """Note where a path leads to, if it is a link; ``mode`` is its ``st_mode``."""
        if mode & 0o170000 == 0o120000:
            self.note("L", path, ANSWERS["L"](os.fsdecode(path)))

    def is_own(self, name: str) -> bool:
        """Whether a path belongs to Python or to installed packages."""
        return name.startswith(self._own) or ".pyc" in name

    def event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One audit event."""
        if event == "open":
            self._opened(*arguments)
        elif event in ("os.scandir", "os.listdir"):
            self._listed(arguments[0])
        elif event == "pathlib.Path.glob":
            folder, pattern = str(arguments[0]), str(arguments[1])
            if "/" not in pattern and "**" not in pattern and not self.is_own(f"{folder}/"):
                self._globbed.add(folder)
                self.ask("G", f"{folder}\0{pattern}")
        elif event == "guardlint.names_like":
            name = "\0".join((arguments[0], *arguments[1]))
            self.answers.setdefault(("G", name), fitting_of(arguments[2]))
        elif event == "os.rename":
            self._renamed(_path(arguments[0]), _path(arguments[1]))
        elif event == "subprocess.Popen":
            self._started(arguments[1], arguments[2])
        elif event in _SPOILS and not self.is_own(f"{arguments[0]}/" if arguments else ""):
            self.spoiled = event

    def _opened(self, name: Any, mode: Any, flags: Any) -> None:
        path = _path(name)
        if path is None or self.is_own(path):
            return
        changes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else bool(flags & _WRITES)
        if changes:
            self._open.add(path)
        else:
            self.ask("F", path)

    def _listed(self, name: Any) -> None:
        path = "." if name is None else _path(name)
        # Python's own search for modules, and a search for a pattern that has been noted.
        asker = sys._getframe(3).f_code.co_filename  # noqa: SLF001 - who asks is nowhere else
        if path is None or self.is_own(f"{path}/") or asker.startswith("<frozen importlib"):
            return
        if asker == _LISTING:
            return
        if path in self._globbed and ("pathlib" in asker or asker.endswith("glob.py")):
            return
        self.ask("D", path)

    def _renamed(self, source: str | None, target: str | None) -> None:
        if source in self._open and target is not None:
            self._open.discard(source)
            self.written.append(target)
        elif target is None or not self.is_own(target):
            self.spoiled = "os.rename"

    def _started(self, arguments: Any, folder: Any) -> None:
        if list(arguments)[:2] != ["git", "ls-files"]:
            self.spoiled = "subprocess.Popen"
            return
        self._git(os.path.abspath(_path(folder) or "."))  # noqa: PTH100

    def _git(self, folder: str) -> None:
        """What decides which folders git ignores, besides the files named .gitignore."""
        home = os.path.expanduser("~")  # noqa: PTH111
        settings = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        for name in (
            "/etc/gitconfig",
            f"{home}/.gitconfig",
            f"{settings}/git/config",
            f"{settings}/git/ignore",
        ):
            self._git_settings(name)
        while True:
            self.ask("F", f"{folder}/.gitignore")
            inside = f"{folder}/.git"
            if os.path.isfile(inside):  # noqa: PTH113
                # A worktree or a submodule has its repository elsewhere.
                self.spoiled = "a linked git repository"
            if os.path.exists(inside):  # noqa: PTH110
                self._git_settings(f"{inside}/config")
                self.ask("F", f"{inside}/info/exclude")
                self.ask("I", f"{inside}/index")
                return
            above = os.path.dirname(folder)  # noqa: PTH120
            if above == folder:
                return
            folder = above

    def _git_settings(self, name: str) -> None:
        self.ask("F", name)
        try:
            with open(name, "rb") as stream:  # noqa: PTH123
                text = stream.read().lower()
        except OSError:
            return
        if b"excludesfile" in text or b"[include" in text:
            self.spoiled = "git ignores by a file of the user's choice"

    def finish(self) -> None:
        """Close the trace: .gitignore files of listed folders count where git was asked."""
        if self._open:
            self.spoiled = "a file was written in place"
        if any(kind == "I" for kind, _ in self.answers):
            for kind, name in list(self.answers):
                if kind == "D":
                    self.ask("F", f"{name}/.gitignore")
        read = {os.path.abspath(name) for kind, name in self.answers if kind == "F"}  # noqa: PTH100
        if any(os.path.abspath(name) in read for name in self.written):  # noqa: PTH100
            self.spoiled = "a file was read and written"


def _path(name: Any) -> str | None:
    """The path as text; None for a descriptor."""
    if isinstance(name, int) or name is None:
        return None
    return os.fsdecode(name)


_active: list[Trace] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS and _active:
        trace = _active.pop()
        try:
            trace.event(event, arguments)
        except Exception:  # noqa: BLE001 - a hook that raises would end the run
            trace.spoiled = f"{event} could not be noted"
        finally:
            _active.append(trace)


@contextmanager
def watching(trace: Trace) -> Iterator[None]:
    """Watch until the end of the block. One at a time, and not for threads."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    stat, lstat, variables = os.stat, os.lstat, type(os.environ)
    os.environ.__class__ = _watched_variables(trace, variables)
    os.stat = _watched_stat(trace, stat)
    os.lstat = _watched_lstat(trace, lstat)
    _active.append(trace)
    try:
        yield
    finally:
        _active.clear()
        os.stat, os.lstat = stat, lstat
        os.environ.__class__ = variables
        trace.finish()


def _watched_stat(trace: Trace, stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    def seen(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        if not _active or isinstance(path, int):
            return stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if dir_fd is not None:
            trace.spoiled = "os.stat below a descriptor"
        try:
            found = stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        except (OSError, ValueError):
            trace.note("S", path, NOTHING)
            raise
        if follow_symlinks:
            trace.note("S", path, kind_of(found))
        else:
            trace.note_link(path, found.st_mode)
        return found

    return seen


def _watched_lstat(trace: Trace, lstat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    def seen(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        found = lstat(path, dir_fd=dir_fd)
        if _active:
            trace.note_link(path, found.st_mode)
        return found

    return seen


def _watched_variables(trace: Trace, base: Any) -> Any:
    class Variables(base):  # type: ignore[misc]
        """The environment, noting which variables are read."""

        def __getitem__(self, name: str) -> str:
            if _active and isinstance(name, str):
                trace.answers.setdefault(("E", name), variable_of(self._data.get(self.encodekey(name))))
            return str(super().__getitem__(name))

        def __iter__(self) -> Iterator[str]:
            if _active:
                trace.spoiled = "the whole environment was read"
            return iter(super().__iter__())

    return Variables
