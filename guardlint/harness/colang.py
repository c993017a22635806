"""NeMo's own word on a Colang text. Importing this imports NeMo."""

from __future__ import annotations

from typing import Literal

from nemoguardrails.colang import parse_colang_file

__all__ = ["nemo_parses"]


def nemo_parses(text: str, version: Literal["1.0", "2.x"]) -> bool:
    """Whether ``parse_colang_file`` reads the text. May never come back: see :class:`~.timed.Timed`."""
    try:
        parse_colang_file("x.co", text, version=version)
    except Exception:  # noqa: BLE001 - whatever NeMo raises, it does not parse
        return False
    return True
