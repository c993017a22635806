"""Where a report goes: the terminal, and any number of files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import UsageError

if TYPE_CHECKING:
    from guardlint.lint.finding import Report

__all__ = ["FORMATS", "coloured", "destinations", "for_terminal", "on_actions", "progress", "write_all"]

# So many configurations are done before anybody wonders.
_MANY = 50

# The names of guardlint.report.formats, which a test compares: the command line starts without importing it.
FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown")

# Terminals that say of themselves that they show links (OSC 8).
_LINKING = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper"})


def destinations(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """``FORMAT=PATH`` taken apart. Raises UsageError for anything else, or a folder that is not there."""
    return [_destination(text) for text in texts]


def write_all(report: Report, where: Sequence[tuple[str, Path]]) -> None:
    """Write every file whole. Raises GuardlintError for one that cannot be written."""
    from guardlint.report.formats import render
    from guardlint.source.files import write_atomic

    for name, path in where:
        write_atomic(path, render(name, report).encode())


def for_terminal(report: Report, form: str, environ: Mapping[str, str] = os.environ) -> str:
    """What is printed: in colour and with links on a terminal that shows them."""
    from guardlint.report.formats import render

    colour = coloured(environ)
    links = colour and (environ.get("TERM_PROGRAM") in _LINKING or "VTE_VERSION" in environ)
    width = min(_columns(environ), 120)
    return render(form, report, colour=colour, width=width, links=links)


def coloured(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether standard output is a terminal that shows colours, and nobody asked for none."""
    return sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _columns(environ: Mapping[str, str]) -> int:
    """The width of the terminal, 100 where there is none; ``shutil`` has this and brings half of Python."""
    try:
        columns = int(environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (OSError, ValueError):
            columns = 0
    return columns or 100


@contextmanager
def progress(count: int) -> Iterator[Callable[[], object]]:
    """A bar on the terminal for long work; gives what is to be called after each of ``count`` steps."""
    if count <= _MANY or not sys.stderr.isatty():
        yield bool
        return
    import click

    with click.progressbar(length=count, label="checking", file=sys.stderr, show_pos=True) as bar:
        yield lambda: bar.update(1)


def on_actions(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a step of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def _destination(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if name not in FORMATS or not equals or not path:
        from guardlint.source.names import closest

        meant = closest(name, FORMATS)
        raise UsageError(
            f"`--output {text}` is not FORMAT=PATH",
            help=f"did you mean `{meant}={path}`?"
            if meant and meant != name and path
            else f"FORMAT is one of {', '.join(FORMATS)}",
        )
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise UsageError("there is no such directory", place=str(folder), help="make it first")
    return name, Path(path)
