"""The table that lark computes from NeMo's grammar of Colang 2.x, and the lexers of its states.

``data/colang-2.x.json`` is written by ``tools/catalogue/grammar.py``. What is done for every word of a file
is done once: states in which the same may begin share a lexer, one that is asked often becomes one pattern,
and the steps through the levels of an expression that change nothing are remembered as one.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Any

__all__ = ["Lexer", "Table", "Terminals", "match", "table"]

Terminals = list[tuple[str, str | re.Pattern[str]]]

# A lexer that is asked as often as this is worth one pattern for all its terminals.
_OFTEN = 100
# What the parser looks at when it has been read.
_LOOKED_AT = frozenset({"argvalue", "classic_arguments", "decorator_parameters", "start"})


class Lexer:
    """What may begin in a state, in the order of trial, and the keywords that its patterns would take."""

    def __init__(self, tried: Terminals, keywords: dict[str, dict[str, str]]) -> None:
        self.tried = tried
        self.keywords = keywords
        self.asked = 0
        self.whole: re.Pattern[str] | None = None

    def match(self, text: str, start: int) -> tuple[str, int]:
        """The terminal that begins at ``start`` and where it ends; there, where none begins."""
        if self.whole is not None:
            found = self.whole.match(text, start)
            return (found.lastgroup or "", found.end()) if found is not None else ("", start)
        self.asked += 1
        if self.asked == _OFTEN:
            self.whole = re.compile("|".join(f"(?P<{name}>{_source(item)})" for name, item in self.tried))
        return match(self.tried, text, start)


def _source(terminal: str | re.Pattern[str]) -> str:
    return re.escape(terminal) if isinstance(terminal, str) else terminal.pattern


def match(tried: Terminals, text: str, start: int) -> tuple[str, int]:
    """The first of the terminals that begins at ``start``, and where it ends."""
    for name, pattern in tried:
        if isinstance(pattern, str):
            if text.startswith(pattern, start):
                return name, start + len(pattern)
        elif (found := pattern.match(text, start)) is not None:
            return name, found.end()
    return "", start


class Table:
    """States with what each does at a terminal, rules, and terminals with what they match."""

    def __init__(self, data: dict[str, Any]) -> None:
        symbols = data["symbols"]
        self.states: list[dict[str, int]] = [
            {symbols[row[at]]: row[at + 1] for at in range(0, len(row), 2)} for row in data["states"]
        ]
        self.end: int = data["end"]
        self.rules: list[tuple[str, int, str, str, bool]] = [tuple(rule) for rule in data["rules"]]
        # Rules that leave a node of one part as it is: most of the steps through the levels of an expression.
        self.idle = [
            size == 1 and kept == "1" and (gives_way or name.startswith("_")) and name not in _LOOKED_AT
            for _, size, kept, name, gives_way in self.rules
        ]
        self.after_idle: dict[tuple[int, int, str], int] = {}
        self.terminals: dict[str, str | re.Pattern[str]] = {
            name: pattern if fixed else re.compile(pattern) for name, pattern, fixed in data["terminals"]
        }
        self.ignored = frozenset(data["ignored"])
        self.always = frozenset(data["always"])
        self.keywords: dict[str, dict[str, str]] = data["keywords"]
        self._lexers: dict[int, Lexer] = {}
        self._equal: dict[tuple[str, ...], Lexer] = {}

    def lexer(self, state: int) -> Lexer:
        """That of a state; states in which the same may begin share one."""
        if state not in self._lexers:
            accepted = (self.states[state].keys() | self.ignored | self.always) & self.terminals.keys()
            names = tuple(sorted(accepted))
            if names not in self._equal:
                self._equal[names] = self._lexer(accepted)
            self._lexers[state] = self._equal[names]
        return self._lexers[state]

    def _lexer(self, accepted: set[str]) -> Lexer:
        keywords = {
            wide: {text: name for text, name in fixed.items() if name in accepted}
            for wide, fixed in self.keywords.items()
            if wide in accepted
        }
        hidden = {name for fixed in keywords.values() for name in fixed.values()}
        tried = [
            (name, pattern)
            for name, pattern in self.terminals.items()
            if name in accepted and name not in hidden
        ]
        return Lexer(tried, keywords)

    def idle_end(self, below: int, top: int, kind: str) -> int:
        """The state that idle rules lead to from ``top``, above ``below``, when ``kind`` follows."""
        key = (below, top, kind)
        if key not in self.after_idle:
            state = top
            while (action := self.states[state].get(kind, 0)) < 0 and self.idle[-1 - action]:
                state = self.states[below][self.rules[-1 - action][0]]
            self.after_idle[key] = state
        return self.after_idle[key]

    @cached_property
    def root(self) -> Terminals:
        """Every terminal."""
        return list(self.terminals.items())


@cache
def table() -> Table:
    """Read once."""
    path = Path(__file__).parent / "data" / "colang-2.x.json"
    return Table(json.loads(path.read_text(encoding="utf-8")))
