"""What an expression of an action's Python is worth, with some names known: nothing is run.

A value is a plain Python value, NeMo's ``RailOutcome``, an object that is made on the spot with members that
are known, or UNKNOWN.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from guardlint.rules.colang._values import UNKNOWN, Made, Outcome, truth

__all__ = ["Scene"]

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
_COMPUTE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_PLAIN: dict[str | None, Any] = {"len": len, "any": any, "all": all, "float": float, "int": int}
_METHODS = frozenset("lower upper strip casefold startswith endswith get".split())
_OUTCOMES = {
    "allow": Outcome(),
    "block": Outcome(is_blocked=True),
    "transform": Outcome(is_transform=True),
}


class Scene:
    """Names and what they hold; ``returned`` is what calls of the file's own functions give, by name.

    ``failed``: something has gone wrong on the way here.
    """

    __slots__ = ("failed", "returned", "values")

    def __init__(
        self, values: Mapping[str, Any], returned: Mapping[str, Any], *, failed: bool = False
    ) -> None:
        self.values = dict(values)
        self.returned = returned
        self.failed = failed

    def copy(self) -> Scene:
        """The same scene, to go another way from here."""
        return Scene(self.values, self.returned, failed=self.failed)

    def worth(self, node: ast.expr | None) -> Any:
        """The value of an expression; ``return`` alone gives None."""
        if node is None:
            return None
        try:
            return self._worth(node)
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError):
            return UNKNOWN

    def _worth(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.values.get(name, UNKNOWN)
            case ast.Await(value=inner):
                return self._worth(inner)
            case ast.NamedExpr(target=ast.Name(id=name), value=inner):
                self.values[name] = self._worth(inner)
                return self.values[name]
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return [self._worth(part) for part in parts]
            case ast.Dict(keys=keys, values=parts):
                return self._mapping(keys, parts)
            case ast.UnaryOp() | ast.BoolOp() | ast.IfExp() | ast.Compare() | ast.BinOp():
                return self._computed(node)
            case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
                value = self._worth(inner)
                inside: Any = value if isinstance(value, dict | list) else {}
                return inside[key]
            case ast.Attribute(value=inner, attr=name):
                value = self._worth(inner)
                return value.members.get(name, UNKNOWN) if isinstance(value, Made) else UNKNOWN
            case ast.Call():
                return self._called(node)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.worth(part)  # a call in it may have failed
        return UNKNOWN

    def _computed(self, node: ast.expr) -> Any:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                known = truth(self._worth(inner))
                return UNKNOWN if known is None else not known
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                value = self._worth(inner)
                return UNKNOWN if value is UNKNOWN else -value
            case ast.BoolOp(op=sign, values=parts):
                return self._joined(isinstance(sign, ast.And), parts)
            case ast.IfExp(test=test, body=body, orelse=other):
                known = truth(self._worth(test))
                first, second = self._worth(body), self._worth(other)
                return UNKNOWN if known is None else first if known else second
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                pair = self._worth(left), self._worth(right)
                return UNKNOWN if UNKNOWN in pair else _COMPARE[type(sign)](*pair)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _COMPUTE:
                pair = self._worth(left), self._worth(right)
                return UNKNOWN if UNKNOWN in pair else _COMPUTE[type(sign)](*pair)
        return UNKNOWN

    def _mapping(self, keys: list[ast.expr | None], parts: list[ast.expr]) -> Any:
        values = [self._worth(part) for part in parts]
        if not all(isinstance(key, ast.Constant) for key in keys):
            return UNKNOWN
        return {
            key.value: value for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant)
        }

    def _joined(self, every: bool, parts: list[ast.expr]) -> Any:
        unsure = False
        value: Any = UNKNOWN
        for part in parts:
            value = self._worth(part)
            known = truth(value)
            if known is (not every):
                return UNKNOWN if unsure and not isinstance(value, bool) else value
            unsure = unsure or known is None
        return UNKNOWN if unsure else value

    def _called(self, node: ast.Call) -> Any:
        arguments = [self._worth(part) for part in node.args]
        named = {word.arg: self._worth(word.value) for word in node.keywords}
        name = _name_of(node.func)
        if name is not None and name in self.returned:
            self.failed = True
            return self.returned[name]
        if isinstance(node.func, ast.Attribute):
            if _name_of(node.func.value) == "RailOutcome":
                return _OUTCOMES.get(node.func.attr, UNKNOWN)
            held = self._worth(node.func.value)
            changes = isinstance(held, dict | list) and node.func.attr not in _METHODS
            if changes and isinstance(node.func.value, ast.Name):
                self.values[node.func.value.id] = UNKNOWN  # `append`, `update`: it is another one now
            if isinstance(held, str | dict) and node.func.attr in _METHODS and UNKNOWN not in arguments:
                return getattr(held, node.func.attr)(*arguments)
            return UNKNOWN
        if name == "ActionResult":
            return arguments[0] if arguments else named.get("return_value")
        if name == "dict" and not arguments and None not in named:
            return dict(named)
        if name == "bool" and arguments:
            known = truth(arguments[0])
            return UNKNOWN if known is None else known
        if name in _PLAIN and len(arguments) == 1 and not named:
            function = _PLAIN[name]
            return UNKNOWN if UNKNOWN in _flat(arguments[0]) else function(arguments[0])
        if (
            isinstance(node.func, ast.Name)
            and node.func.id[:1].isupper()
            and named
            and not arguments
            and None not in named
        ):
            return Made({str(key): value for key, value in named.items()})
        return UNKNOWN


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _name_of(node: ast.expr) -> str | None:
    """``f``, ``self.f`` or ``client.f``; of NeMo's classes the last part of a longer name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = node.value
        if node.attr in ("ActionResult", "RailOutcome"):
            return node.attr
        return f"{inner.id}.{node.attr}" if isinstance(inner, ast.Name) else None
    return None
