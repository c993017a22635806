"""Over how many words a company's own pattern can reach: so many have to wait."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

from guardlint.guard.streaming.tails import HELD_WORDS
from guardlint.pii.profiles import Custom

__all__ = ["MOST_WORDS", "words_held"]

MOST_WORDS: Final = 200
"""For a pattern without a bound; what it finds beyond may be taken apart."""

_BLANKS: Final = " \t\n\r\f\v"


def words_held(recognizers: Iterable[Custom]) -> int:
    """The words at the end of a text that wait: eight, or as many as the longest pattern can reach over."""
    return max((min(_breaks(one.pattern) + 1, MOST_WORDS) for one in recognizers), default=0) or HELD_WORDS


@cache
def _breaks(pattern: str) -> int:
    """Between how many words at most a match can stand; what cannot be told is taken for the most."""
    try:
        tree = import_module("re._parser").parse(pattern)
        return max(_of_sequence(tree), HELD_WORDS - 1)
    except (AttributeError, RecursionError, OverflowError, ValueError, re.error):
        return MOST_WORDS


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> int:
    return min(sum(_of_item(str(kind), value) for kind, value in items), MOST_WORDS)


def _of_item(kind: str, value: Any) -> int:
    if kind in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "CATEGORY"):
        return int(_holds_blank(kind, value))
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        _, most, body = value
        inside = _of_sequence(body)
        # Blanks after blanks begin no word.
        return min(inside, 1) if _is_blank(body) else min(inside * int(most), MOST_WORDS)
    if kind == "SUBPATTERN":
        return _of_sequence(value[-1])
    if kind == "ATOMIC_GROUP":
        return _of_sequence(value)
    if kind == "BRANCH":
        return max(_of_sequence(branch) for branch in value[1])
    if kind in ("ASSERT", "ASSERT_NOT"):
        return _of_sequence(value[1])
    if kind == "AT":
        return 0
    return MOST_WORDS  # a group again, or a condition


def _holds_blank(kind: str, value: Any) -> bool:
    if kind == "LITERAL":
        return chr(value) in _BLANKS
    if kind == "NOT_LITERAL" or kind == "ANY":
        return True
    if kind == "CATEGORY":
        return str(value).removeprefix("CATEGORY_") in ("SPACE", "NOT_WORD", "NOT_DIGIT")
    negated = any(str(part) == "NEGATE" for part, _ in value)
    return any(_in_set(value, blank) != negated for blank in _BLANKS)


def _in_set(parts: Sequence[tuple[Any, Any]], blank: str) -> bool:
    for kind, value in parts:
        name = str(kind)
        if name == "LITERAL" and value == ord(blank):
            return True
        if name == "RANGE" and value[0] <= ord(blank) <= value[1]:
            return True
        if name == "CATEGORY" and _holds_blank(name, value):
            return True
    return False


def _is_blank(body: Sequence[tuple[Any, Any]]) -> bool:
    """Whether a repeated part is a blank and nothing else."""
    if len(body) != 1:
        return False
    kind, value = str(body[0][0]), body[0][1]
    if kind == "LITERAL":
        return chr(value) in _BLANKS
    return kind == "IN" and all(
        (str(part) == "CATEGORY" and str(what) == "CATEGORY_SPACE")
        or (str(part) == "LITERAL" and chr(what) in _BLANKS)
        for part, what in value
    )
