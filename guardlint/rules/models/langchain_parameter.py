"""A parameter of the LangChain era, for a model that NeMo's own client serves.

What it does: finds parameters such as ``openai_api_base``, ``model_kwargs`` and ``streaming``, and an address
of Ollama without ``/v1``, under models of an engine that NeMo serves without LangChain.

Why it matters: since 0.22 NeMo brings its own client. It refuses to start with these parameters, unless
``NEMOGUARDRAILS_LLM_FRAMEWORK=langchain`` is set; at Ollama's bare address it finds nothing.

How to fix: rename or delete the parameter, or set the variable where the service runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.framework import uses_langchain
from guardlint.rules._mends import remove, rename, replace_value
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="warning", confidence="medium", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each parameter."""
    configuration = project.configuration
    if uses_langchain(configuration):
        return
    engines = configuration.catalogue.data["engines"]
    for index, model in enumerate(configuration.models):
        parameters, engine = model.get("parameters"), model.get("engine")
        if not isinstance(parameters, dict) or not (engine in engines or "base_url" in parameters):
            continue
        for name in map(str, parameters):
            path: DataPath = ("models", index, "parameters", name)
            mend = _mend(configuration, name, engine)
            if mend is not None:
                yield Found(
                    f"`{name}` is a parameter of LangChain's",
                    configuration.place(path, key=True),
                    "since NeMo 0.22 the configuration does not load, unless "
                    "NEMOGUARDRAILS_LLM_FRAMEWORK=langchain is set where it runs",
                    mend,
                    path=path,
                    value=name,
                    fix=_fix(configuration, path, mend),
                )
        if engine == "ollama":
            yield from _ollama(configuration, index, parameters)


def _mend(configuration: Configuration, name: str, engine: Any) -> str | None:
    facts: dict[str, Any] = configuration.catalogue.data["langchain"]
    if name in facts.get("refused", ()):
        if name == "model_kwargs":
            return "write what stands under `model_kwargs` directly under `parameters`"
        return f"delete `{name}`"
    pattern = facts.get("refused_pattern")
    found = re.fullmatch(pattern, name) if pattern else None
    if found is None or name in facts.get("accepted", {}).get(engine, ()):
        return None
    if found["canonical"] == "api_key":
        return "name the key's variable in `api_key_env_var`, beside `engine`"
    return "write `base_url`"


def _fix(configuration: Configuration, path: DataPath, mend: str) -> Fix | None:
    """Unsafe: where the application chooses LangChain, it is right as it stands."""
    if mend.startswith("delete"):
        return remove(configuration, path, safe=False)
    return rename(configuration, path, "base_url", safe=False) if mend == "write `base_url`" else None


def _ollama(configuration: Configuration, index: int, parameters: dict[str, Any]) -> Iterator[Found]:
    address = parameters.get("base_url")
    if not isinstance(address, str) or "$" in address:
        return
    try:
        parts = urlsplit(address)
        bare = parts.port == 11434 and parts.path.strip("/") == ""
    except ValueError:
        return
    if bare:
        path: DataPath = ("models", index, "parameters", "base_url")
        yield Found(
            "the address of Ollama lacks `/v1`",
            configuration.place(path),
            "since NeMo 0.22 requests go to `/chat/completions` below this address, where Ollama has nothing",
            f"write `{address.rstrip('/')}/v1`",
            path=path,
            value="base_url",
            fix=replace_value(configuration, path, f"{address.rstrip('/')}/v1", safe=False),
        )
