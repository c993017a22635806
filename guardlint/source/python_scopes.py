"""Which names a Python module binds where, and the calls in it: enough to follow a name to its literal.

The tree is walked without recursion, so that no source is too deep; nothing is imported or run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Module", "Scope", "read_module"]


@dataclass(slots=True, eq=False)
class Scope:
    """The module, a class or a function. ``bindings`` has None for what is not a plain assignment."""

    name: str
    parent: Scope | None = None
    is_class: bool = False
    bindings: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        """``Class.method``; empty for the module."""
        above = self.parent.path if self.parent is not None else ""
        return f"{above}.{self.name}" if above else self.name

    def bind(self, name: str, value: ast.expr | None = None) -> None:
        """Note one more assignment; names declared global or nonlocal spoil every scope around."""
        self.bindings.setdefault(name, []).append(value)
        if name in self.outer:
            scope = self.parent
            while scope is not None:
                scope.bindings.setdefault(name, []).append(None)
                scope = scope.parent

    def lookup(self, name: str) -> tuple[ast.expr, Scope] | None:
        """The only value that ``name`` can have here, and the scope that binds it; else None."""
        scope: Scope | None = self
        while scope is not None:
            values = scope.bindings.get(name) if scope is self or not scope.is_class else None
            if values is not None:
                only = values[0] if len(values) == 1 else None
                return None if only is None else (only, scope)
            scope = scope.parent
        return None


@dataclass(slots=True)
class Module:
    """What a module calls, in source order, and by which names it knows what it imported.

    ``added`` holds the nodes that are operands of a ``+``, and the names of variables that are.
    """

    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    added: set[int] = field(default_factory=set)
    added_names: set[str] = field(default_factory=set)
    targets: dict[int, str] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    star_imports: list[str] = field(default_factory=list)

    def dotted(self, node: ast.expr) -> str | None:
        """The full name of what an expression names: ``RC.x`` is ``nemoguardrails.RailsConfig.x``."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])


def read_module(text: str) -> Module | None:
    """Read a module; None where Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about "\d" in somebody's literal
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    module = Module()
    todo: list[tuple[ast.AST, Scope]] = [(tree, Scope(""))]
    while todo:
        node, scope = todo.pop()
        todo.extend(reversed([*_visit(node, scope, module)]))
    return module


def _visit(node: ast.AST, scope: Scope, module: Module) -> Iterator[tuple[ast.AST, Scope]]:
    """Note what ``node`` binds, and give its children with their scopes."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            yield from _function(node, scope)
            return
        case ast.ClassDef():
            scope.bind(node.name)
            inner = Scope(node.name, scope, is_class=True)
            for child in ast.iter_child_nodes(node):
                yield child, inner if isinstance(child, ast.stmt) else scope
            return
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            scope.bind(name, value)
            module.targets[id(value)] = name
            yield value, scope
            return
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            scope.bind(name, value)
            module.targets[id(value)] = name
            yield value, scope
            return
        case ast.Name(id=name, ctx=ast.Load()):
            module.loads[name] = module.loads.get(name, 0) + 1
        case ast.Name(id=name):
            scope.bind(name)
        case ast.Call():
            module.calls.append((node, scope))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            _note_added(module, left, right)
        case ast.AugAssign(target=target, value=value):
            _note_added(module, target, value)
        case _:
            _declare(node, scope, module)
    for child in ast.iter_child_nodes(node):
        yield child, scope


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
) -> Iterator[tuple[ast.AST, Scope]]:
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    inner = Scope(name, scope)
    if not isinstance(node, ast.Lambda):
        scope.bind(node.name)
        for decorator in node.decorator_list:
            yield decorator, scope
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            yield default, scope
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            inner.bind(argument.arg)
    for statement in node.body if isinstance(node.body, list) else [node.body]:
        yield statement, inner


def _declare(node: ast.AST, scope: Scope, module: Module) -> None:
    match node:
        case ast.Import():
            for alias in node.names:
                first = alias.name.partition(".")[0]
                scope.bind(alias.asname or first)
                module.aliases[alias.asname or first] = alias.name if alias.asname else first
        case ast.ImportFrom():
            for alias in node.names:
                if alias.name == "*":
                    module.star_imports.append(node.module or "")
                    # It may bind anything, so nothing that was bound before is certain.
                    for values in scope.bindings.values():
                        values.append(None)
                    continue
                scope.bind(alias.asname or alias.name)
                if node.module and not node.level:
                    module.aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            scope.outer.update(names)
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            scope.bind(name)
        case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
            scope.bind(name)
        case _:
            pass


def _note_added(module: Module, *operands: ast.expr) -> None:
    for operand in operands:
        module.added.add(id(operand))
        if isinstance(operand, ast.Name):
            module.added_names.add(operand.id)
