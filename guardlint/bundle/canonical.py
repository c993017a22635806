"""JSON in exactly one spelling, and foreign text in messages.

Two readers that disagree about the same bytes are how signed documents are subverted, so a document is
accepted only when writing it again gives the bytes that were read: no second spelling, no duplicate key,
no NaN survives that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

__all__ = ["compact", "pretty", "read_json", "shown"]


def compact(value: object) -> bytes:
    """JSON in UTF-8 with sorted keys and no blanks.  Raises ValueError for NaN, infinities, surrogates."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def pretty(value: object) -> bytes:
    """The same for people: indented by two blanks, a line end at the end."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def read_json(data: bytes, *, spelling: Callable[[object], bytes] = compact) -> dict[str, Any]:
    """The object that ``data`` spells, in the spelling that ``spelling`` writes.

    Raises ValueError with the reason in a few words: every other failure of the reader is turned into one.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except _DuplicateKeyError:
        raise
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except (ValueError, RecursionError):
        # a JSONDecodeError, an integer of thousands of digits, or nesting meant to exhaust the stack
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    try:
        canonical = spelling(value)
    except (ValueError, RecursionError):  # NaN, an infinity, a lone surrogate
        raise ValueError("holds a value that JSON or UTF-8 does not have") from None
    if canonical != data:
        raise ValueError("is not in canonical form")
    return value


def shown(text: object, *, limit: int = 80) -> str:
    """``text`` from a stranger, quoted, in ASCII, on one line and at most ``limit`` characters long."""
    quoted = ascii(text if isinstance(text, str) else str(text))
    return quoted if len(quoted) <= limit else f"{quoted[: limit - 4]}...{quoted[0]}"


class _DuplicateKeyError(ValueError):
    """An object says one key twice."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _DuplicateKeyError(f"says the key {shown(key)} twice")
        result[key] = value
    return result
