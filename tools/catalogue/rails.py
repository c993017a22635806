"""Surfaces and what NeMo's fast engine serves, of releases with manifests (0.24): by reading and asking."""

from __future__ import annotations

import re
from typing import Any

from nemoguardrails import RailsConfig
from nemoguardrails.guardrails.compiled_rail import unservable_reason
from nemoguardrails.guardrails.iorails import IORails
from nemoguardrails.manifests import all_rail_manifests, import_ref_target
from nemoguardrails.rails.llm.config import Rails

__all__ = ["configured_flow", "declared_actions", "fast_engine", "surfaces"]

_PROBE = "probe"
_UNSUPPLIED = re.compile(r"needs context variable\(s\) (.+), which")
_NOT_INSTALLED = "which the environment does not have"
_MISSING_PROMPT = re.compile(r"Missing a `([^`]+)` prompt template")
_COLANG_VERSIONS = ("1.0", "2.x")


def surfaces() -> list[dict[str, Any]]:
    """One row per rail flow that may stand in ``rails.<direction>.flows``, sorted by direction and name.

    ``sends``, ``remote_services`` and the requirements are what the whole rail declares; ``reads`` is what
    this surface hands to its action.
    """
    rows = [_surface(manifest, surface) for manifest, surface in _declared()]
    return sorted(rows, key=lambda row: (row["direction"], row["flow"]))


def declared_actions() -> dict[str, str]:
    """Action name to ``module:function``, of every action that a manifest declares."""
    return {
        ref.name: import_ref_target(ref)
        for manifest in all_rail_manifests().values()
        if manifest.actions is not None
        for ref in manifest.actions.refs
    }


def fast_engine() -> dict[str, Any]:
    """What IORails serves, decided by NeMo: sections of ``rails``, flows by direction, and why not.

    ``colang``: the versions it takes; empty where a release has no ``Guardrails`` class at all.
    ``refused`` maps a flow to the context variables that IORails cannot supply, or to an empty list when NeMo
    excludes it by name. Packages that happen to be missing here do not count.
    """
    flows: dict[str, list[str]] = {"input": [], "output": [], "tool_input": [], "tool_output": []}
    refused: dict[str, dict[str, list[str]]] = {"input": {}, "output": {}}
    for _, surface in _declared():
        direction = surface.direction.value
        if direction not in refused:
            continue
        flow = configured_flow(surface)
        reason = unservable_reason(flow, surface.direction)
        _assert_same_answer(surface, flow, reason)
        if reason is None:
            flows[direction].append(surface.name)
        else:
            unsupplied = _UNSUPPLIED.search(reason)
            refused[direction][surface.name] = re.findall(r"'([^']+)'", unsupplied[1]) if unsupplied else []
    candidates = IORails.SUPPORTED_TOOL_INPUT_FLOWS | IORails.SUPPORTED_TOOL_OUTPUT_FLOWS
    for direction in ("tool_input", "tool_output"):
        flows[direction] = [name for name in candidates if _fast({direction: {"flows": [name]}}) is None]
    return {
        "colang": [version for version in _COLANG_VERSIONS if _fast({}, version) is None],
        "rails_sections": [name for name in sorted(Rails.model_fields) if _fast({name: {}}) is None],
        "flows": {direction: sorted(names) for direction, names in flows.items()},
        "refused": refused,
    }


def configured_flow(surface: Any) -> str:
    """A surface as it is written in a configuration, with a value for each parameter it must have."""
    wanted = [b.key for b in surface.bindings if b.kind == "surface_param" and b.required]
    return " ".join([surface.name, *(f"${key}={_PROBE}" for key in wanted)])


def _declared() -> list[tuple[Any, Any]]:
    return [
        (manifest, surface) for manifest in all_rail_manifests().values() for surface in manifest.surfaces
    ]


def _surface(manifest: Any, surface: Any) -> dict[str, Any]:
    bound = surface.bindings
    privacy, requirements = manifest.privacy, manifest.requirements
    schema = manifest.config_schema
    row: dict[str, Any] = {
        "flow": surface.name,
        "direction": surface.direction.value,
        "rail": manifest.name,
        "action": surface.action.name,
        "config_key": schema.key if schema is not None else None,
        "transform": surface.transform_target.value if surface.transform_target is not None else None,
        "params": [
            {"name": b.key, "required": b.required, "resource": b.resource}
            for b in bound
            if b.kind == "surface_param"
        ],
        "reads": {b.key: b.required for b in bound if b.kind == "context"},
        "fixed": {b.action_param: b.value for b in bound if b.kind == "literal"},
        "fixed_models": [b.value for b in bound if b.kind == "literal" and b.resource == "model"],
        "sends": {
            "user_text": privacy.sends_user_text,
            "bot_text": privacy.sends_bot_text,
            "retrieved_chunks": privacy.sends_retrieved_chunks,
        },
        "remote_services": list(privacy.remote_services),
        "services": [{"name": item.name, "required": item.required} for item in requirements.services],
        "extras": list(requirements.extras),
        "packages": list(requirements.optional_dependencies),
        "env": [{"name": item.name, "required": item.required} for item in requirements.env_vars],
        "models": [{"type": item.type, "required": item.required} for item in requirements.models],
        "capabilities": list(manifest.metadata.capabilities),
        "lifecycle": manifest.metadata.lifecycle,
        "prompt_required": _required_prompt(surface),
    }
    return row


def _required_prompt(surface: Any) -> str | None:
    """The prompt task without which NeMo refuses to load the surface, found by loading it."""
    flow = configured_flow(surface)
    try:
        RailsConfig.model_validate(
            {"models": _models(surface), "rails": {surface.direction.value: {"flows": [flow]}}}
        )
    except Exception as problem:
        missing = _MISSING_PROMPT.search(str(problem))
        if missing is None:
            raise
        return missing[1].removesuffix(f"={_PROBE}")
    return None


def _models(surface: Any) -> list[dict[str, str]]:
    fixed = {b.value for b in surface.bindings if b.kind == "literal" and b.resource == "model"}
    return [{"type": kind, "engine": "openai", "model": "m"} for kind in sorted({"main", _PROBE} | fixed)]


def _assert_same_answer(surface: Any, flow: str, reason: str | None) -> None:
    """The whole gate must agree with the surface gate, apart from packages missing on this machine."""
    prompt = _required_prompt(surface)
    tasks = [] if prompt is None else [prompt, f"{prompt}={_PROBE}"]
    config = {
        "models": _models(surface),
        "prompts": [{"task": task, "content": "x"} for task in tasks],
        "rails": {surface.direction.value: {"flows": [flow]}, "config": {}},
    }
    gate = IORails.unsupported_reason(RailsConfig.model_validate(config))
    if gate != reason and not (reason is None and gate is not None and gate.find(_NOT_INSTALLED) > 0):
        raise ValueError(f"IORails gives two answers for {flow}: {reason!r} and {gate!r}")


def _fast(rails: dict[str, Any], colang: str = "1.0") -> str | None:
    config = RailsConfig.model_validate({"models": [], "rails": rails, "colang_version": colang})
    reason: str | None = IORails.unsupported_reason(config)
    return reason
