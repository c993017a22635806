"""Which model engines NeMo serves by itself, found by asking its default framework to make a model."""

from __future__ import annotations

import ast
import re
from typing import Any

from nemoguardrails.embeddings.providers import EmbeddingProviderRegistry
from nemoguardrails.llm.frameworks import default as framework_module
from nemoguardrails.llm.frameworks.default import DefaultFramework

from tools.catalogue.sources import module_tree

__all__ = ["embedding_engines", "engines", "model_types", "other_engine_needs"]

_NEEDED = re.compile(r"parameters\.(\w+)")


def engines() -> dict[str, dict[str, Any]]:
    """Engine name to ``base_url`` (None: none fixed), ``api_key_env`` and the ``parameters`` it ``needs``."""
    urls: dict[str, str] = framework_module._DEFAULT_BASE_URLS
    keys: dict[str, str] = framework_module._API_KEY_ENV_VARS
    return {
        name: {"base_url": urls.get(name), "api_key_env": keys.get(name), "needs": _needs(name)}
        for name in DefaultFramework().get_provider_names()
    }


def other_engine_needs() -> list[str]:
    """The ``parameters`` without which any other engine name is refused."""
    return _needs("an engine that NeMo does not know")


def embedding_engines() -> list[str]:
    """Engines for ``type: embeddings`` and for embedding search."""
    return sorted(EmbeddingProviderRegistry().list())


def model_types() -> list[str]:
    """Values of ``models[].type`` that NeMo's engine treats in a way of their own."""
    found = set()
    for node in ast.walk(module_tree("nemoguardrails.rails.llm.llmrails")):
        if not isinstance(node, ast.Compare) or not _is_model_type(node.left):
            continue
        for constant in ast.walk(node.comparators[0]):
            if isinstance(constant, ast.Constant):
                found.add(str(constant.value))
    return sorted(found)


def _is_model_type(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "type"
        and isinstance(node.value, ast.Name)
        and node.value.id in ("model", "llm_config")
    )


def _needs(provider: str) -> list[str]:
    """Parameters that are asked for, one after the other, until a model is made; no request is sent."""
    parameters: dict[str, str] = {"api_key": "none"}
    while True:
        try:
            DefaultFramework().create_model("m", provider, dict(parameters))
        except ValueError as problem:
            asked = _NEEDED.search(str(problem))
            if asked is None or asked[1] in parameters:
                raise
            parameters[asked[1]] = "http://127.0.0.1/"
        else:
            return [name for name in parameters if name != "api_key"]
