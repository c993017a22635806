"""Where an action's code fails, and what it returns then."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guardlint.rules.actions._code import Function, place_of, returns_of
from guardlint.source.place import Place
from guardlint.source.python import PythonFile
from guardlint.source.record import record

__all__ = ["Failure", "failures_of", "left_to_the_caller"]

# What Python raises for a text that is not of the expected form: often an answer, and no failure.
_PARSING = frozenset(
    "ValueError KeyError IndexError TypeError AttributeError LookupError StopIteration UnicodeDecodeError "
    "ZeroDivisionError InvalidOperation NoMatch".split()
)


@record
class Failure:
    """One way to fail: ``value`` is what is returned then (None for nothing), unless it ``raises``.

    ``narrow``: the code catches what a strange text raises, which may be meant as an answer. ``constant``: it
    is no failure, but all that the code ever returns.
    """

    what: str
    place: Place
    value: ast.expr | None
    raises: bool = False
    narrow: bool = False
    constant: bool = False


def failures_of(file: PythonFile, node: Function, *, depth: int = 0) -> Iterator[Failure]:
    """The failures that the code handles, in the function and in those of the file that it returns."""
    yield from _in_body(file, node, node.body)
    if depth:
        return
    for helper in _returned_helpers(file, node):
        yield from failures_of(file, helper, depth=1)


def _in_body(file: PythonFile, node: Function, body: list[ast.stmt]) -> Iterator[Failure]:
    for index, statement in enumerate(body):
        rest = body[index + 1 :]
        if isinstance(statement, ast.Try):
            yield from _in_body(file, node, statement.body)
            # A tail within the `try` belongs to the way without an error.
            for handler in statement.handlers:
                yield from _handler(file, node, statement, handler, rest)
            returned = _last_return(statement.finalbody)
            if returned is not None:
                value = returned.value
                if isinstance(value, ast.Name):
                    value = _before(node, statement, value.id) or value
                yield Failure("returns from `finally`, whatever fails", place_of(file, returned), value)
        elif isinstance(statement, ast.With) and _suppresses(statement):
            tail = _value_after(rest)
            if tail is not None:
                yield Failure(
                    "suppresses its errors and returns",
                    place_of(file, statement.items[0].context_expr),
                    tail[0],
                )
        elif isinstance(statement, ast.If):
            returned = _last_return(statement.body)
            if returned is not None and _tests_status(statement.test):
                yield Failure("takes a bad status for an answer", place_of(file, returned), returned.value)
            yield from _in_body(file, node, statement.body)
            yield from _in_body(file, node, statement.orelse)
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.While):
            yield from _in_body(file, node, statement.body)


def _handler(
    file: PythonFile, node: Function, statement: ast.Try, handler: ast.ExceptHandler, rest: list[ast.stmt]
) -> Iterator[Failure]:
    narrow = _is_narrow(handler)
    if narrow and not _does_io(statement.body):
        return
    raised = next((item for item in handler.body if isinstance(item, ast.Raise)), None)
    if raised is not None:
        yield Failure("raises its errors again", place_of(file, raised), None, raises=True, narrow=narrow)
        return
    returns = [item for item in ast.walk(handler) if isinstance(item, ast.Return)]
    if returns:
        if len(returns) == 1:
            value = _resolved(handler.body, returns[0].value)
            yield Failure(
                "returns from `except` as if all were well", place_of(file, returns[0]), value, narrow=narrow
            )
        return
    if any(isinstance(item, ast.Continue | ast.Break) for item in ast.walk(handler)):
        return
    tail = _value_after(rest)
    if tail is not None:
        value = tail[0]
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id == "bool"
            and len(value.args) == 1
        ):
            value = value.args[0]
        if isinstance(value, ast.Name):
            value = _assigned(handler.body, value.id) or _before(node, statement, value.id) or value
        yield Failure(
            "goes on after an error as if all were well", place_of(file, handler), value, narrow=narrow
        )


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
                    None,
                    raises=True,
                    narrow=True,
                )
                return


def _returned_helpers(file: PythonFile, node: Function) -> Iterator[Function]:
    """Functions of the module whose result the action returns as it is."""
    tree = file.tree
    if tree is None:
        return
    names = set()
    for returned in returns_of(node):
        value = returned.value
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            names.add(value.func.id)
    for item in tree.body:
        if (
            isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
            and item.name in names
            and item is not node
        ):
            yield item


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


def _suppresses(statement: ast.With) -> bool:
    call = statement.items[0].context_expr
    return isinstance(call, ast.Call) and (
        getattr(call.func, "attr", None) == "suppress" or getattr(call.func, "id", None) == "suppress"
    )


def _tests_status(test: ast.expr) -> bool:
    """``response.status_code != 200``, ``not response.ok``, ``status >= 400``."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return getattr(test.operand, "attr", None) in ("ok", "is_success")
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    name = getattr(test.left, "attr", None) or getattr(test.left, "id", "")
    if name not in ("status_code", "status"):
        return False
    return isinstance(test.ops[0], ast.NotEq | ast.Gt | ast.GtE | ast.NotIn)


def _last_return(body: list[ast.stmt]) -> ast.Return | None:
    return body[-1] if body and isinstance(body[-1], ast.Return) else None


def _value_after(rest: list[ast.stmt]) -> tuple[ast.expr | None] | None:
    """What is returned after the ``try`` (nothing where the function ends); None where that is unclear."""
    if not rest:
        return (None,)
    if isinstance(rest[0], ast.Return):
        return (rest[0].value,)
    if all(isinstance(item, ast.Expr) for item in rest[:-1]) and isinstance(rest[-1], ast.Return):
        return (rest[-1].value,)
    return None


def _resolved(body: list[ast.stmt], value: ast.expr | None) -> ast.expr | None:
    if isinstance(value, ast.Name):
        return _assigned(body, value.id) or value
    return value


def _assigned(body: list[ast.stmt], name: str) -> ast.expr | None:
    for statement in reversed(body):
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            return statement.value
    return None


def _before(node: Function, statement: ast.Try, name: str) -> ast.expr | None:
    """What a variable was given in the function's own body before the ``try``."""
    if statement not in node.body:
        return None
    return _assigned(node.body[: node.body.index(statement)], name)
