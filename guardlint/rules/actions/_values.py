"""What a value in an action's code comes to when a flow tests it."""

from __future__ import annotations

import ast
from typing import Any

from guardlint.rules.actions._code import Test
from guardlint.rules.colang._values import UNKNOWN, Made, Outcome
from guardlint.rules.colang._values import truth as worth

__all__ = ["blocks", "is_allow", "truth"]


def blocks(value: Any, test: Test) -> bool | None:
    """Whether a returned value makes the flow block; None where only running it would tell."""
    if test.key is not None:
        if isinstance(value, Outcome):
            value = getattr(value, test.key, UNKNOWN)
        elif isinstance(value, Made):
            value = value.members.get(test.key, UNKNOWN)
        else:
            value = value.get(test.key, UNKNOWN) if isinstance(value, dict) else UNKNOWN
    known = worth(value)
    return None if known is None else known == test.blocks_on


def truth(value: ast.expr | None) -> bool | None:
    """Whether a value counts as true in Python; ``return`` alone gives None."""
    if value is None:
        return False
    if isinstance(value, ast.Constant):
        return bool(value.value)
    if isinstance(value, ast.Dict):
        return bool(value.keys)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return bool(value.elts)
    if isinstance(value, ast.Call) and _name(value.func) == "ActionResult":
        given = next((word.value for word in value.keywords if word.arg == "return_value"), None)
        return truth(given or (value.args[0] if value.args else None))
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        inner = truth(value.operand)
        return None if inner is None else not inner
    return None


def is_allow(value: ast.expr | None) -> bool:
    """``RailOutcome.allow(…)``."""
    return _outcome(value) == "allow"


def _outcome(value: ast.expr | None) -> str | None:
    """``allow``, ``blocked`` or ``transform`` for a RailOutcome that is made on the spot."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None
    if _name(value.func.value) != "RailOutcome":
        return None
    return {"allow": "allow", "block": "blocked", "transform": "transform"}.get(value.func.attr)


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
