"""Where an action's code fails, and what it returns then."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from guardlint.rules.actions._code import Function, place_of
from guardlint.rules.actions._ways import Point, Way, constants_of, ways
from guardlint.source.place import Place
from guardlint.source.python import PythonFile
from guardlint.source.python_nodes import nodes_below, nodes_of
from guardlint.source.record import record, replace

__all__ = ["Failure", "failures_of", "left_to_the_caller"]

# What Python raises for a text that is not of the expected form: often an answer, and no failure.
_PARSING = frozenset(
    "ValueError KeyError IndexError TypeError AttributeError LookupError StopIteration UnicodeDecodeError "
    "ZeroDivisionError InvalidOperation NoMatch".split()
)


@record
class Failure:
    """One way to fail: ``values`` are what is returned then (None for nothing), unless it ``raises``.

    ``narrow``: the code catches what a strange text raises, which may be meant as an answer. ``constant``: it
    is no failure, but all that the code ever returns.
    """

    what: str
    place: Place
    values: tuple[Any, ...]
    raises: bool = False
    narrow: bool = False
    constant: bool = False


def failures_of(file: PythonFile, node: Function, owner: ast.ClassDef | None = None) -> Iterator[Failure]:
    """The failures that the code handles, in the function and in those of the file that it calls.

    ``owner`` is the class of a method.
    """
    if file.tree is None:
        return
    known = constants_of(file.tree)
    yield from _own(file, node, known)
    for name, helper in _helpers(file.tree, node, owner):
        for failure in _own(file, helper, known):
            if failure.raises:
                continue
            ends = [
                end for value in failure.values for end in ways(node.body, None, known, {name: value}) or ()
            ]
            if ends and all(end.how != "raise" for end in ends):
                yield replace(failure, values=tuple(end.value for end in ends))


def _own(file: PythonFile, node: Function, known: Mapping[str, Any]) -> Iterator[Failure]:
    for point in _points(node.body):
        narrow = isinstance(point, ast.ExceptHandler) and _is_narrow(point)
        ends = ways(node.body, point, known, {})
        if not ends:
            continue
        if all(end.how == "raise" for end in ends):
            raised = next((end.at for end in ends if end.at is not None), None)
            if isinstance(point, ast.ExceptHandler) and raised is not None:
                where = place_of(file, raised)
                yield Failure("raises its errors again", where, (), raises=True, narrow=narrow)
        elif all(end.how != "raise" for end in ends):
            what, place = _told(file, point, ends)
            yield Failure(what, place, tuple(end.value for end in ends), narrow=narrow)


def _told(file: PythonFile, point: Point, ends: list[Way]) -> tuple[str, Place]:
    at = ends[0].at
    alone = at if at is not None and all(end.at is at for end in ends) else None
    if isinstance(point, ast.Try) and at is not None:
        return "returns from `finally`, whatever fails", place_of(file, at)
    if isinstance(point, ast.With | ast.AsyncWith):
        return "suppresses its errors and returns", place_of(file, point.items[0].context_expr)
    if isinstance(point, ast.If):
        return "takes a bad status for an answer", place_of(file, alone or point)
    assert isinstance(point, ast.ExceptHandler)
    inside = {id(item) for item in nodes_below(point)}
    if not all(id(end.at) in inside for end in ends):
        return "goes on after an error as if all were well", place_of(file, point)
    return "returns from `except` as if all were well", place_of(file, alone or point)


def _points(body: list[ast.stmt]) -> Iterator[Point]:
    """Where the function's own code can go wrong, and goes on."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.Try):
            io = _does_io(statement.body)
            for handler in statement.handlers:
                if io or not _is_narrow(handler):
                    yield handler
                yield from _points(handler.body)
            if any(isinstance(item, ast.Return) for item in statement.finalbody):
                yield statement
        elif isinstance(statement, ast.With | ast.AsyncWith) and _suppresses(statement):
            yield statement
        elif isinstance(statement, ast.If) and _tests_status(statement.test):
            yield statement
        for name in ("body", "orelse", "finalbody"):
            yield from _points(getattr(statement, name, []))
        for case in getattr(statement, "cases", ()):
            yield from _points(case.body)


def left_to_the_caller(file: PythonFile, node: Function) -> Iterator[Failure]:
    """The first call of a service that no ``try`` holds, and an error that the code raises itself."""
    for statement in node.body:
        if isinstance(statement, ast.Try):
            continue
        for item in ast.walk(statement):
            if isinstance(item, ast.Try | ast.FunctionDef | ast.AsyncFunctionDef):
                break
            if isinstance(item, ast.Call) and _is_io(item):
                yield Failure(
                    "leaves the errors of a service to the flow",
                    place_of(file, item),
                    (),
                    raises=True,
                    narrow=True,
                )
                return


def _helpers(tree: ast.Module, node: Function, owner: ast.ClassDef | None) -> Iterator[tuple[str, Function]]:
    """Functions of the module, and methods of the class, that the action calls; by the name of the call."""
    called = {item.func.id for item in nodes_of(node, ast.Call) if isinstance(item.func, ast.Name)}
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    yield from ((item.name, item) for item in functions if item.name in called and item is not node)
    owners = {"self": owner} if owner is not None else {}
    classes = {item.name: item for item in tree.body if isinstance(item, ast.ClassDef)}
    for made in tree.body:
        # client = Client()
        call = made.value if isinstance(made, ast.Assign) and isinstance(made.value, ast.Call) else None
        if isinstance(made, ast.Assign) and call is not None and isinstance(call.func, ast.Name):
            names = (target.id for target in made.targets if isinstance(target, ast.Name))
            owners |= {name: classes[call.func.id] for name in names if call.func.id in classes}
    for asked in nodes_of(node, ast.Call) if owners else ():
        function = asked.func
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            continue
        held = owners.get(function.value.id)
        for method in held.body if held is not None else ():
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name == function.attr:
                yield f"{function.value.id}.{method.name}", method


def _is_narrow(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {item.attr if isinstance(item, ast.Attribute) else getattr(item, "id", "") for item in kinds}
    return names <= _PARSING


def _does_io(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(item, ast.Await) or (isinstance(item, ast.Call) and _is_io(item))
        for statement in body
        for item in ast.walk(statement)
    )


_CLIENTS = frozenset(
    {"requests", "httpx", "session", "client", "aiohttp", "urllib", "urlopen", "http_client"}
)


def _is_io(call: ast.Call) -> bool:
    names = set()
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        names.add(node.attr)
        node = node.value.func if isinstance(node.value, ast.Call) else node.value
    if isinstance(node, ast.Name):
        names.add(node.id)
    return bool(names & _CLIENTS) and bool(names & {"get", "post", "put", "request", "urlopen"})


def _suppresses(statement: ast.With | ast.AsyncWith) -> bool:
    call = statement.items[0].context_expr
    return isinstance(call, ast.Call) and (
        getattr(call.func, "attr", None) == "suppress" or getattr(call.func, "id", None) == "suppress"
    )


def _tests_status(test: ast.expr) -> bool:
    """``response.status_code != 200``, ``not response.ok``, ``status >= 400``, or their opposites."""
    plain = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
    if isinstance(plain, ast.Attribute):
        return plain.attr in ("ok", "is_success", "is_error")
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    name = getattr(test.left, "attr", None) or getattr(test.left, "id", "")
    return name in ("status_code", "status")
