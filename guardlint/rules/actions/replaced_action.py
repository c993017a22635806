"""A built-in check is replaced by code that blocks nothing.

What it does: finds actions that are registered under the name of a built-in rail action and return one
constant, whatever the text is; and those that return a plain boolean to a library flow.

Why it matters: the team's action takes the built-in one's place, and the library's flow runs it. If it
always allows, the rail is listed, runs, and lets everything pass. Since NeMo 0.24 the library's flows ask
``.is_blocked``, which a boolean does not have: the request fails.

How to fix: register the action under a name of its own, or return a ``RailOutcome`` that can block.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.rules.actions._code import Code, code_of, returns_of, run_of
from guardlint.rules.actions._values import is_allow
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition
from guardlint.source.python_nodes import nodes_of

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each action."""
    configuration = project.configuration
    for action in configuration.actions:
        facts = configuration.catalogue.action(action.name) if action.name else None
        if action.name is None or not facts or not facts["rail"]:
            continue
        code = code_of(configuration, action.name)
        if code is None or code.definition != action:
            continue
        node = run_of(code.node)
        if node is None:
            body = _lambda_of(code) if code.node is None else None
            if body is not None and _never_blocks([body]):
                yield _found(action, _runs_in(configuration, action.name))
            continue
        runs = _runs_in(configuration, action.name)
        values = [_made(node, item.value) for item in returns_of(node)]
        if _never_blocks(values):
            yield _found(action, runs)
        elif _hands_back(node, values) and runs is not None:
            yield Found(
                f"`{action.name}` takes the place of the built-in one and hands the text back as it was",
                action.place,
                "NeMo 0.24 asks the text for an outcome, and the request fails; before, nothing is masked",
                f'register it under another name: `@action(name="our_{snake_case(str(action.name))}")`',
                value=action.name,
                related=(Related(runs[0], "runs it"),),
            )
        elif action.returns == "bool" and runs is not None and runs[1]:
            yield Found(
                f"`{action.name}` returns a boolean to the library's flow",
                action.place,
                "the flow asks it for `.is_blocked`, which a boolean does not have: the request fails",
                "return `RailOutcome.block(…)` or `RailOutcome.allow()`, or write the flow that tests it",
                value=action.name,
                related=(Related(runs[0], "the library's flow runs it"),),
                since_nemo="0.24",
            )


def _made(node: ast.FunctionDef | ast.AsyncFunctionDef, value: ast.expr | None) -> ast.expr | None:
    """The value itself, or what its name was given once and for all."""
    if not isinstance(value, ast.Name):
        return value
    given = [
        item
        for item in nodes_of(node, ast.Name)
        if isinstance(item, ast.Name) and item.id == value.id and isinstance(item.ctx, ast.Store)
    ]
    for item in nodes_of(node, ast.Assign) if len(given) == 1 else ():
        if isinstance(item, ast.Assign) and item.targets == given:
            return item.value if is_allow(item.value) else value
    return value


def _lambda_of(code: Code) -> ast.expr | None:
    """What ``register_action(lambda …: …, "name")`` gives back."""
    assert code.file.tree is not None
    for call in nodes_of(code.file.tree, ast.Call):
        if isinstance(call, ast.Call) and call.lineno == code.definition.place.line:
            for argument in call.args[:1]:
                if isinstance(argument, ast.Lambda):
                    return argument.body
    return None


def _found(action: ActionDefinition, runs: tuple[Place, bool] | None) -> Found:
    return Found(
        f"`{action.name}` takes the place of the built-in check and never blocks",
        action.place,
        "NeMo runs this in the place of its own action: the rail lets everything pass"
        if runs
        else "NeMo runs this in the place of its own action, wherever a rail uses it: everything passes",
        f'register it under another name: `@action(name="our_{snake_case(str(action.name))}")`',
        value=action.name,
        related=(Related(runs[0], "runs it"),) if runs else (),
        severity=None if runs else "warning",
    )


def _never_blocks(values: list[ast.expr | None]) -> bool:
    """Every ``return`` gives the same constant, or allows; a function without one gives None."""
    if all(value is None or is_allow(value) for value in values):
        return True
    constants = [value.value for value in values if isinstance(value, ast.Constant)]
    return len(constants) == len(values) and len({repr(value) for value in constants}) == 1


def _hands_back(node: ast.FunctionDef | ast.AsyncFunctionDef, values: list[ast.expr | None]) -> bool:
    """Whether the text comes back as it was given: a masking action that masks nothing."""
    if nodes_of(node, ast.Assign, ast.AugAssign):
        return False
    given = {item.arg for item in (*node.args.args, *node.args.kwonlyargs)} & {
        "text",
        "bot_response",
        "user_input",
    }
    return bool(values) and all(isinstance(value, ast.Name) and value.id in given for value in values)


def _runs_in(configuration: Configuration, name: str) -> tuple[Place, bool] | None:
    """Where the action is run, and whether by a flow of the library's."""
    wanted = snake_case(name)
    for rail in configuration.all_rails():
        if rail.surface is None or rail.flow in configuration.flows:
            continue
        if snake_case(str(rail.surface["action"])) == wanted:
            return rail.place, True
    library = configuration.catalogue.flows(configuration.generation)
    for flow in configuration.flows.values():
        for call in flow.calls():
            if snake_case(call.name) == wanted:
                return call.place, False
            facts = library.get(call.name) if call.name not in configuration.flows else None
            if facts and wanted in {snake_case(item) for item in facts["actions"]}:
                return call.place, True
    return None
