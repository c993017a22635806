"""``guardlint diff``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardlint.errors import ConfigError, VerificationError

if TYPE_CHECKING:
    from guardlint.bundle.compare import Change

__all__ = ["command"]

_SHOWN = "guardlint/bundle-difference/v1"
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}

_EPILOG = """\b
Examples:
  guardlint diff old.glbundle new.glbundle --trust trust.yml
  guardlint diff old.glbundle new.glbundle --unverified --format json

\b
+ added, - removed, ~ changed, > moved. Secrets are hidden.
Exit codes: 0 the same will run, 1 something else will run, 2 a bundle that cannot be read or trusted."""


@click.command("diff", epilog=_EPILOG)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--trust", metavar="PATH", type=click.Path(path_type=Path), help="Who must have signed both.")
@click.option("--unverified", is_flag=True, help="Compare them whoever signed them, or nobody.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(old: Path, new: Path, trust: Path | None, unverified: bool, form: str) -> int:
    """Say what changed between two bundles: rails, prompts, models, settings, policies, waivers, files."""
    import json

    from guardlint.bundle.compare import differences
    from guardlint.cli._bundles import look_into

    try:
        one, two = (look_into(path, trust, unverified=unverified) for path in (old, new))
    except VerificationError as error:
        # 1 says that something else will run; this says that nobody knows.
        raise ConfigError(error.message, place=error.place, help=error.help) from None
    changes = differences(one.contents, two.contents)
    runs = [change for change in changes if change.runs]
    if form == "json":
        click.echo(json.dumps(_data(old, new, changes), indent=2))
    else:
        for line in _lines(changes, runs):
            click.echo(line)
    return 1 if runs else 0


def _data(old: Path, new: Path, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "schema": _SHOWN,
        "old": str(old),
        "new": str(new),
        "same": not any(change.runs for change in changes),
        "changes": [
            {
                "part": change.part,
                "how": change.how,
                "name": change.name,
                "old": change.old,
                "new": change.new,
                "runs": change.runs,
            }
            for change in changes
        ],
    }


def _lines(changes: Sequence[Change], runs: Sequence[Change]) -> Iterator[str]:
    told = [change for change in changes if not change.runs]
    yield from _grouped(runs)
    if told:
        yield "what else is told" if runs else "the same will run; what else is told"
        yield from (f"  {_line(change, with_part=True)}" for change in told)
    elif not changes:
        yield "the same archive"
    if runs:
        yield f"{len(runs)} {'difference' if len(runs) == 1 else 'differences'} in what will run"


def _grouped(changes: Sequence[Change]) -> Iterator[str]:
    for part in dict.fromkeys(change.part for change in changes):
        yield part
        for change in changes:
            if change.part == part:
                yield f"  {_line(change)}"


def _line(change: Change, *, with_part: bool = False) -> str:
    from guardlint.bundle.described import fit

    name = fit(f"{change.part}: {change.name}" if with_part and change.part != "bundle" else change.name)
    head = f"{_SIGNS[change.how]} {name}"
    if change.how == "changed" and (change.old is not None or change.new is not None):
        return f"{head}: {_value(change.old)} -> {_value(change.new)}"
    if change.how in ("added", "moved") and change.new is not None:
        return f"{head}: {_value(change.new)}"
    if change.how == "removed" and change.old not in (None, change.name):
        return f"{head}: was {_value(change.old)}"
    return head


def _value(value: Any) -> str:
    from guardlint.bundle.described import fit

    if value is None:
        return "nothing"
    return fit(", ".join(map(str, value)) if isinstance(value, list) else value)
