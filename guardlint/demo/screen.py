"""How the demo talks: numbered steps, one line on what each shows, the rest indented."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

__all__ = ["Screen"]


class Screen:
    """Writes through ``echo``; colour only where ``colour`` says so."""

    __slots__ = ("_colour", "_echo", "_step")

    def __init__(self, echo: Callable[[str], object], *, colour: bool) -> None:
        self._echo = echo
        self._colour = colour
        self._step = 0

    def step(self, title: str, shows: str) -> None:
        """The next step; ``shows`` is its one line."""
        self._step += 1
        self._echo("")
        self._echo(self._paint("1;34", f"{self._step}. {title}"))
        self._echo(self._paint("2", f"   shows: {shows}"))

    def command(self, text: str) -> None:
        """What one would type."""
        self._echo(self._paint("1", f"   $ {text}"))

    def block(self, text: str) -> None:
        """Text as it is, indented."""
        self._echo(textwrap.indent(text.rstrip("\n"), "   "))

    def row(self, label: str, value: str, *, good: bool | None = None) -> None:
        """A labelled line; ``good`` paints the value green or red."""
        painted = value if good is None else self._paint("1;32" if good else "1;31", value)
        self._echo(f"   {label:<22} {painted}")

    def _paint(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour else text
