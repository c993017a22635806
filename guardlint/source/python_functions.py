"""The functions of a Python module, found without a look at what stands in their expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["Function", "functions_in"]

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Where a statement keeps those that stand inside it.
_PARTS = ("body", "handlers", "orelse", "finalbody", "cases")


def functions_in(tree: ast.Module) -> Iterator[tuple[Function, bool]]:
    """Every function with whether it is a method, the outer before the inner."""
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in tree.body]
    for node, in_class in waiting:
        if isinstance(node, Function):
            yield node, in_class
        for part in _PARTS:
            waiting += ((inner, isinstance(node, ast.ClassDef)) for inner in getattr(node, part, ()))
