"""Every node of a Python tree, listed once: rules of many kinds look through the same code."""

from __future__ import annotations

import ast
from typing import Any, TypeVar, overload

__all__ = ["nodes_below", "nodes_of"]

_A = TypeVar("_A", bound=ast.AST)
_B = TypeVar("_B", bound=ast.AST)
_C = TypeVar("_C", bound=ast.AST)
_D = TypeVar("_D", bound=ast.AST)

# What a field holds of no interest: nothing, a name, a number, and how an expression is used.
_NO_NODES = frozenset({type(None), str, int, bool, ast.Load, ast.Store, ast.Del})


def nodes_below(node: ast.AST) -> tuple[ast.AST, ...]:
    """Everything below ``node`` in the order of ``ast.walk``, without it and without contexts (``Load``).

    The list is kept with the node: a tree is not to be changed after this.
    """
    kept: tuple[ast.AST, ...] | None = node.__dict__.get("_below")
    if kept is not None:
        return kept
    found = [node]
    for item in found:
        for name in item._fields:
            value: Any = getattr(item, name, None)
            kind = value.__class__
            if kind is list:
                found += [part for part in value if isinstance(part, ast.AST)]
            elif kind not in _NO_NODES and isinstance(value, ast.AST):
                found.append(value)
    kept = node.__dict__["_below"] = tuple(found[1:])
    return kept


@overload
def nodes_of(node: ast.AST, first: type[_A], /) -> list[_A]: ...
@overload
def nodes_of(node: ast.AST, first: type[_A], second: type[_B], /) -> list[_A | _B]: ...
@overload
def nodes_of(
    node: ast.AST, first: type[_A], second: type[_B], third: type[_C], /, *more: type[_D]
) -> list[_A | _B | _C | _D]: ...
def nodes_of(node: ast.AST, /, *kinds: type[ast.AST]) -> Any:
    """The nodes of some kinds below ``node``, in the order of ``ast.walk``."""
    return [item for item in nodes_below(node) if item.__class__ in kinds]
