"""``guardlint check --fix`` and ``--diff``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardlint.lint.mending import Mended

__all__ = ["diff_of", "report_mends"]


def diff_of(mended: Mended) -> str:
    """The changes as a unified diff that ``git apply`` takes."""
    return "".join(piece for name in sorted(mended.after) for piece in _file_diff(name, mended))


def report_mends(mended: Mended, *, written: bool) -> None:
    """Say on standard error what was mended, and what looked mendable and did not prove right."""
    verb = "fixed" if written else "would fix"
    for finding in mended.applied:
        assert finding.fix is not None
        click.echo(f"{verb} {finding.place}: {finding.rule}: {finding.fix.title}", err=True)
    for finding in mended.refused:
        click.echo(f"not fixed {finding.place}: {finding.rule}: its fix did not prove right", err=True)
    files, count = len(mended.after), len(mended.applied)
    click.echo(f"{verb} {_plural(count, 'finding')} in {_plural(files, 'file')}", err=True)


def _file_diff(name: str, mended: Mended) -> Iterator[str]:
    before = _lines(mended.before[name])
    after = _lines(mended.after[name])
    old = next((old for old, new in mended.renamed.items() if new == name), name)
    if old != name:
        yield f"diff --git a/{old} b/{name}\n"
        if before == after:
            yield "similarity index 100%\n"
        yield f"rename from {old}\nrename to {name}\n"
    for line in difflib.unified_diff(before, after, f"a/{old}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> Sequence[str]:
    """Lines with their ends, cut at ``\\n`` only, as git cuts them."""
    *whole, rest = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
