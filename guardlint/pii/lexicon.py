"""Word lists: one word a line in ``data/<name>.txt``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["DATA", "lexicon"]

DATA = Path(__file__).with_name("data")


@cache
def lexicon(name: str) -> frozenset[str]:
    """The words of one list; lines that begin with ``#`` are comments."""
    lines = (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
