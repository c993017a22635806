"""``guardlint doctor``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from guardlint.cli._outputs import coloured

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint doctor                         what will happen on this machine
  guardlint doctor config/                 and which engine NeMo would use for this configuration
  guardlint doctor --format json

\b
Exit code 1 where something is broken that is needed here; warnings do not count."""

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "broken": ("✗", "red"), "none": ("·", None)}


@click.command("doctor", epilog=_EPILOG)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(path: Path | None, form: str) -> int:
    """Tell what guardlint and NeMo Guardrails will really do on this machine.

    Python, extras, the model for personal data, NeMo's version and engine, telemetry, and the variables
    that make traces hold what people write.
    """
    from guardlint.cli._diagnosis import diagnose

    facts = diagnose(path)
    if form == "json":
        data = {
            "schema": "guardlint/doctor/v1",
            "facts": [{"topic": fact.topic, "state": fact.state, "says": fact.says} for fact in facts],
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        width, colour = max(len(fact.topic) for fact in facts), coloured()
        for fact in facts:
            sign, style = _MARKS[fact.state]
            mark = click.style(sign, fg=style, bold=True) if style and colour else sign
            click.echo(f"{mark} {fact.topic:{width}}  {fact.says}")
    return 1 if any(fact.state == "broken" for fact in facts) else 0
