"""Conditions of Colang 1.0 with some variables known: true, false, an error, or not to be told.

NeMo hands a condition to ``simpleeval`` with the variables in it (``v1_0/runtime/eval.py``).
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["FAILS", "UNKNOWN", "Made", "Outcome", "evaluate", "names_in", "truth"]


class _Sign:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


UNKNOWN: Final = _Sign("UNKNOWN")
"""A value that only running the flow would tell."""
FAILS: Final = _Sign("FAILS")
"""The expression raises: the request ends in an error."""


@record
class Outcome:
    """NeMo's ``RailOutcome``: true whatever it holds, equal to nothing but another one."""

    is_blocked: bool = False
    is_transform: bool = False


@record
class Made:
    """An object that an action makes on the spot: true, with the members that it was given."""

    members: Mapping[str, Any]


_ATTRIBUTES = frozenset("is_blocked is_transform is_allowed reason metadata transform_text".split())
_NAME = lazy_pattern(r"\$([A-Za-z_]\w*)")
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_METHODS = frozenset(("lower", "upper", "strip", "startswith", "endswith", "get", "title", "casefold"))


@lru_cache(maxsize=4096)
def names_in(expression: str) -> tuple[str, ...]:
    """The variables of an expression, without ``$``, in order."""
    return tuple(dict.fromkeys(_NAME.findall(_without_texts(expression))))


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression; UNKNOWN where a variable that decides is not among ``values``."""
    tree = _parsed(expression.strip())
    return UNKNOWN if tree is None else _value(tree, values)


def truth(value: Any) -> bool | None:
    """Whether a condition with this value is taken; None where it may be."""
    return None if value is UNKNOWN or value is FAILS else bool(value)


def _without_texts(expression: str) -> str:
    if '"' not in expression and "'" not in expression:
        return expression
    return re.sub(r"\"[^\"]*\"|'[^']*'", lambda found: " " * len(found[0]), expression)


@cache
def _parsed(expression: str) -> ast.expr | None:
    try:
        return ast.parse(_NAME.sub(r"var_\1", expression), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name.startswith("var_"):
            return values.get(name[4:], UNKNOWN)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            found = [_value(part, values) for part in parts]
            return UNKNOWN if UNKNOWN in found or FAILS in found else found
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            value = truth(_value(inner, values))
            return UNKNOWN if value is None else not value
        case ast.BoolOp(op=sign, values=parts):
            return _joined(isinstance(sign, ast.And), [_value(part, values) for part in parts])
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _compared(_COMPARE[type(sign)], _value(left, values), _value(right, values))
        case ast.Attribute(value=inner, attr=name):
            return _attribute(_value(inner, values), name)
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
            return _item(_value(inner, values), key)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=arguments, keywords=[]):
            return _called(_value(inner, values), name, [_value(part, values) for part in arguments])
    return UNKNOWN


def _joined(every: bool, parts: list[Any]) -> Any:
    verdicts = [truth(part) for part in parts]
    if every:
        return False if False in verdicts else UNKNOWN if None in verdicts else True
    return True if True in verdicts else UNKNOWN if None in verdicts else False


def _compared(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if UNKNOWN in (left, right) or FAILS in (left, right):
        return UNKNOWN
    try:
        return compare(left, right)
    except TypeError:
        return FAILS


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, Outcome):
        known = getattr(value, name, UNKNOWN)
        return known if name in _ATTRIBUTES else FAILS
    if isinstance(value, dict):
        # NeMo lets the keys of a mapping be read as attributes; one that is not there is None.
        return value.get(name)
    if isinstance(value, Made):
        return value.members.get(name, UNKNOWN)
    if isinstance(value, bool | int | float | str | None):
        return FAILS
    return UNKNOWN


def _item(value: Any, key: Any) -> Any:
    return value.get(key, UNKNOWN) if isinstance(value, dict) else UNKNOWN


def _called(value: Any, name: str, arguments: list[Any]) -> Any:
    if name not in _METHODS or UNKNOWN in arguments or not isinstance(value, str | dict):
        return UNKNOWN
    try:
        return getattr(value, name)(*arguments)
    except (AttributeError, TypeError):
        return FAILS
