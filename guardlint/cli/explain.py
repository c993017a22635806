"""``guardlint explain``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from guardlint.cli._outputs import coloured
from guardlint.cli.options import complete_rules

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint explain unknown-key
  guardlint explain old-style-outcome | less
  guardlint explain --format markdown unknown-key > unknown-key.md"""


@click.command("explain", epilog=_EPILOG)
@click.argument("rule", shell_complete=complete_rules)
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
def command(rule: str, form: str) -> int:
    """Tell what a rule finds, what NeMo does, and how a mended configuration looks."""
    from guardlint.errors import UsageError
    from guardlint.resources import rule_pages_dir
    from guardlint.rules.registry import rule_ids
    from guardlint.source.names import closest

    wanted = rule.strip().strip("[]").lower().replace("_", "-")
    if wanted not in rule_ids():
        meant = closest(wanted, rule_ids())
        raise UsageError(
            f"no rule is named `{rule}`",
            help=f"did you mean `{meant}`?" if meant else "`guardlint rules` lists them",
        )
    text = (rule_pages_dir() / f"{wanted}.md").read_text(encoding="utf-8")
    if form == "text":
        text = "\n".join(_for_terminal(text, colour=coloured())) + "\n"
    click.echo(text, nl=False)
    return 0


def _for_terminal(text: str, *, colour: bool) -> Iterator[str]:
    """Headings without their signs, code indented; findings stand out in it."""
    fence: str | None = None
    for line in text.rstrip().split("\n"):
        opened = re.match(r"(`{3,})\w*$", line)
        if fence is None and opened:
            fence = opened[1]
        elif fence is not None and line == fence:
            fence = None
        elif fence is not None:
            yield _code(line, colour)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
            yield click.style(heading, bold=True) if colour else heading
        else:
            yield line


def _code(line: str, colour: bool) -> str:
    body, mark, said = line.partition(" # error: [")
    if not mark:
        body, mark, said = line.partition(" # warning: [")
    if mark and colour:
        style = "red" if "error" in mark else "yellow"
        return f"    {body}{click.style(mark + said, fg=style)}"
    return f"    {line}".rstrip()
