"""Actions whose code gives the same verdict for every text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guardlint.rules.actions._code import Function, place_of, returns_of
from guardlint.rules.actions._failures import Failure
from guardlint.source.place import Place
from guardlint.source.python import PythonFile
from guardlint.source.python_nodes import nodes_of

__all__ = ["without_verdict"]


def without_verdict(file: PythonFile, node: Function) -> Iterator[Failure]:
    """A function that returns nothing, or one and the same constant, and raises nothing."""
    if nodes_of(node, ast.Raise, ast.Yield, ast.YieldFrom, ast.Try):
        return
    returns = returns_of(node)
    values = [item.value for item in returns]
    if all(value is None for value in values):
        name = Place.at(file.file, node.lineno, node.col_offset + 1, len("def"))
        yield Failure("returns nothing", name, (None,), constant=True)
    elif all(isinstance(value, ast.Constant) for value in values):
        constants = {repr(value.value) for value in values if isinstance(value, ast.Constant)}
        if len(constants) == 1:
            what = f"returns `{constants.pop()}` whatever it reads"
            value = getattr(values[0], "value", None)
            yield Failure(what, place_of(file, returns[-1]), (value,), constant=True)
