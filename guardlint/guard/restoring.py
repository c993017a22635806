"""Values back in the place of their pseudonyms, in texts and in JSON."""

from __future__ import annotations

import json
from typing import Any

from guardlint.pii import Pseudonyms

__all__ = ["restored"]


def restored(text: str, pseudonyms: Pseudonyms) -> str:
    """``text`` with what its pseudonyms stand for; what was JSON (a tool call's arguments) stays JSON."""
    plain = pseudonyms.restore(text)
    if plain == text or text.lstrip()[:1] not in ("{", "["):
        return plain
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return plain
    return json.dumps(_in_strings(data, pseudonyms), ensure_ascii=False)


def _in_strings(value: Any, pseudonyms: Pseudonyms) -> Any:
    if isinstance(value, str):
        return pseudonyms.restore(value)
    if isinstance(value, dict):
        return {pseudonyms.restore(key): _in_strings(item, pseudonyms) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_strings(item, pseudonyms) for item in value]
    return value
