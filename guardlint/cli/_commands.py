"""Chooses the command and turns what it raises into one line and an exit code (DESIGN §4)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from guardlint import __version__
from guardlint.errors import GuardlintError

__all__ = ["cli", "main"]

_FOLDER = os.path.dirname(__file__)  # noqa: PTH120
_NOT_COMMANDS = frozenset({"__init__", "main", "options"})


class _Commands(click.Group):
    """The commands are the modules of this folder; each holds a ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click gives it
        names = {name[:-3] for name in os.listdir(_FOLDER) if name.endswith(".py")} - _NOT_COMMANDS  # noqa: PTH208
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"guardlint.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from guardlint.source.names import closest

            meant = closest(args[0], self.list_commands(ctx)) if args else None
            if meant:
                text = f"No such command '{args[0]}'. Did you mean '{meant}'?"
                raise click.UsageError(text, ctx) from None
            raise


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  guardlint check path/to/config",
)
@click.version_option(__version__, prog_name="guardlint")
def cli() -> None:
    """One enforceable standard for many teams on NVIDIA NeMo Guardrails."""


def main(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Nothing is raised, whatever goes wrong."""
    try:
        result = cli.main(args=list(arguments), prog_name="guardlint", standalone_mode=False)
    except GuardlintError as error:
        _say(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader of the pipe has gone (`guardlint check | head`); nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("GUARDLINT_TRACEBACK"):
            raise
        click.echo(
            f"error: guardlint itself failed ({type(error).__name__}); "
            "set GUARDLINT_TRACEBACK=1 and run again to see where",
            err=True,
        )
        return 4
    return result if isinstance(result, int) else 0


def _say(error: GuardlintError) -> None:
    """One line, with the place first."""
    where = f"{error.place}: " if error.place else ""
    mend = f" ({error.help})" if error.help else ""
    click.echo(f"error: {where}{error.message}{mend}", err=True)
