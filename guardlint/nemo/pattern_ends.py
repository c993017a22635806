"""Patterns that stand for a number, a code or an address, and match only a text that is nothing else.

They come from the checking of forms. NeMo searches whole messages (``library/regex/actions.py``), in which
such data stands among words. Only what no message is made of counts as data: short numbers, words and
phrases may be meant to be the whole text (a bare code that was sent by text message, ``null``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Any

from guardlint.nemo.pattern_shapes import Item, code_of, is_multiline, members

__all__ = ["finds_data_alone"]

_BEGIN = ("AT_BEGINNING", "AT_BEGINNING_STRING")
_END = ("AT_END", "AT_END_STRING")
_BOUNDARY = "AT_BOUNDARY"
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_MANY_WAYS = 64
# A text of fewer characters, or of fewer that vary, may well be sent alone on purpose.
_LEAST = {"characters": 9, "varying": 6, "digits": 2}
_UNBOUNDED = 1_000

_Size = tuple[int, int, int, int, int]


def finds_data_alone(tree: Any) -> bool:
    """Whether every way through the pattern goes from ``^`` to ``$`` over data and nothing else."""
    if is_multiline(tree):
        return False
    ways = _ways(list(tree))
    return bool(ways) and all(_is_data_alone(way) for way in ways)


def _ways(items: Sequence[Item]) -> list[list[Item]]:
    """The sequences that the alternatives make, brackets taken out; none where there are too many."""
    parts: list[list[list[Item]]] = []
    count = 1
    for item in items:
        code, value = code_of(item[0]), item[1]
        if code == "SUBPATTERN" and not int(value[1]) & re.MULTILINE:
            options = _ways(list(value[3]))
        elif code == "BRANCH":
            options = [way for option in value[1] for way in _ways(list(option))]
        else:
            options = [[item]]
        count *= len(options)
        if not 0 < count <= _MANY_WAYS:
            return []
        parts.append(options)
    return [[item for part in way for item in part] for way in product(*parts)]


def _is_data_alone(way: Sequence[Item]) -> bool:
    if len(way) < 3 or not (_is_at(way[0], _BEGIN) and _is_at(way[-1], _END)):
        return False
    size = _size(way[1:-1])
    if size is None:
        return False
    characters, varying, digits, signs, endless = size
    if signs:
        return varying >= 2
    return not endless and (
        characters >= _LEAST["characters"] and varying >= _LEAST["varying"] and digits >= _LEAST["digits"]
    )


def _is_at(item: Item, places: Sequence[str]) -> bool:
    return code_of(item[0]) == "AT" and code_of(item[1]) in places


def _size(items: Sequence[Item]) -> _Size | None:
    """The fewest characters, those that vary, those that may be digits, ``@`` signs, endless repetitions.

    None where words with spaces between them could match. Blanks and what may stand in their place are not
    counted.
    """
    total = (0, 0, 0, 0, 0)
    for item in items:
        size = _size_of(item)
        if size is None:
            return None
        total = _sum(total, size)
    return total


def _size_of(item: Item) -> _Size | None:
    code, value = code_of(item[0]), item[1]
    if code == "LITERAL":
        return (0 if chr(value).isspace() else 1, 0, 0, int(chr(value) == "@"), 0)
    if code == "IN":
        taken = members(value)
        if " " in taken:
            return None if any(map(str.isalnum, taken)) else (0, 0, 0, 0, 0)
        return (1, 1, int(any(map(str.isdigit, taken))), 0, 0)
    if code in _REPEATS:
        size = _size(list(value[2]))
        if size is None:
            return None
        least = int(value[0])
        characters, varying, digits, signs, endless = (least * part for part in size)
        return (characters, varying, digits, signs, endless + int(size[0] > 0 and int(value[1]) > _UNBOUNDED))
    if code == "SUBPATTERN":
        return _size(list(value[3]))
    if code == "BRANCH":
        sizes = [_size(list(option)) for option in value[1]]
        known = [size for size in sizes if size is not None]
        return _least(known) if known and len(known) == len(sizes) else None
    return (0, 0, 0, 0, 0) if _is_at(item, (_BOUNDARY,)) else None


def _sum(one: _Size, other: _Size) -> _Size:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4])


def _least(sizes: Sequence[_Size]) -> _Size:
    first, second, third, fourth = (min(size[part] for size in sizes) for part in range(4))
    return (first, second, third, fourth, max(size[4] for size in sizes))
