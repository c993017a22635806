"""An action's result is true whatever the verdict, and the flow tests it as a yes or no.

What it does: finds actions that return a coroutine nobody awaits, or always a dictionary or a text that is
not empty, where a flow tests the result bare.

Why it matters: such a value is true. ``if $result`` refuses every message, ``if not $result`` none.

How to fix: write ``await``, return True or False, or test a member of the result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.actions._code import (
    Code,
    Function,
    Test,
    Use,
    code_of,
    place_of,
    returns_of,
    tests_of,
    uses,
)
from guardlint.rules.actions._decision import decision_of
from guardlint.rules.actions._values import truth
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place
from guardlint.source.python_nodes import nodes_below, nodes_of

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each action."""
    configuration = project.configuration
    said: set[Place] = set()
    for use in uses(configuration) if configuration.actions else ():
        code = code_of(configuration, use.name)
        fault = _fault(code) if code is not None else None
        if code is None or fault is None or fault[1] in said:
            continue
        test = next((test for test in tests_of(use) if test.key is None), None) or _elsewhere(
            configuration, use
        )
        if test is None:
            continue
        what, place, mend = fault
        related = Related(test.place, "tested as a yes or no")
        if _gives_mappings(code):
            # The test is what must change: the mapping is read elsewhere as it is meant.
            place, related = test.place, Related(place, "what it returns")
        said.add(place)
        yield Found(
            f"`{code.definition.name}` {what}",
            place,
            _effect(configuration, what, test.blocks_on),
            mend,
            value=(code.definition.name, what),
            related=(related,),
            fix=replace_text(configuration, place, "return ", "return await ", title="write `return await`")
            if "await …" in mend
            else None,
        )


def _elsewhere(configuration: Configuration, use: Use) -> Test | None:
    """A test whose other branch blocks: ``if $ok`` with the refusal under ``else``, or in another flow."""
    decision = decision_of(configuration, use)
    if decision is None or not decision.is_bare:
        return None
    return Test(not decision.lets_pass(True), None, decision.place)


def _effect(configuration: Configuration, what: str, blocks: bool) -> str:
    if configuration.generation == "2.x" and "coroutine" in what:
        return "the coroutine cannot be kept in the state: every message gets an empty reply"
    return (
        "the value is always true: the flow refuses every message"
        if blocks
        else "the value is always true: what is condemned passes all the same"
    )


def _fault(code: Code) -> tuple[str, Place, str] | None:
    node = code.node
    if isinstance(node, ast.ClassDef):
        run = next(
            (item for item in node.body if isinstance(item, ast.AsyncFunctionDef) and item.name == "run"),
            None,
        )
        if run is None or code.definition.name is None:
            return None
        return (
            "returns a coroutine: NeMo does not await `run` of a class",
            place_of(code.file, run),
            "write `def run` without `async`, or make the action an `async def` function",
        )
    if node is None:
        return None
    returns = returns_of(node)
    for item in returns:
        if isinstance(node, ast.AsyncFunctionDef) and _is_coroutine(code, item.value):
            return (
                "returns a coroutine that nobody awaits",
                place_of(code.file, item),
                "write `return await …`",
            )
    values = [item.value for item in returns]
    if values and all(_is_full(node, value) for value in values):
        return (
            "returns a dictionary or a text, never an empty one",
            place_of(code.file, returns[0]),
            "return True or False, or test a member of the result in the flow",
        )
    return None


def _gives_mappings(code: Code) -> bool:
    """Whether every ``return`` is a mapping with its keys in sight, and the code promises nothing else."""
    node = code.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or code.definition.returns == "bool":
        return False
    return all(isinstance(item.value, ast.Dict) for item in returns_of(node))


def _is_full(node: Function, value: ast.expr | None) -> bool:
    if isinstance(value, ast.Name):
        given = [
            item.value
            for item in nodes_of(node, ast.Assign)
            if any(isinstance(target, ast.Name) and target.id == value.id for target in item.targets)
        ]
        return bool(given) and all(isinstance(item, ast.Dict) and bool(item.keys) for item in given)
    if isinstance(value, ast.Dict | ast.Tuple):
        return truth(value) is True
    if isinstance(value, ast.IfExp):
        return _is_full(node, value.body) and _is_full(node, value.orelse)
    if isinstance(value, ast.Call):
        # Of what is no text itself, `str` never makes an empty one: "False" is true.
        return (
            isinstance(value.func, ast.Name)
            and value.func.id == "str"
            and len(value.args) == 1
            and _is_verdict(value.args[0])
        )
    if isinstance(value, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and part.value for part in value.values)
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(value.value)


def _is_verdict(value: ast.expr) -> bool:
    if isinstance(value, ast.BoolOp):
        return all(map(_is_verdict, value.values))
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in ("any", "all", "bool", "isinstance")
    return isinstance(value, ast.Compare) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    )


def _is_coroutine(code: Code, value: ast.expr | None) -> bool:
    """A call, not awaited, of an ``async def`` function of the module."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name) or code.file.tree is None:
        return False
    name = value.func.id
    return any(
        isinstance(item, ast.AsyncFunctionDef) and item.name == name and not _yields(item)
        for item in code.file.tree.body
    )


def _yields(node: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(item, ast.Yield) for item in nodes_below(node))
