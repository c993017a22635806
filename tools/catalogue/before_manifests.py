"""Surfaces and what NeMo's fast engine serves, of releases without manifests (before 0.24).

A rail of such a release is one that 0.24 declares and that its library has a flow for. What a release can
tell itself is read from it: the action, what is rewritten, the parameters, the prompt that must be there, the
configuration key, the extras. What only a manifest says (which services a rail sends what to, environment
variables) is taken over from 0.24.
"""

from __future__ import annotations

import ast
import importlib
import re
from importlib.metadata import metadata
from types import SimpleNamespace
from typing import Any

from nemoguardrails import RailsConfig
from nemoguardrails.rails.llm.config import Rails

from tools.catalogue.sources import ROOT, functions, has_module

__all__ = ["fast_engine", "surfaces"]

_PROBE = "probe"
_COLANG_VERSIONS = ("1.0", "2.x")
_MISSING_PROMPT = re.compile(r"Missing a `([^`]+)` prompt template|[Yy]ou must provide a `([^`]+)` prompt")
_CLASSES = ("nemoguardrails.guardrails.guardrails", "nemoguardrails.guardrails.iorails")

Row = dict[str, Any]


def surfaces(declared: list[Row], flows: dict[str, Row], actions: Row, keys: Row) -> list[Row]:
    """The rows of ``declared`` (0.24's) that this release has, as they are here.

    ``flows``: its flows of Colang 1.0; ``keys``: its key table.
    """
    return [_surface(row, flows[row["flow"]], actions, keys) for row in declared if row["flow"] in flows]


def fast_engine(found: list[Row]) -> Row:
    """What IORails serves of the surfaces ``found``, decided by NeMo (see ``rails.fast_engine``)."""
    facts: Row = {
        "colang": [],
        "rails_sections": [],
        "flows": {"input": [], "output": [], "tool_input": [], "tool_output": []},
        "refused": {"input": {}, "output": {}},
    }
    if not all(map(has_module, _CLASSES)):
        return facts
    facts["colang"] = [version for version in _COLANG_VERSIONS if _served({"colang_version": version})]
    facts["rails_sections"] = [name for name in sorted(Rails.model_fields) if _served({"rails": {name: {}}})]
    for row in found:
        if row["direction"] in facts["refused"]:
            if _served(_configuration(row, with_prompt=True)):
                facts["flows"][row["direction"]].append(row["flow"])
            else:
                facts["refused"][row["direction"]][row["flow"]] = []
    engine = importlib.import_module(_CLASSES[1]).IORails
    for direction in ("tool_input", "tool_output"):
        names = getattr(engine, f"SUPPORTED_{direction.upper()}_FLOWS", ())
        facts["flows"][direction] = sorted(
            name for name in names if _served({"rails": {direction: {"flows": [name]}}})
        )
    return facts


def _surface(declared: Row, flow: Row, actions: Row, keys: Row) -> Row:
    action = _action(declared["action"], flow)
    colang = (ROOT / flow["file"]).read_text(encoding="utf-8")
    words = _words(actions[action]["module"], action)
    rewrites = flow.get("rewrites", [])
    sections = keys["keys"]["rails"]["keys"]["config"]["keys"]
    extras = metadata("nemoguardrails").get_all("Provides-Extra") or []
    row = declared | {
        "action": action,
        "config_key": declared["config_key"] if declared["config_key"] in sections else None,
        "transform": declared["transform"] if declared["transform"] in rewrites else None,
        "params": [p for p in declared["params"] if f"${p['name']}" in colang or p["name"] in words],
        "fixed": {k: v for k, v in declared["fixed"].items() if k in actions[action]["params"]},
        # NeMo hands the model of a type to the parameter that is named after it.
        "fixed_models": [name for name in declared["fixed_models"] if {name, f"{name}_llm"} & words],
        "extras": [name for name in declared["extras"] if name in extras],
    }
    row["prompt_required"] = _required_prompt(row)
    return row


def _action(name: str, flow: Row) -> str:
    """The action that the flow runs in place of ``name``; raises LookupError when there is no telling."""
    if name in flow["actions"]:
        return name
    alike = [other for other in flow["actions"] if other.replace(" ", "_") == name]
    found = alike or flow["actions"]
    if len(found) != 1:
        raise LookupError(f"{flow['file']} runs {flow['actions']}, none of which is {name}")
    return str(found[0])


def _words(module: str, action: str) -> set[str]:
    """The names and texts in the function of an action, or in its whole module when names differ."""
    named = [item.node for item in functions(module) if item.node.name == action]
    nodes = named or [item.node for item in functions(module)]
    found = set()
    for node in (part for function in nodes for part in ast.walk(function)):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def _configuration(row: Row, *, with_prompt: bool) -> Row:
    wanted = [parameter["name"] for parameter in row["params"] if parameter["required"]]
    flow = " ".join([row["flow"], *(f"${name}={_PROBE}" for name in wanted)])
    types = sorted({"main", _PROBE, *row["fixed_models"]})
    prompt = row["prompt_required"] if with_prompt else None
    tasks = [] if prompt is None else [prompt, f"{prompt}={_PROBE}"]
    return {
        "models": [{"type": kind, "engine": "openai", "model": "m"} for kind in types],
        "prompts": [{"task": task, "content": "x"} for task in tasks],
        "rails": {row["direction"]: {"flows": [flow]}},
    }


def _required_prompt(row: Row) -> str | None:
    """The prompt task without which NeMo refuses to load the surface, found by loading it."""
    try:
        RailsConfig.model_validate(_configuration(row, with_prompt=False))
    except Exception as problem:
        missing = _MISSING_PROMPT.search(str(problem))
        if missing is None:
            raise
        return str(missing[1] or missing[2]).removesuffix(f"={_PROBE}")
    return None


def _served(data: Row) -> bool:
    config = RailsConfig.model_validate({"models": [], **data})
    engine = importlib.import_module(_CLASSES[1]).IORails
    if hasattr(engine, "unsupported_reason"):
        return engine.unsupported_reason(config) is None
    interface = importlib.import_module(_CLASSES[0]).Guardrails
    return bool(interface._has_only_iorails_flows(SimpleNamespace(config=config)))
