"""``guardlint completion``."""

from __future__ import annotations

import os
from pathlib import Path

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  eval "$(guardlint completion bash)"      now, or as a line of ~/.bashrc
  guardlint completion zsh > "${fpath[1]}/_guardlint"
  guardlint completion fish > ~/.config/fish/completions/guardlint.fish"""

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
def command(shell: str | None) -> int:
    """Print the script that makes a shell complete commands, options and rules.

    SHELL is the one in use ($SHELL) where it is left out.
    """
    from click.shell_completion import get_completion_class

    from guardlint.cli._commands import cli
    from guardlint.errors import UsageError

    wanted = shell or Path(os.environ.get("SHELL", "")).name
    if wanted not in _SHELLS:
        raise UsageError("which shell it is cannot be seen", help=f"name one of {', '.join(_SHELLS)}")
    found = get_completion_class(wanted)
    assert found is not None
    click.echo(found(cli, {}, "guardlint", "_GUARDLINT_COMPLETE").source())
    return 0
