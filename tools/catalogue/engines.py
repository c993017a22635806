"""Which model engines NeMo serves by itself, found by asking its default framework to make a model.

Up to 0.21 there is no framework of NeMo's own: LangChain makes every model, so ``engines`` is empty and
``langchain`` lists the names that NeMo passes on.
"""

from __future__ import annotations

import ast
import importlib
import re
from typing import Any

from nemoguardrails.embeddings.providers import EmbeddingProviderRegistry

from tools.catalogue.sources import has_module, module_tree

__all__ = ["embedding_engines", "engines", "langchain", "model_types", "other_engine_needs"]

_FRAMEWORK = "nemoguardrails.llm.frameworks.default"
_MIGRATION = "nemoguardrails._compat.langchain_kwargs"
_NEEDED = re.compile(r"parameters\.(\w+)")


def engines() -> dict[str, dict[str, Any]]:
    """Engine name to ``base_url`` (None: none fixed), ``api_key_env`` and the ``parameters`` it ``needs``."""
    if not has_module(_FRAMEWORK):
        return {}
    framework = importlib.import_module(_FRAMEWORK)
    urls: dict[str, str] = framework._DEFAULT_BASE_URLS
    keys: dict[str, str] = framework._API_KEY_ENV_VARS
    return {
        name: {"base_url": urls.get(name), "api_key_env": keys.get(name), "needs": _needs(name)}
        for name in framework.DefaultFramework().get_provider_names()
    }


def other_engine_needs() -> list[str]:
    """The ``parameters`` without which any other engine name is refused."""
    return _needs("an engine that NeMo does not know") if has_module(_FRAMEWORK) else []


def langchain() -> dict[str, Any]:
    """What becomes of LangChain in a configuration that says nothing about it.

    ``default``: LangChain makes every model. ``engines``: the names that it is given, those of the LangChain
    packages that NeMo itself installs. ``refused``: keys of ``parameters`` with which NeMo does not start,
    ``refused_pattern``: a regular expression for more of them, ``accepted``: the exceptions.
    """
    if not has_module(_FRAMEWORK):
        providers = importlib.import_module("nemoguardrails.llm.providers.providers")
        names = {*providers.get_llm_provider_names(), *providers.get_chat_provider_names()}
        return {"default": True, "engines": sorted(names)}
    if not has_module(_MIGRATION):
        return {"default": False}
    migration = importlib.import_module(_MIGRATION)
    pattern = migration._PROVIDER_PREFIXED_ALIAS.pattern
    constants = importlib.import_module("nemoguardrails.llm.constants")
    return {
        "default": False,
        "refused": sorted(migration._LANGCHAIN_BASE_FLAGS),
        "refused_pattern": pattern,
        "accepted": {
            engine: ["azure_endpoint"]
            for engine in sorted(constants.AZURE_PROVIDERS)
            if not migration._violations_for("main", engine, {"azure_endpoint": "x"})
        },
    }


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
    framework = importlib.import_module(_FRAMEWORK).DefaultFramework()
    parameters: dict[str, str] = {"api_key": "none"}
    while True:
        try:
            framework.create_model("m", provider, dict(parameters))
        except ValueError as problem:
            asked = _NEEDED.search(str(problem))
            if asked is None or asked[1] in parameters:
                raise
            parameters[asked[1]] = "http://127.0.0.1/"
        else:
            return [name for name in parameters if name != "api_key"]
