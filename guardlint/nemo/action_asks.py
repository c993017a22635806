"""What an action asks a model for when it runs: NeMo's own from the catalogue, the team's from its code."""

from __future__ import annotations

import ast
from collections import Counter

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.source.python_nodes import nodes_of

__all__ = ["TEAM_CODE", "Asks", "action_asks"]

Asks = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""The tasks that are asked for usually, and everything that may be asked for instead."""

TEAM_CODE = "code of the team"
_NOTHING: Asks = ((), ((),))
_ASKING = frozenset(
    "generate_async generate agenerate ainvoke invoke apredict predict agenerate_prompt acall create "
    "stream_async astream acomplete complete".split()
)


@once
def action_asks(
    configuration: Configuration,
    name: str,
    parameters: tuple[str, ...],
    generated: bool,
    retrieved: bool = True,
) -> Asks:
    """``parameters``: ``$name=value`` of the rail as ``name=value``; the flags are those of ``Course``.

    What the application registers in code under a name that no file holds is not seen: nothing.
    """
    own = configuration.action_named(name)
    if own is not None:
        calls = _calls_in_code(configuration).get(own.function, 0)
        return (TEAM_CODE,) * calls, tuple((TEAM_CODE,) * count for count in range(calls + 1))
    action = snake_case(name)
    if action == "self_check_hallucination":
        # Two more answers to the last prompt, then whether they agree (``library/hallucination/actions.py``).
        asked: tuple[str, ...] = ("self_check_hallucination",) * 3 if generated else ()
        return asked, (asked,)
    if action == "self_check_facts":
        # Without a word of retrieved text nothing is asked; the application may bring some of its own.
        asked = ("self_check_facts",)
        return asked if retrieved else (), (asked, ())
    if action == "alignscore_check_facts":
        path = ("rails", "config", "fact_checking", "fallback_to_self_check")
        return ((), ((), ("self_check_facts",))) if configuration.value(path) is True else _NOTHING
    tasks = list(configuration.catalogue.tasks_of_action.get(action, ()))
    if not tasks:
        return _NOTHING
    with_parameters = [task for task in tasks if "$" in task]
    base = tasks[0].partition(" $")[0]
    chosen = next((item for item in parameters if item.partition("=")[0] in ("model", "variant")), None)
    asked = (f"{base} ${chosen}" if chosen is not None and with_parameters else base,)
    return asked, ((), asked) if _is_cached(configuration, chosen) else (asked,)


def _is_cached(configuration: Configuration, chosen: str | None) -> bool:
    """Whether the answers of the model that a rail names are kept: then a text is asked about once."""
    kind = chosen.partition("=")[2] if chosen is not None and chosen.startswith("model=") else None
    return any(
        model.get("type") == kind and isinstance(model.get("cache"), dict) and model["cache"].get("enabled")
        for model in configuration.models
    )


@once
def _calls_in_code(configuration: Configuration) -> Counter[str]:
    """By function or class, how often its text calls a model of NeMo's. A loop counts once."""
    found: Counter[str] = Counter()
    for file in configuration.python_files:
        tree = file.tree
        if tree is None:
            continue
        for node in nodes_of(tree, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            calls = sum(_calls_model(inner) for inner in nodes_of(node, ast.Call))
            found[node.name] = max(found[node.name], calls)
    return found


def _calls_model(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id == "llm_call"
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _ASKING:
        return False
    return "llm" in ast.unparse(node.func.value).lower()
