"""The keys that speak of the values in a growing text of JSON, also of JSON within other text.

A value is read as a whole and with its key (``guardlint.pii.keys``), which may stand far before it. So a
string that has not ended waits, no look begins within one, and the keys above it are put before the look.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

__all__ = ["Keys"]

_INSIDE: Final = r'(?:[^"\\\r\n]|\\u[0-9A-Fa-f]{4}|\\[nrt/]){0,160}'
_TOKEN: Final = re.compile(rf'\\?"(?P<string>{_INSIDE})\\?"(?P<key>\s{{0,4}}:)?|(?P<sign>[{{}}\[\]])')
"""What ``guardlint.pii.keys`` reads, strings and what structures the object, one for one."""
_OPEN: Final = re.compile(rf'\\?"{_INSIDE}(?:\\(?:u[0-9A-Fa-f]{{0,3}})?)?\Z')
_KEY: Final = re.compile(r"[^\W\d][\w .-]{0,40}")
_ANY_KEY: Final = re.compile(r'"\s?:')
# Signs that count as others, without a change of place.
_PLAIN: Final = str.maketrans("\u201c\u201d\uff02\uff1a\uff3c", '""":\\')
_BEHIND: Final = 6  # characters behind a string that may still make it a key
_MOST_OUTER: Final = 32


@dataclass(frozen=True, slots=True)
class _String:
    """A string, where its key begins (else itself), the key above its object, and that of its array."""

    start: int
    end: int
    since: int
    outer: str
    key: str


class Keys:
    """The strings of a growing text."""

    __slots__ = ("_any", "_before", "_key", "_open", "_path", "_read", "_strings")

    def __init__(self) -> None:
        self._strings: list[_String] = []
        self._path: list[str] = []
        self._key = ""
        self._before: int | None = None  # where the key begins that is the last token
        self._read = 0
        self._open: int | None = None
        self._any = False

    def advance(self, text: str, end: int) -> None:
        """Read on to ``end``."""
        seen = text[self._read : end].translate(_PLAIN)
        self._any = self._any or _ANY_KEY.search(seen) is not None
        self._open = None
        at = 0
        for found in _TOKEN.finditer(seen):
            if not found["sign"] and len(seen) - found.end() < _BEHIND:
                self._open = self._read + found.start()
                break
            self._take(found, self._read)
            at = found.end()
        if self._open is None and (begun := _OPEN.search(seen, at)) is not None:
            self._open = self._read + begun.start()
        self._read = end - seen.endswith("\\") if self._open is None else self._open

    def left(self, position: int) -> tuple[int, str]:
        """Where a look at ``position`` may begin at the latest, and what has to be put before it."""
        index = bisect_right(self._strings, position, key=_start) - 1
        if not self._any or index < 0:
            return position, ""
        string = self._strings[index]
        if position < string.end:
            return string.since, _above(string.outer, "" if string.since < string.start else string.key)
        following = self._strings[index + 1] if index + 1 < len(self._strings) else None
        if following is not None and following.since == string.start:
            return string.start, _above(string.outer, "")  # between a key and its value
        if following is not None:
            return position, _above(following.outer, following.key)
        return self._since(position), _above(self._path[-1] if self._path else "", self._key)

    def floor(self, position: int) -> int:
        """``position``, or where the string begins that has not ended, with its key."""
        if not self._any or self._open is None or position <= self._open:
            return position
        return self._since(self._open)

    def _since(self, position: int) -> int:
        return position if self._before is None else self._before

    def _take(self, found: re.Match[str], base: int) -> None:
        start, end = base + found.start(), base + found.end()
        before, self._before = self._before, None
        outer = self._path[-1] if self._path else ""
        sign = found["sign"]
        if sign in ("{", "["):
            self._path.append(self._key if len(self._path) < _MOST_OUTER else "")
            self._key = self._key if sign == "[" else ""
        elif sign:
            key = self._path.pop() if self._path else ""
            self._key = key if self._path and sign == "}" else ""
        elif found["key"]:
            self._key = found["string"] if _KEY.fullmatch(found["string"]) else ""
            self._before = start
            self._strings.append(_String(start, end, start, outer, ""))
        else:
            self._strings.append(_String(start, end, start if before is None else before, outer, self._key))


def _above(outer: str, key: str) -> str:
    """The beginning of an object that says the same of what follows."""
    said = f'{{"{outer}":{{' if outer else ""
    return f'{said}"{key}":[' if key else said


def _start(string: _String) -> int:
    return string.start
