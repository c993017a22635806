"""NeMo's source tree: where it lies and what its Python functions say, read without running them."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import nemoguardrails

__all__ = [
    "ROOT",
    "Function",
    "SourceFunction",
    "called_name",
    "functions",
    "has_module",
    "keyword",
    "module_tree",
    "python_modules",
    "relative",
]

ROOT = Path(nemoguardrails.__file__).resolve().parent

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class SourceFunction:
    """A function of one module."""

    module: str
    node: Function


def relative(path: Path) -> str:
    """A path inside NeMo's package, with slashes."""
    return path.relative_to(ROOT).as_posix()


def has_module(name: str) -> bool:
    """Whether the installed release has a module of that dotted name."""
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def python_modules(*folders: str) -> Iterator[str]:
    """Dotted names of the modules in some folders of NeMo's package, sorted."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def module_tree(module: str) -> ast.Module:
    """The syntax tree of a module; raises LookupError when it has no source."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"no source for module {module}")
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def functions(module: str) -> Iterator[SourceFunction]:
    """The functions and methods of a module, without those nested in functions."""
    pending: list[ast.stmt] = list(module_tree(module).body)
    while pending:
        statement = pending.pop(0)
        if isinstance(statement, ast.ClassDef):
            pending.extend(statement.body)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield SourceFunction(module, statement)


def called_name(call: ast.Call) -> str:
    """The last name of what is called: ``f`` for ``f()`` and ``a.b.f()``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument, or None."""
    return next((item.value for item in call.keywords if item.arg == name), None)
