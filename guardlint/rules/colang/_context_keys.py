"""Which texts of the conversation an action takes from the context that NeMo gives it."""

from __future__ import annotations

import ast

from guardlint.nemo.configuration import Configuration
from guardlint.rules.actions._code import code_of
from guardlint.source.place import Place
from guardlint.source.python_nodes import nodes_below

__all__ = ["context_keys"]

_SEES_ALL = frozenset(("events", "state", "llm", "kb"))


def context_keys(configuration: Configuration, name: str) -> dict[str, Place] | None:
    """The keys that the code of the action ``name`` reads, with their first place; None in doubt.

    In doubt: the context is handed on or gone through, another parameter shows the conversation as well, or
    the code is not to be seen.
    """
    code = code_of(configuration, name)
    if code is None or not isinstance(code.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    arguments = {item.arg for item in (*code.node.args.args, *code.node.args.kwonlyargs)}
    if "context" not in arguments or arguments & _SEES_ALL or code.node.args.kwarg is not None:
        return None
    found: dict[str, Place] = {}
    read: set[int] = set()
    for item in nodes_below(code.node):
        key: ast.expr | None = None
        of: ast.expr | None = None
        if isinstance(item, ast.Subscript):
            key, of = item.slice, item.value
        elif isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "get":
            key, of = (item.args[0] if item.args else None), item.func.value
        elif isinstance(item, ast.Compare) and all(isinstance(one, ast.Is | ast.IsNot) for one in item.ops):
            read.add(id(item.left))
        elif isinstance(item, ast.UnaryOp | ast.If | ast.IfExp):
            read.add(id(item.operand if isinstance(item, ast.UnaryOp) else item.test))
        if isinstance(of, ast.BoolOp):
            of = of.values[0]
        if not isinstance(of, ast.Name) or of.id != "context":
            continue
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        read.add(id(of))
        place = Place.at(code.file.file, key.lineno, key.col_offset + 1, len(key.value) + 2)
        found.setdefault(key.value, place)
    for item in nodes_below(code.node):
        if isinstance(item, ast.Name) and item.id == "context" and id(item) not in read:
            return None
    return found
