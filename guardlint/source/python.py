"""A Python file read with ``ast``, never imported: the actions it defines or registers, and where."""

from __future__ import annotations

import ast
import warnings
from typing import Literal

from guardlint.source.place import Place
from guardlint.source.python_nodes import nodes_of
from guardlint.source.record import field, record

__all__ = ["ActionDefinition", "PythonFile", "parse_python"]

Returns = Literal["bool", "other", "unknown"]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@record
class ActionDefinition:
    """A function or class that NeMo would register: ``@action`` or ``register_action(fn, "name")``.

    ``name`` is None where it is not a literal. ``returns`` is ``bool`` when every ``return`` is a literal
    True/False, a comparison, a negation or a call of ``bool``, or the annotation says so.
    """

    name: str | None
    function: str
    place: Place
    decorated: bool
    returns: Returns = "unknown"
    parameters: tuple[str, ...] = ()


@record
class PythonFile:
    """The outline; ``problem`` is set when Python cannot parse the file. ``tree`` is what it parsed."""

    file: str
    actions: tuple[ActionDefinition, ...] = ()
    has_init: bool = False
    imports: tuple[str, ...] = ()
    problem: tuple[str, Place] | None = None
    tree: ast.Module | None = field(default=None, compare=False, repr=False)


def parse_python(text: str, file: str) -> PythonFile:
    """Outline one module; a syntax error is kept in ``problem``."""
    try:
        with warnings.catch_warnings():
            # What Python thinks of a team's "\d" is not for guardlint to print.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        column = getattr(error, "offset", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        return PythonFile(file, problem=(reason, Place.at(file, line, max(column, 1))))
    actions: list[ActionDefinition] = []
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = {}
    methods = set() if "register_actions" in text or "class" not in text else _methods(tree)
    for node in nodes_of(tree, *_DEFINITIONS):
        functions.setdefault(node.name, node)
        decorator = next((item for item in node.decorator_list if _is_action(item)), None)
        if decorator is not None and node not in methods:
            actions.append(_decorated(node, decorator, file))
    if "register_action" in text:
        actions.extend(
            _registered(call, functions, file)
            for call in nodes_of(tree, ast.Call)
            if _callee(call.func) == "register_action" and _handed_over(call)
        )
    has_init = any(isinstance(node, ast.FunctionDef) and node.name == "init" for node in tree.body)
    return PythonFile(file, tuple(actions), has_init, _imports(tree), tree=tree)


def _methods(tree: ast.Module) -> set[ast.stmt]:
    """What classes define: NeMo registers the members of the module only (``_load_actions_from_module``)."""
    return {item for node in nodes_of(tree, ast.ClassDef) for item in node.body}


def _imports(tree: ast.Module) -> tuple[str, ...]:
    """The top-level packages that the module imports anywhere; ``""`` for a relative import."""
    found: set[str] = set()
    for node in nodes_of(tree, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        else:
            found.add("" if node.level else (node.module or "").partition(".")[0])
    return tuple(sorted(found))


def _callee(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _is_action(decorator: ast.expr) -> bool:
    """``@action(…)``. Without brackets it registers nothing: ``action`` takes the function for a flag."""
    return isinstance(decorator, ast.Call) and _callee(decorator.func) == "action"


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _decorated(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, decorator: ast.expr, file: str
) -> ActionDefinition:
    name: str | None = node.name
    if isinstance(decorator, ast.Call):
        given = [word.value for word in decorator.keywords if word.arg == "name"]
        if len(decorator.args) > 1:
            given.append(decorator.args[1])
        if given:
            name = _literal(given[0])
    return ActionDefinition(name, node.name, _name_place(node, file), True, _returns(node), _parameters(node))


def _registered(
    node: ast.Call, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef], file: str
) -> ActionDefinition:
    handed = _handed_over(node)
    function = (_callee(handed) if handed is not None else None) or "?"
    definition = functions.get(function)
    given = [word.value for word in node.keywords if word.arg == "name"] + node.args[1:2]
    name = _literal(given[0]) if given else (function if function != "?" else None)
    place = Place.at(file, node.lineno, node.col_offset + 1, (node.end_col_offset or 0) - node.col_offset)
    if definition is None:
        return ActionDefinition(name, function, place, False)
    return ActionDefinition(name, function, place, False, _returns(definition), _parameters(definition))


def _handed_over(node: ast.Call) -> ast.expr | None:
    """The function that ``register_action`` is given, by position or by name."""
    named = (word.value for word in node.keywords if word.arg in ("action", "action_or_action_fn"))
    return node.args[0] if node.args else next(named, None)


def _name_place(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, file: str) -> Place:
    keyword = {ast.FunctionDef: 4, ast.AsyncFunctionDef: 10, ast.ClassDef: 6}[type(node)]
    return Place.at(file, node.lineno, node.col_offset + keyword + 1, len(node.name))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, ...]:
    if isinstance(node, ast.ClassDef):
        return ()
    return tuple(
        argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    )


def _returns(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Returns:
    if isinstance(node, ast.ClassDef):
        return "unknown"
    if isinstance(node.returns, ast.Name):
        return "bool" if node.returns.id == "bool" else "other"
    values = [item.value for item in nodes_of(node, ast.Return)]
    if values and all(value is not None and _is_bool(value) for value in values):
        return "bool"
    return "unknown"


def _is_bool(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    if isinstance(node, ast.Compare):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.BoolOp):
        return all(_is_bool(value) for value in node.values)
    return isinstance(node, ast.Call) and _callee(node.func) in ("bool", "any", "all", "isinstance")
