"""Flows of NeMo's library that wake up when an action of theirs is run by somebody else (Colang 1.0).

A ``define flow`` that begins with ``$x = execute a`` starts whenever ``a`` has finished, whoever ran it
(``compute_next_state`` in ``v1_0/runtime/flows.py``); its next line reads ``$x``, which is set only if the
other flow stores the result under that name too.
"""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang._rails import RailFlow
from guardlint.source.colang import Statement

__all__ = ["wakes_library", "woken_by"]

# Action → flow and variable: the library's flows.v1.co of NeMo 0.24, those that are no subflows.
_WAKES = {
    "self_check_input": ("self check input", "response"),
    "self_check_output": ("self check output", "response"),
    "content_safety_check_input": ("content safety check input", "response"),
    "content_safety_check_output": ("content safety check output", "response"),
    "topic_safety_check_input": ("topic safety check input", "response"),
    "llama_guard_check_input": ("llama guard check input", "response"),
    "llama_guard_check_output": ("llama guard check output", "response"),
    "injection_detection": ("injection detection", "response"),
    "patronus_lynx_check_output_hallucination": (
        "patronus lynx check output hallucination",
        "patronus_lynx_response",
    ),
}


def woken_by(configuration: Configuration, rail: RailFlow, statement: Statement) -> tuple[str, str] | None:
    """The library flow that the call wakes up, and the variable that it then reads and nobody has set."""
    call = statement.call
    if call is None or call.kind != "execute" or call.name not in _WAKES:
        return None
    flow, variable = _WAKES[call.name]
    if flow in configuration.flows or statement.target == variable or flow == rail.flow.name:
        return None
    before = [*configuration.rails("input")] if rail.direction != "input" else []
    for listed in configuration.rails(rail.direction):
        if listed.path == rail.rail.path:
            break
        before.append(listed)
    for listed in before:
        own = configuration.flows.get(listed.flow)
        if own is None or any(item.target == variable for item in own.statements):
            return None  # the variable may be set by then
    for item in rail.flow.statements:
        if item is statement:
            break
        if item.target == variable:
            return None
    return flow, variable


def wakes_library(configuration: Configuration, flow: str, statement: Statement) -> bool:
    """Whether the library's own flow judges the same outcome, because the call wakes it up."""
    call = statement.call
    if call is None or call.name not in _WAKES:
        return False
    name, variable = _WAKES[call.name]
    return name not in configuration.flows and name != flow and statement.target == variable
