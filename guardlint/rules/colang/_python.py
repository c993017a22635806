"""What the Python of a team's action tells without running it: how it is called, and what it can return."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.rules.colang._values import UNKNOWN
from guardlint.source.python import ActionDefinition
from guardlint.source.python_functions import Function, functions_in
from guardlint.source.python_nodes import nodes_below, nodes_of
from guardlint.source.record import record

__all__ = ["ActionFunction", "function_of"]

_GIVEN = frozenset(
    "events context config llm_task_manager llm llms kb http_client model_caches state".split()
)
"""Parameters that NeMo fills in (``v1_0/runtime/runtime.py``, and what ``llmrails`` registers)."""


@record
class ActionFunction:
    """A function that is an action.

    ``required``: parameters without a default that NeMo does not fill in. ``values``: everything that it can
    return, None where that cannot be told. ``sees_context``: whether it can look at the conversation itself.
    ``acts``: whether it can stop or change the conversation by itself.
    """

    parameters: tuple[str, ...]
    required: tuple[str, ...]
    takes_any: bool
    values: tuple[Any, ...] | None
    sees_context: bool
    acts: bool


@once
def function_of(configuration: Configuration, action: ActionDefinition) -> ActionFunction | None:
    """The function behind an action; None for classes, and for what other decorators have changed."""
    node = _functions(configuration, action.place.file).get(action.function)
    if node is None or len(node.decorator_list) > 1:
        return None
    names = [item.arg for item in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    plain = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
    optional = set(plain[len(plain) - len(node.args.defaults) :]) if node.args.defaults else set()
    optional |= {
        item.arg
        for item, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    }
    required = [
        name for name in names if name not in optional | _GIVEN and not name.startswith("__context__")
    ]
    own = {name for name in names if name in ("context", "events", "state") or name.startswith("__context__")}
    takes_any = node.args.kwarg is not None
    constants = _constants(configuration, action.place.file)
    return ActionFunction(
        tuple(names), tuple(required), takes_any, _values(node, constants), bool(own), _acts(node)
    )


_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_ENDS = ast.Return | ast.Raise | ast.If | ast.Try | ast.With | ast.AsyncWith | ast.Match | ast.While


@once
def _functions(configuration: Configuration, name: str) -> dict[str, Function]:
    """The functions and methods of a file by name; of several with one name the outermost."""
    found: dict[str, Function] = {}
    for file in configuration.python_files:
        if file.file == name and file.tree is not None:
            for node, _ in functions_in(file.tree):
                found.setdefault(node.name, node)
    return found


def _acts(node: Function) -> bool:
    named = (item.id == "ActionResult" for item in nodes_of(node, ast.Name))
    return bool(nodes_of(node, ast.Raise)) or any(named)


@once
def _constants(configuration: Configuration, name: str) -> dict[str, Any]:
    """The names to which a module gives a plain value, once."""
    found: dict[str, list[Any]] = {}
    for file in configuration.python_files:
        for item in file.tree.body if file.file == name and file.tree is not None else ():
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                plain = item.value.value if isinstance(item.value, ast.Constant) else UNKNOWN
                found.setdefault(item.targets[0].id, []).append(plain)
    return {key: values[0] for key, values in found.items() if len(values) == 1 and values[0] is not UNKNOWN}


def _values(node: Function, constants: dict[str, Any]) -> tuple[Any, ...] | None:
    own = _own_nodes(node)
    returns = [item for item in own if isinstance(item, ast.Return)]
    if not returns or [item for item in own if isinstance(item, ast.Yield | ast.YieldFrom)]:
        return None
    found: list[Any] = [] if isinstance(node.body[-1], _ENDS) else [None]
    for item in returns:
        values = [None] if item.value is None else _possible(item.value, constants)
        if values is None:
            return (True, False) if _says_bool(node) else None
        found += [
            value for value in values if not any(value is known or _same(value, known) for known in found)
        ]
    return tuple(found)


def _says_bool(node: Function) -> bool:
    return isinstance(node.returns, ast.Name) and node.returns.id == "bool"


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _own_nodes(node: ast.AST) -> Sequence[ast.AST]:
    """The nodes of a function without those of functions in it."""
    below = nodes_below(node)
    if not nodes_of(node, *_INNER):
        return below
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(node))
    for item in waiting:
        if not isinstance(item, _INNER):
            found.append(item)
            waiting += ast.iter_child_nodes(item)
    return found


def _possible(node: ast.expr, constants: dict[str, Any]) -> list[Any] | None:
    match node:
        case ast.Name(id=name) if name in constants:
            return [constants[name]]
        case ast.Constant(value=bool() | str() | int() | float() | None as value):
            return [value]
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return [True, False]
        case ast.Call(func=ast.Name(id="bool" | "any" | "all" | "isinstance")):
            return [True, False]
        case ast.BoolOp(values=parts):
            found = [_possible(part, constants) for part in parts]
            return [True, False] if all(values == [True, False] for values in found) else None
        case ast.IfExp(body=body, orelse=other):
            first, second = _possible(body, constants), _possible(other, constants)
            return None if first is None or second is None else [*first, *second]
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            members = [_possible(value, constants) or [] for value in values]
            return [
                {
                    key.value: possible[0] if len(possible) == 1 else UNKNOWN
                    for key, possible in zip(keys, members, strict=True)
                    if isinstance(key, ast.Constant)
                }
            ]
    return None
