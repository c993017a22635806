"""``guardlint show``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.errors import UsageError

if TYPE_CHECKING:
    from guardlint.source.yaml_file import DataPath

__all__ = ["SHOWN", "command"]

SHOWN = "guardlint/effective/v1"

_EPILOG = """\b
Examples:
  guardlint show guardrails/
  guardlint show guardrails/ --why rails.output.streaming.stream_first
  guardlint show guardrails/ --format json

\b
Marks: ✓ runs, ◦ waits until a flow arms it, ✗ never runs or is lost, · is not read."""


@click.command("show", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--why", metavar="PATH", help="Where one value comes from, e.g. rails.input.flows.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(path: Path, why: str | None, form: str) -> int:
    """Show what NeMo Guardrails really loads from PATH, and what becomes of the rest."""
    import json

    from guardlint.lint.check import Target, check_one, discover_all, read_target, select_rules
    from guardlint.report.effective import as_data, render_effective, render_why

    found = discover_all([path])
    for problem in found.problems:
        raise problem
    wanted = _path(why) if why is not None else None
    targets = [Target(root) for root in found.roots]
    targets += [Target(item.path, embedded=item) for item in found.embedded]
    shown = []
    for target in targets:
        configuration = read_target(target)
        if form == "json":
            shown.append(as_data(configuration, wanted))
        elif wanted is not None and why is not None:
            click.echo(render_why(configuration, wanted, why), nl=False)
        else:
            _, findings = check_one(configuration, target, select_rules())
            click.echo(render_effective(configuration, findings), nl=target is not targets[-1])
    if form == "json":
        click.echo(json.dumps({"schema": SHOWN, "configurations": shown}, indent=2, ensure_ascii=False))
    return 0


def _path(text: str) -> DataPath:
    """``rails.input.flows[0]`` → its parts. Raises UsageError."""
    parts: list[str | int] = []
    for piece in text.split("."):
        match = re.fullmatch(r"([^\[\]]+)((?:\[\d+\])*)", piece)
        if match is None:
            raise UsageError(f"`--why {text}` is no path", help="write it like rails.input.flows[0]")
        parts.append(match[1])
        parts.extend(int(index) for index in re.findall(r"\[(\d+)\]", match[2]))
    return tuple(parts)
