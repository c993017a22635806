"""``guardlint demo``."""

from __future__ import annotations

import os
import sys

import click

__all__ = ["command"]


@click.command("demo", epilog="Example:\n  guardlint demo")
def command() -> int:
    """See the whole path: find faults, compile, verify and guard a chat. No network, about a minute.

    A bank's configuration is checked as its team wrote it, NeMo Guardrails shows what it really does, the
    mended one is compiled and guards a chat with a scripted model on the loopback interface.
    """
    from guardlint.demo.play import play

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    if not play(click.echo, colour=colour):
        click.echo("error: a step did not show what it is there to show", err=True)
        return 1
    return 0
