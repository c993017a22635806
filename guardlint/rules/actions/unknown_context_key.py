"""An action reads a key of the context that NeMo never sets.

What it does: finds ``context["…"]`` and ``context.get("…")`` with a key that neither NeMo nor a flow nor an
action of the configuration sets, and that is near one that NeMo does, or a usual name for the text.

Why it matters: the context has no such key. ``get`` gives None, so that the check looks at nothing and
everything passes; the square brackets raise an error.

How to fix: write ``user_message``, ``bot_message`` or ``relevant_chunks``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.actions._code import place_of
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.python_nodes import nodes_below, nodes_of

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

# What NeMo puts into the context (``ContextUpdate`` events and ``compute_context`` of the wheels 0.17 to
# 0.24.1, put together: ``bot_thinking`` came with 0.18).
_SET: Final = (
    "user_message",
    "bot_message",
    "relevant_chunks",
    "last_user_message",
    "last_bot_message",
    "bot_thinking",
    "relevant_chunks_sep",
)
_OTHERS: Final = frozenset(
    "retrieved_for event config generation_options skip_output_rails passthrough_output kb_search_results "
    "triggered_input_rail triggered_output_rail i o tool_calls tool_name tool_message tool_call_id "
    "_last_bot_prompt check_facts check_hallucination hallucination_warning allowed policy_violations".split()
)
# Names that prompts and other frameworks have for the same text.
_MEANT: Final = {
    "user_input": "user_message",
    "input": "user_message",
    "input_text": "user_message",
    "user_text": "user_message",
    "user_msg": "user_message",
    "user_prompt": "user_message",
    "bot_msg": "bot_message",
    "user_query": "user_message",
    "query": "user_message",
    "question": "user_message",
    "prompt": "user_message",
    "message": "user_message",
    "text": "user_message",
    "bot_response": "bot_message",
    "bot_output": "bot_message",
    "response": "bot_message",
    "output": "bot_message",
    "output_text": "bot_message",
    "answer": "bot_message",
    "llm_output": "bot_message",
    "retrieved_chunks": "relevant_chunks",
    "chunks": "relevant_chunks",
    "documents": "relevant_chunks",
}
_KEY: Final = lazy_pattern(r"\bcontext\b[^\n]{0,12}?(?:\.get\(|\[)\s*[\"'](\w+)[\"']")
_WORD: Final = lazy_pattern(r"\w+")


def check(project: Project) -> Iterator[Found]:
    """One finding for each key in each action, unless another key is tried for the same text."""
    configuration = project.configuration
    known: set[str] | None = None
    for file in configuration.python_files:
        written = set(_KEY.findall(configuration.texts.get(file.file, "")))
        if not written - _OTHERS - set(_SET):
            continue
        tree = file.tree
        for node in nodes_of(tree, ast.FunctionDef, ast.AsyncFunctionDef) if tree is not None else ():
            if "context" not in {item.arg for item in (*node.args.args, *node.args.kwonlyargs)}:
                continue
            reads = list(_reads(node))
            keys = {key for key, _, _ in reads}
            for key, where, raises in reads:
                if key in _SET or key in _OTHERS:
                    continue
                meant = _MEANT.get(key) or closest(key, _SET)
                if meant is None or meant in keys:
                    continue
                known = _known(configuration) if known is None else known
                if key in known:
                    continue
                yield Found(
                    f"the context has no `{key}`",
                    place_of(file, where),
                    "the action fails on every message"
                    if raises
                    else f"the action gets None for `{key}` and looks at nothing, unless the application "
                    "itself passes it",
                    f"write `{meant}`",
                    value=(node.name, key),
                    fix=_respelt(configuration, place_of(file, where), key, meant),
                    confidence="high"
                    if key not in _MEANT or key in ("user_input", "bot_response")
                    else "medium",
                )


def _reads(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr, bool]]:
    """Key, node, and whether a missing one raises."""
    for item in nodes_below(node):
        if isinstance(item, ast.Subscript) and _is_context(item.value) and isinstance(item.ctx, ast.Load):
            key: ast.expr = item.slice
            raises = True
        elif (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and item.func.attr == "get"
            and _is_context(item.func.value)
            and item.args
        ):
            key, raises = item.args[0], False
        else:
            continue
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, key, raises


def _is_context(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):  # (context or {}).get(…)
        node = node.values[0]
    return isinstance(node, ast.Name) and node.id == "context"


def _known(configuration: Configuration) -> set[str]:
    """Keys that NeMo, a flow, or a ``context_updates`` of the team's code sets."""
    found = set(_SET) | _OTHERS
    for flow in configuration.flows.values():
        for statement in flow.statements:
            if statement.target is not None:
                found.add(statement.target)
            if statement.kind == "global":
                found.update(_WORD.findall(statement.text))
    for file in configuration.python_files:
        for node in nodes_below(file.tree) if file.tree is not None else ():
            if isinstance(node, ast.keyword) and node.arg == "context_updates":
                found.update(_texts(node.value))
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                found.update(_texts(node.slice))
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    for item in ast.walk(node):
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            yield item.value


def _respelt(configuration: Configuration, place: Place, key: str, meant: str) -> Fix | None:
    """The key in the quotes that it has; a word for a text that NeMo calls otherwise is to be looked at."""
    safe = is_slip(key, meant)
    for quote in "\"'":
        old, new = f"{quote}{key}{quote}", f"{quote}{meant}{quote}"
        fix = replace_text(configuration, place, old, new, title=f"write `{meant}` for `{key}`", safe=safe)
        if fix is not None:
            return fix
    return None
