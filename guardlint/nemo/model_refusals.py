"""Models that NeMo refuses, or serves only where the environment helps (``_init_llms``, ``types.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.refusal import Refusal
from guardlint.source.yaml_file import DataPath

__all__ = ["model_refusals"]


def model_refusals(configuration: Configuration) -> Iterator[Refusal]:
    """Models without a name, and what only another machine or framework can serve."""
    langchain: dict[str, Any] = configuration.catalogue.data["langchain"]
    has_main = False
    for index, model in enumerate(configuration.value(("models",), [])):
        path: DataPath = ("models", index)
        yield from _model_name(model, path, configuration)
        if model.get("api_key_env_var"):
            yield Refusal(
                "environment",
                f"the environment variable {model['api_key_env_var']} must be set",
                configuration.place((*path, "api_key_env_var")),
                (*path, "api_key_env_var"),
            )
        # Of several main models NeMo makes the first.
        if model.get("type") not in ("embeddings", "jailbreak_detection") and not (
            has_main and model.get("type") == "main"
        ):
            yield from _engine(model, path, configuration)
        has_main = has_main or model.get("type") == "main"
        if not langchain["default"]:
            yield from _langchain_parameters(model, path, configuration)


def _langchain_parameters(
    model: dict[str, Any], path: DataPath, configuration: Configuration
) -> Iterator[Refusal]:
    for name in sorted(map(str, model.get("parameters") or {})):
        if _is_refused(name, model.get("engine"), configuration.catalogue.data["langchain"]):
            yield Refusal(
                "environment",
                f"`{name}` is a LangChain parameter and needs NEMOGUARDRAILS_LLM_FRAMEWORK=langchain",
                configuration.place((*path, "parameters", name), key=True),
                (*path, "parameters", name),
            )


def _engine(model: dict[str, Any], path: DataPath, configuration: Configuration) -> Iterator[Refusal]:
    served: dict[Any, dict[str, Any]] = configuration.catalogue.data["engines"]
    engine = model.get("engine")
    here: DataPath = (*path, "engine")
    parameters = model.get("parameters") or {}
    if configuration.catalogue.data["langchain"]["default"]:
        # Up to 0.21 every model comes from a LangChain package, none of which NeMo brings.
        message = f"engine `{engine}` needs the LangChain package that serves it"
        yield Refusal("environment", message, configuration.place(here), here)
    elif isinstance(engine, str) and engine not in served and "base_url" not in parameters:
        message = f"engine `{engine}` needs LangChain (NEMOGUARDRAILS_LLM_FRAMEWORK=langchain) or `base_url`"
        yield Refusal("environment", message, configuration.place(here), here)
    lacking = [name for name in served.get(engine, {}).get("needs", ()) if name not in parameters]
    if lacking:
        message = f"engine `{engine}` needs {', '.join(lacking)} under `parameters`"
        yield Refusal("environment", message, configuration.place(here), here)


def _is_refused(name: str, engine: Any, langchain: dict[str, Any]) -> bool:
    """A parameter that only LangChain understands, and that NeMo's own framework refuses to start with."""
    if name in langchain.get("refused", ()):
        return True
    pattern = langchain.get("refused_pattern")
    accepted = langchain.get("accepted", {}).get(engine, ())
    return pattern is not None and name not in accepted and re.fullmatch(pattern, name) is not None


def _model_name(model: dict[str, Any], path: DataPath, configuration: Configuration) -> Iterator[Refusal]:
    parameters = model.get("parameters") or {}
    inner = parameters.get("model_name") or parameters.get("model")
    if model.get("model") and inner:
        yield Refusal(
            "other",
            "a model is named twice, in `model` and in `parameters`",
            configuration.place(path),
            path,
            "keep `model` only",
        )
    elif not str(model.get("model") or inner or "").strip():
        mend = "add `model:` to the entry of `models`"
        yield Refusal("other", "a model has no name", configuration.place(path), path, mend)
