"""The catalogue of the installed NeMo, put together from the modules that each answer one question."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from tools.catalogue import actions, before_manifests, builtin_prompts, colang, engines, loading, prompts
from tools.catalogue.sources import has_module

__all__ = ["catalogue"]


def catalogue(newest: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The facts about the installed release.

    ``newest``: the catalogue of a release with manifests, from which a release without takes over what only
    a manifest says. Raises ValueError when it is needed and not there.
    """
    nemo = version("nemoguardrails")
    keys = loading.key_table()
    if has_module("nemoguardrails.manifests"):
        # Imports what only these releases have.
        from tools.catalogue import rails

        known = actions.actions(rails.declared_actions())
        flows = colang.flows(frozenset(known))
        surfaces = rails.surfaces()
        fast = rails.fast_engine()
    elif newest is not None:
        known = actions.actions({})
        flows = colang.flows(frozenset(known))
        surfaces = before_manifests.surfaces(newest["surfaces"], flows["1.0"], known, keys)
        fast = before_manifests.fast_engine(surfaces)
    else:
        raise ValueError(f"NeMo {nemo} has no manifests: give the catalogue of a release that has")
    return {
        "schema": "guardlint/catalogue/v1",
        "nemo": nemo,
        "series": ".".join(nemo.split(".")[:2]),
        "keys": keys,
        "joining": loading.joining(),
        "surfaces": surfaces,
        "flows": flows,
        "modules": colang.modules(),
        "bot_messages": colang.bot_messages(),
        "actions": known,
        "tasks": prompts.tasks(surfaces),
        "builtin_prompts": builtin_prompts.builtin_prompts(),
        "output_parsers": prompts.output_parsers(),
        "filters": prompts.filters(),
        "jinja": prompts.jinja(),
        "context_variables": prompts.context_variables(),
        "iorails": fast,
        "engines": engines.engines(),
        "other_engine_needs": engines.other_engine_needs(),
        "langchain": engines.langchain(),
        "embedding_engines": engines.embedding_engines(),
        "model_types": engines.model_types(),
    }
