"""Models that NeMo refuses, or serves only where the environment helps (``_init_llms``, ``types.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.refusal import Refusal
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = ["model_refusals"]


def model_refusals(configuration: Configuration) -> Iterator[Refusal]:
    """Models without a name, and what only another machine or framework can serve."""
    served: dict[Any, dict[str, Any]] = configuration.catalogue.data["engines"]
    langchain: dict[str, Any] = configuration.catalogue.data["langchain"]
    for index, model in enumerate(configuration.value(("models",), [])):
        path: DataPath = ("models", index)
        place = configuration.place(path)
        yield from _model_name(model, path, place)
        engine = model.get("engine")
        if model.get("type") == "embeddings":
            continue
        parameters = model.get("parameters") or {}
        if langchain["default"]:
            # Up to 0.21 every model comes from a LangChain package, none of which NeMo brings.
            yield Refusal(
                "environment",
                f"engine `{engine}` needs the LangChain package that serves it",
                configuration.place((*path, "engine")),
                (*path, "engine"),
            )
        elif isinstance(engine, str) and engine not in served and "base_url" not in parameters:
            yield Refusal(
                "environment",
                f"engine `{engine}` needs LangChain (NEMOGUARDRAILS_LLM_FRAMEWORK=langchain) or `base_url`",
                configuration.place((*path, "engine")),
                (*path, "engine"),
            )
        lacking = [name for name in served.get(engine, {}).get("needs", ()) if name not in parameters]
        if lacking:
            yield Refusal(
                "environment",
                f"engine `{engine}` needs {', '.join(lacking)} under `parameters`",
                configuration.place((*path, "engine")),
                (*path, "engine"),
            )
        for name in sorted(map(str, parameters)):
            if _is_refused(name, engine, langchain):
                yield Refusal(
                    "environment",
                    f"`{name}` is a LangChain parameter and needs NEMOGUARDRAILS_LLM_FRAMEWORK=langchain",
                    configuration.place((*path, "parameters", name), key=True),
                    (*path, "parameters", name),
                )
        if model.get("api_key_env_var"):
            yield Refusal(
                "environment",
                f"the environment variable {model['api_key_env_var']} must be set",
                configuration.place((*path, "api_key_env_var")),
                (*path, "api_key_env_var"),
            )


def _is_refused(name: str, engine: Any, langchain: dict[str, Any]) -> bool:
    """A parameter that only LangChain understands, and that NeMo's own framework refuses to start with."""
    if name in langchain.get("refused", ()):
        return True
    pattern = langchain.get("refused_pattern")
    accepted = langchain.get("accepted", {}).get(engine, ())
    return pattern is not None and name not in accepted and re.fullmatch(pattern, name) is not None


def _model_name(model: dict[str, Any], path: DataPath, place: Place) -> Iterator[Refusal]:
    parameters = model.get("parameters") or {}
    inner = parameters.get("model_name") or parameters.get("model")
    if model.get("model") and inner:
        yield Refusal(
            "other",
            "a model is named twice, in `model` and in `parameters`",
            place,
            path,
            "keep `model` only",
        )
    elif not str(model.get("model") or inner or "").strip():
        yield Refusal("other", "a model has no name", place, path, "add `model:` to the entry of `models`")
