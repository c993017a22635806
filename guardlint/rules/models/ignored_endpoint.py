"""The address of a model server stands under a name that NeMo does not read.

What it does: looks among a model's parameters for an address under any name but ``base_url``
(``azure_endpoint`` for Azure), where NeMo's own client serves the engine.

Why it matters: since 0.22 NeMo's client reads ``base_url`` alone. With ``api_base`` or ``endpoint_url`` the
prompts go to the provider's public address instead of the team's own server, and the address with them.

How to fix: write ``base_url``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.framework import uses_langchain
from guardlint.rules._mends import rename
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="medium", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_ADDRESS = lazy_pattern(r"https?://|\$\{|localhost\b|\d+\.\d+\.\d+\.\d+")
_NAME = lazy_pattern(r"(?i)url|endpoint|base|host|server|address|uri")
# Parameters that are an address and mean something else, and those that make NeMo refuse to start.
_OTHER = lazy_pattern(
    r"(?i)base_url|azure_endpoint|default_headers|default_query|proxy|[a-z]\w*_(?:api_base|base_url|endpoint)"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each parameter."""
    configuration = project.configuration
    engines = configuration.catalogue.data["engines"]
    if uses_langchain(configuration):
        return
    for index, model in enumerate(configuration.models):
        parameters = model.get("parameters")
        engine = model.get("engine")
        if (
            not isinstance(parameters, dict)
            or parameters.get("base_url")
            or model.get("type") == "embeddings"
        ):
            continue
        public = engines.get(engine, {}).get("base_url") if isinstance(engine, str) else None
        if public is None:
            continue
        for name, value in parameters.items():
            text = str(name)
            if not isinstance(value, str) or not _ADDRESS.search(value):
                continue
            if not _NAME.search(text) or _OTHER.fullmatch(text):
                continue
            path: DataPath = ("models", index, "parameters", name)
            yield Found(
                f"`{text}` is not where NeMo reads the address of a model",
                configuration.place(path, key=True),
                f"the prompts go to {public}, and `{text}` with them as a parameter",
                "write `base_url`",
                path=path,
                value=text,
                fix=rename(configuration, path, "base_url", safe=False),
            )
