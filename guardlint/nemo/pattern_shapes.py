"""What a regular expression can never do, and what it does far too slowly, read from its syntax tree.

The tree comes from Python's own parser (``re._parser``); nothing is compiled or run, so that a hostile
pattern costs no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once_each
from guardlint.source.yaml_file import DataPath

__all__ = [
    "Item",
    "Tree",
    "code_of",
    "is_multiline",
    "matches_everything",
    "members",
    "never_matches",
    "regex_patterns",
    "repeats_of_repeats",
    "syntax_tree",
]

Tree = Any
Item = tuple[Any, Any]
_MAX_LENGTH = 5_000
_ONE = frozenset(("LITERAL", "NOT_LITERAL", "ANY", "IN"))
_LETTERS = frozenset(map(chr, range(32, 127))) | {"\n", "\t", "ß", "é"}


@once_each
def regex_patterns(configuration: Configuration) -> Iterator[tuple[DataPath, str]]:
    """Every pattern of the regex rails, with its path."""
    for direction in ("input", "output", "retrieval"):
        path = ("rails", "config", "regex_detection", direction, "patterns")
        listed = configuration.value(path) if configuration.catalogue.key(path) is not None else None
        for index, pattern in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(pattern, str):
                yield (*path, index), pattern


def syntax_tree(pattern: str) -> Tree | None:
    """The parsed pattern; None where Python refuses it, or where it is longer than 5,000 characters."""
    if len(pattern) > _MAX_LENGTH:
        return None
    try:
        tree: Tree = import_module("re._parser").parse(pattern)
    except (re.error, RecursionError, OverflowError, ValueError):
        return None
    return tree


def never_matches(tree: Tree) -> str | None:
    """What stands in the way of every match: text behind ``$``, or text before ``^``; None without."""
    return None if is_multiline(tree) else _blocked(list(tree))


def matches_everything(tree: Tree) -> bool:
    """Whether the pattern, or one of its alternatives, matches the empty text anywhere."""
    return _is_empty_anywhere(list(tree))


def repeats_of_repeats(tree: Tree) -> bool:
    """Whether an unbounded repetition holds another that can share its text in many ways, and can then fail.

    ``(\\w+\\s?)*$``: n letters can be cut into pieces in 2^n ways, and all are tried before the match fails.
    """
    return _explodes(list(tree), True)


def is_multiline(tree: Tree) -> bool:
    """Whether ``^`` and ``$`` are the ends of each line, not those of the text."""
    return bool(int(tree.state.flags) & re.MULTILINE)


def code_of(code: Any) -> str:
    """The word for one of the parser's codes."""
    return str(code)


def _inner(item: Item) -> Iterator[list[Item]]:
    """The sequences inside one item of a tree."""
    code, value = code_of(item[0]), item[1]
    if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        yield list(value[2])
    elif code == "SUBPATTERN":
        yield list(value[3])
    elif code == "BRANCH":
        yield from map(list, value[1])
    elif code == "ATOMIC_GROUP":
        yield list(value)


def _width(item: Item) -> int:
    """The fewest characters that an item takes."""
    code, value = code_of(item[0]), item[1]
    if code in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "RANGE"):
        return 1
    if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return int(value[0]) * sum(map(_width, value[2]))
    if code == "BRANCH":
        return min((sum(map(_width, option)) for option in value[1]), default=0)
    if code in ("SUBPATTERN", "ATOMIC_GROUP"):
        return sum(sum(map(_width, part)) for part in _inner(item))
    return 0


def _blocked(items: Sequence[Item]) -> str | None:
    taken = 0
    for index, item in enumerate(items):
        code, value = code_of(item[0]), item[1]
        if code == "AT" and code_of(value) in ("AT_END", "AT_END_STRING"):
            following = items[index + 1 :]
            first = next((other for other in following if _width(other)), None)
            if first is not None and "\n" not in _characters([first]):
                return "text behind `$`, which is the end of the text"
        if code == "AT" and code_of(value) in ("AT_BEGINNING", "AT_BEGINNING_STRING") and taken:
            return "text before `^`, which is the beginning of the text"
        if code == "SUBPATTERN" and not int(value[1]) & re.MULTILINE:
            found = _blocked(list(value[3]))
            if found:
                return found
        if code == "BRANCH":
            found_all = [_blocked(list(option)) for option in value[1]]
            if any(found_all):
                return next(filter(None, found_all))
        taken += _width(item)
    return None


def _is_empty_anywhere(items: Sequence[Item]) -> bool:
    for item in items:
        code, value = code_of(item[0]), item[1]
        if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            if int(value[0]) and not _is_empty_anywhere(list(value[2])):
                return False
        elif code == "BRANCH":
            if not any(_is_empty_anywhere(list(option)) for option in value[1]):
                return False
        elif code in ("SUBPATTERN", "ATOMIC_GROUP"):
            if not all(_is_empty_anywhere(part) for part in _inner(item)):
                return False
        else:
            return False
    return True


def _explodes(items: Sequence[Item], last: bool) -> bool:
    """Whether one of the items does; ``last``: nothing that can fail follows the items."""
    for index, item in enumerate(items):
        can_fail = not last or any(_width(other) or code_of(other[0]) == "AT" for other in items[index + 1 :])
        if _is_unbounded(item) and can_fail and _ambiguous(list(item[1][2])):
            return True
        if any(_explodes(part, not can_fail) for part in _inner(item)):
            return True
    return False


def _is_unbounded(item: Item) -> bool:
    # A possessive repetition never gives back what it took.
    return code_of(item[0]) in ("MAX_REPEAT", "MIN_REPEAT") and int(item[1][1]) > 1_000


def _is_variable(item: Item) -> bool:
    """Whether an item takes one character, or none, or more of them, as it likes."""
    code, value = code_of(item[0]), item[1]
    if code in ("MAX_REPEAT", "MIN_REPEAT"):
        return int(value[0]) <= 1 < int(value[1]) or (int(value[0]), int(value[1])) == (0, 1)
    if code == "BRANCH":
        widths = [sum(map(_width, option)) for option in value[1]]
        return min(widths) == 0 < max(widths)
    return False


def _ambiguous(body: list[Item]) -> bool:
    """Whether the text of one round can as well be that of several rounds."""
    body = _flat(body)
    if len(body) == 1 and code_of(body[0][0]) == "BRANCH":
        options = [list(option) for option in body[0][1][1]]
        if any(_ambiguous(option) for option in options if any(map(_is_unbounded, option))):
            return True
        sets = [
            _characters(option[:1]) for option in options if len(option) == 1 and not _is_unbounded(option[0])
        ]
        single = frozenset().union(*sets)
        longer = [
            option
            for option in options
            if len(option) > 1 and all(code_of(part[0]) in _ONE for part in option)
        ]
        return any(sets[i] & sets[j] for i in range(len(sets)) for j in range(i)) or any(
            all(_characters([part]) & single for part in option) for option in longer
        )
    for index, item in enumerate(body):
        if not _is_variable(item) or not (_is_unbounded(item) or _takes_one(body)):
            continue
        repeated = _characters([item])
        rest = [other for place, other in enumerate(body) if place != index and _width(other)]
        if not repeated:
            continue
        # A mandatory character between two rounds that the repetition cannot eat keeps them apart.
        if all(_characters([other]) & repeated for other in rest):
            return True
    return False


def _takes_one(body: list[Item]) -> bool:
    """Whether one round may be as short as a character, so that there are rounds without number."""
    return sum(map(_width, body)) <= 1


def _flat(items: Sequence[Item]) -> list[Item]:
    """The items, with what stands in plain brackets in the place of the brackets."""
    found = []
    for item in items:
        found += _flat(item[1][3]) if code_of(item[0]) == "SUBPATTERN" else [item]
    return found


def _characters(items: Sequence[Item]) -> frozenset[str]:
    """The characters, of a small alphabet, that the items can take."""
    found: set[str] = set()
    for item in items:
        code, value = code_of(item[0]), item[1]
        if code == "LITERAL":
            found.add(chr(value))
        elif code == "NOT_LITERAL":
            found |= _LETTERS - {chr(value)}
        elif code == "ANY":
            found |= _LETTERS - {"\n"}
        elif code == "IN":
            found |= members(value)
        else:
            for part in _inner(item):
                found |= _characters(part)
    return frozenset(found)


def members(value: Sequence[Item]) -> set[str]:
    """The characters, of the same alphabet, that stand in a class."""
    found: set[str] = set()
    negated = False
    for code, argument in value:
        name = code_of(code)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.add(chr(argument))
        elif name == "RANGE":
            found |= {letter for letter in _LETTERS if argument[0] <= ord(letter) <= argument[1]}
        elif name == "CATEGORY":
            found |= _category(code_of(argument))
    return set(_LETTERS) - found if negated else found


def _category(name: str) -> set[str]:
    kind = name.removeprefix("CATEGORY_")
    positive = kind.removeprefix("NOT_")
    found = {letter for letter in _LETTERS if _is_of(letter, positive)}
    return set(_LETTERS) - found if kind != positive else found


def _is_of(letter: str, kind: str) -> bool:
    if kind == "DIGIT":
        return letter.isdigit()
    return letter.isspace() if kind == "SPACE" else letter.isalnum() or letter == "_"
