"""What the rules about actions ask: which flow runs which action, how it tests the result, and its code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once, once_each
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.source.colang import Flow, Statement
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition, PythonFile
from guardlint.source.python_nodes import nodes_of
from guardlint.source.record import record

__all__ = [
    "Code",
    "Function",
    "Test",
    "Use",
    "code_of",
    "place_of",
    "returns_of",
    "run_of",
    "tests_of",
    "uses",
]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@record
class Use:
    """A flow runs an action. ``target`` is the variable that is given the result, without ``$``."""

    flow: Flow
    statement: Statement
    name: str
    arguments: str
    place: Place
    target: str | None


@record
class Code:
    """An action's own code. ``node`` is None where the function is defined elsewhere."""

    definition: ActionDefinition
    file: PythonFile
    node: Function | ast.ClassDef | None


@record
class Test:
    """How a flow decides by a result: it blocks when the value (or its member ``key``) is ``blocks_on``."""

    blocks_on: bool
    key: str | None
    place: Place


@once_each
def uses(configuration: Configuration) -> Iterator[Use]:
    """Every run of an action in the flows that NeMo reads."""
    if configuration.generation == "1.0":
        for flow in configuration.flows.values():
            for statement in flow.statements:
                call = statement.call
                if call is not None and call.kind == "execute":
                    yield Use(flow, statement, call.name, call.arguments, call.place, statement.target)
        return
    from guardlint.rules.colang2._reading import flows_of, invocations, is_action

    for flow in flows_of(configuration).values():
        for statement in flow.statements:
            for made in invocations(statement):
                if is_action(made.name):
                    arguments = made.arguments
                    if arguments.startswith("("):
                        arguments = arguments[1 : arguments.rfind(")")] if ")" in arguments else arguments[1:]
                    yield Use(flow, statement, made.name, arguments, made.place, made.target)


@once
def code_of(configuration: Configuration, name: str) -> Code | None:
    """The team's action of that name, as NeMo finds it."""
    definition = configuration.action_named(name)
    if definition is None:
        return None
    for file in configuration.python_files:
        if definition in file.actions and file.tree is not None:
            return Code(definition, file, _node(file.tree, definition))
    return None


def _node(tree: ast.Module, definition: ActionDefinition) -> Function | ast.ClassDef | None:
    for node in nodes_of(tree, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        if node.name == definition.function and (
            not definition.decorated or node.lineno == definition.place.line
        ):
            return node
    return None


def run_of(node: Function | ast.ClassDef | None) -> Function | None:
    """The function that NeMo calls: of a class its method ``run``."""
    if not isinstance(node, ast.ClassDef):
        return node
    methods = (item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((item for item in methods if item.name == "run"), None)


def returns_of(node: Function) -> list[ast.Return]:
    """The function's own ``return`` statements, without those of functions inside."""
    found: list[ast.Return] = []
    todo: list[ast.stmt] = list(node.body)
    while todo:
        item = todo.pop()
        if isinstance(item, ast.Return):
            found.append(item)
        elif not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                todo.extend(getattr(item, name, ()))
            for part in (*getattr(item, "handlers", ()), *getattr(item, "cases", ())):
                todo.extend(part.body)
    return sorted(found, key=lambda item: item.lineno)


def place_of(file: PythonFile, node: ast.expr | ast.stmt | ast.ExceptHandler) -> Place:
    """The first line of a node."""
    width = (node.end_col_offset or 0) - node.col_offset if node.end_lineno == node.lineno else 6
    return Place.at(file.file, node.lineno, node.col_offset + 1, max(width, 1))


def tests_of(use: Use) -> tuple[Test, ...]:
    """The conditions on the result that decide whether the text goes on."""
    if use.target is None:
        return ()
    found = []
    for block in _conditions(blocks_of(use.flow), use):
        if not _blocks(block.inside):
            continue
        test = _read(block.statement.expression, use.target)
        if test is not None:
            found.append(Test(*test, block.statement.place))
    return tuple(found)


def _conditions(blocks: list[Block], use: Use) -> Iterator[Block]:
    for block in blocks:
        statement = block.statement
        is_test = statement.kind == "if" and f"${use.target}" in statement.expression
        if is_test and statement.place.line > use.statement.place.line:
            yield block
        yield from _conditions(block.inside, use)


def _blocks(inside: list[Block]) -> bool:
    """Whether a branch ends the rail: ``stop``, ``abort``, an exception, or a refusal of 1.0."""
    for statement in flatten(inside):
        if statement.kind in ("stop", "abort", "create"):
            return True
        if statement.kind == "bot" and re.search(
            r"refus|block|den(y|ied)|cannot|inform answer unknown|reject", statement.text
        ):
            return True
    return False


_MEMBER = r"(?:\.(?P<key>\w+)|\[\s*['\"](?P<item>\w+)['\"]\s*\]|\.get\(\s*['\"](?P<got>\w+)['\"][^)]*\))?"


def _read(condition: str, target: str) -> tuple[bool, str | None] | None:
    """The value on which the branch is taken; None for what is not a plain test of one value."""
    match = re.fullmatch(
        rf"\(?\s*(?P<no>not\s+)?\(?\${target}{_MEMBER}\)?\s*"
        r"(?:(?P<op>==|!=|is not|is)\s*(?P<value>True|False))?\s*\)?\s*:?",
        condition.strip(),
    )
    if match is None:
        return None
    taken = True
    if match["value"] is not None:
        taken = (match["value"] == "True") == (match["op"] in ("==", "is"))
    if match["no"]:
        taken = not taken
    return taken, match["key"] or match["item"] or match["got"]
