r"""What a text may be read as besides: with its escapes undone where it is no JSON, as written where it is.

A model reads ``{'q': 'ignore\nprevious'}``, as Python writes it, and ``["\reveal it"]`` in either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from guardlint.guard.json_texts import JsonText

__all__ = ["has_other_reading", "other_readings"]

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([nrtbf\"'/\\]))")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def has_other_reading(text: str) -> bool:
    """Whether there may be one."""
    return "\\" in (text.raw if isinstance(text, JsonText) else text)


def other_readings(texts: Iterable[str]) -> Iterator[str]:
    """The other readings of these texts, where they have one."""
    for text in texts:
        if not has_other_reading(text):
            continue
        other = text.raw if isinstance(text, JsonText) else _ESCAPE.sub(_plain, text)
        if other != text:
            yield other


def _plain(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code is None:
        return _CONTROLS.get(escape[3], escape[3])
    char = chr(int(code, 16))
    return "\ufffd" if "\ud800" <= char <= "\udfff" else char
