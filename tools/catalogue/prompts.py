"""Prompt tasks and what a prompt may use: read from NeMo's source and from a task manager at work.

A task: ``action`` that renders it, ``variables`` of its context, ``text_variables`` (those that carry the
text being checked), ``text_by`` (``prompt``: only through those variables; ``message``: sent as a chat
message of its own; absent: nothing is checked), ``history`` (the conversation is at hand),
``builtin_prompt``, ``parses`` (a parser reads the answer) and ``default_parser`` (the one used when the
prompt names none). A task name that ends in ``$model`` or ``$variant`` is followed by ``=`` and a value in a
configuration.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment
from nemoguardrails import RailsConfig
from nemoguardrails.llm.prompts import _prompts
from nemoguardrails.llm.taskmanager import LLMTaskManager
from nemoguardrails.llm.types import Task

from tools.catalogue.sources import (
    Function,
    SourceFunction,
    called_name,
    functions,
    has_module,
    keyword,
    python_modules,
)

__all__ = ["context_variables", "filters", "jinja", "output_parsers", "tasks"]

# Context variables that carry the text a rail of that direction checks. The user's message of an output rail
# and the model's thinking are only background.
_CHECKED = {
    "input": {"user_message"},
    "output": {"bot_message", "relevant_chunks", "_last_bot_prompt"},
    "retrieval": {"relevant_chunks"},
}
_RENDERERS = ("render_task_prompt", "run_self_check_task")
_SELF_CHECK = "nemoguardrails.library.self_check.utils"


def tasks(surfaces: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every task for which NeMo renders a prompt; ``surfaces`` say which action checks what."""
    roots = _checked_texts(surfaces)
    builtin = {prompt.task for prompt in _prompts}
    table: dict[str, dict[str, Any]] = {}
    for function in _rendering_functions():
        for call in _calls(function.node, *_RENDERERS):
            row = _task(function, call, roots.get(_action_name(function.node), frozenset()))
            for name in _task_names(function, call):
                known = table.setdefault(name, {**row, "builtin_prompt": name in builtin})
                known["variables"] = sorted({*known["variables"], *row["variables"]})
    return table


def filters() -> list[str]:
    """Jinja filters that NeMo adds or replaces."""
    plain = Environment().filters
    known = _task_manager().env.filters.items()
    return sorted(name for name, function in known if plain.get(name) is not function)


def jinja() -> dict[str, list[str]]:
    """What Jinja itself brings into a prompt."""
    plain = Environment()
    return {
        "filters": sorted(plain.filters),
        "globals": sorted(plain.globals),
        "tests": sorted(plain.tests),
    }


def output_parsers() -> list[str]:
    """Names that ``output_parser`` may have unless configuration code registers more."""
    return sorted(name for name in _task_manager().output_parsers if name)


def context_variables() -> list[str]:
    """Variables that every prompt has, found by asking templates whether they are defined."""
    manager = _task_manager()
    module = "nemoguardrails.llm.taskmanager"
    renderer = next(item.node for item in functions(module) if item.node.name == "_render_string")
    words = {n.value for n in ast.walk(renderer) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    candidates = sorted(word for word in words if word.isidentifier())
    return [word for word in candidates if manager._render_string(f"{{{{ {word} is defined }}}}") == "True"]


def _task_manager() -> Any:
    return LLMTaskManager(RailsConfig(models=[]))


def _checked_texts(surfaces: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """Action name to where the text to check comes from: parameters that a manifest binds, or the context.

    Manifests (0.24) hand the texts over as parameters; before, an action looks them up itself.
    """
    table: dict[str, set[str]] = {}
    for surface in surfaces:
        checked = _CHECKED[surface["direction"]]
        table.setdefault(surface["action"], set()).update(f"context.{key}" for key in checked)
    if has_module("nemoguardrails.manifests"):
        for manifest in importlib.import_module("nemoguardrails.manifests").all_rail_manifests().values():
            for surface in manifest.surfaces:
                checked = _CHECKED[surface.direction.value]
                table.setdefault(surface.action.name, set()).update(
                    b.action_param for b in surface.bindings if b.kind == "context" and b.key in checked
                )
    return {name: frozenset(texts) for name, texts in table.items()}


def _rendering_functions() -> Iterator[SourceFunction]:
    for module in python_modules("actions", "library"):
        if module == _SELF_CHECK:
            continue  # renders for its callers, which name the task
        for function in functions(module):
            if any(_calls(function.node, *_RENDERERS)):
                yield function


def _calls(node: ast.AST, *names: str) -> list[ast.Call]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Call) and called_name(part) in names]


def _action_name(node: Function) -> str:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and called_name(decorator) == "action":
            name = keyword(decorator, "name")
            return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else node.name
    return node.name


def _task(function: SourceFunction, call: ast.Call, roots: frozenset[str]) -> dict[str, Any]:
    context = keyword(call, "context") or keyword(call, "prompt_context")
    entries = _entries(context)
    carriers = _derived_names(function.node, roots)
    text_variables = sorted(name for name, value in entries.items() if _reads(value) & carriers)
    self_check = called_name(call) == "run_self_check_task"
    parsing = function.node if not self_check else ast.parse(_source(_SELF_CHECK))
    forced = {
        value.value
        for part in _calls(parsing, "parse_task_output")
        if isinstance(value := keyword(part, "forced_output_parser"), ast.Constant)
    }
    row: dict[str, Any] = {
        "action": _action_name(function.node),
        "variables": sorted(entries),
        "text_variables": text_variables,
        "history": keyword(call, "events") is not None,
        "parses": bool(_calls(parsing, "parse_task_output")),
        "default_parser": next(iter(sorted(map(str, forced))), None),
    }
    if text_variables:
        row["text_by"] = "prompt"
    elif any(_reads(c.args[1]) & carriers for c in _calls(function.node, "llm_call") if len(c.args) > 1):
        row["text_by"] = "message"
    return row


def _source(module: str) -> str:
    loader: Any = importlib.import_module(module).__loader__
    return str(loader.get_source(module))


def _entries(context: ast.expr | None) -> dict[str, ast.expr]:
    if context is None:
        return {}
    if not isinstance(context, ast.Dict):
        raise TypeError(f"a prompt context that is not written out: {ast.unparse(context)}")
    pairs = zip(context.keys, context.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def _task_names(function: SourceFunction, call: ast.Call) -> list[str]:
    """The task, or the default task and its variants; raises TypeError for one built in a new way."""
    if called_name(call) == "run_self_check_task":
        name = keyword(call, "default_task")
        module = importlib.import_module(function.module)
        default = str(getattr(module, name.id)) if isinstance(name, ast.Name) else ""
        variant = importlib.import_module(_SELF_CHECK).get_self_check_prompt_task("x", default)
        return [default, variant.removesuffix("=x")]
    task = keyword(call, "task")
    if isinstance(task, ast.Name):
        task = next(
            part.value
            for part in ast.walk(function.node)
            if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == task.id
        )
    if isinstance(task, ast.Attribute):
        return [str(getattr(Task, task.attr).value)]
    if isinstance(task, ast.JoinedStr) and isinstance(task.values[0], ast.Constant):
        return [str(task.values[0].value).removesuffix("=")]
    raise TypeError(f"a task name built in a new way in {function.module}.{function.node.name}")


def _derived_names(function: Function, roots: frozenset[str]) -> set[str]:
    """Names in a function whose value comes from the roots, other than through a rendered prompt."""
    names = set(roots)
    before = -1
    while len(names) != before:
        before = len(names)
        for part in ast.walk(function):
            names |= _newly_derived(part, names, function)
    return names


def _newly_derived(part: ast.AST, names: set[str], function: Function) -> set[str]:
    if isinstance(part, ast.Assign | ast.AnnAssign | ast.AugAssign) and part.value is not None:
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        named = {target.id for target in targets if isinstance(target, ast.Name)}
        return named if _reads(part.value) & names else set()
    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part is not function:
        return {part.name} if any(_reads(statement) & names for statement in part.body) else set()
    if isinstance(part, ast.Call) and called_name(part) in ("append", "extend"):
        base = part.func.value if isinstance(part.func, ast.Attribute) else None
        if isinstance(base, ast.Name) and any(_reads(argument) & names for argument in part.args):
            return {base.id}
    return set()


def _reads(value: ast.AST) -> set[str]:
    """Names that an expression reads, without what goes into rendering a prompt.

    A look-up in the context reads a name too: ``context.get("user_message")`` is ``context.user_message``.
    """
    if isinstance(value, ast.Call) and called_name(value) in _RENDERERS:
        return set()
    if isinstance(value, ast.Name):
        return {value.id}
    looked_up = _context_key(value)
    if looked_up is not None:
        return {f"context.{looked_up}"}
    return {name for child in ast.iter_child_nodes(value) for name in _reads(child)}


def _context_key(value: ast.AST) -> str | None:
    key: ast.AST | None = None
    if isinstance(value, ast.Subscript) and ast.unparse(value.value) == "context":
        key = value.slice
    elif isinstance(value, ast.Call) and ast.unparse(value.func) == "context.get" and value.args:
        key = value.args[0]
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
