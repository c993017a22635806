"""The name of an engine is misspelt.

What it does: compares ``models[].engine`` with the engines that NeMo and LangChain know, and reports names
that are near one of them.

Why it matters: NeMo does not load: it has no address for an engine of that name. Where ``base_url`` is given
it does load, and sends no key, because it looks for the key by the engine's name.

How to fix: write the engine's name in its exact spelling.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.framework import KNOWN_ENGINES, named_in_code
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each model."""
    configuration = project.configuration
    data = configuration.catalogue.data
    served = data["engines"]
    for index, model in enumerate(configuration.models):
        engine = model.get("engine")
        if not isinstance(engine, str) or not engine.strip() or engine in served or engine in KNOWN_ENGINES:
            continue
        embeddings = model.get("type") == "embeddings"
        known = {*data["embedding_engines"], *KNOWN_ENGINES} if embeddings else {*served, *KNOWN_ENGINES}
        if engine in known or named_in_code(configuration, engine):
            continue
        parameters = model.get("parameters")
        given = parameters if isinstance(parameters, dict) else {}
        if (
            not embeddings
            and given.get("base_url")
            and (given.get("api_key") or model.get("api_key_env_var"))
        ):
            continue  # any name will do
        meant = closest(engine, known)
        if meant is None or abs(len(meant) - len(engine)) > 2:
            continue  # a longer name is one of the team's own (`hf_pipeline_ours`)
        yield Found(
            f"no engine is named `{engine}`",
            configuration.place(("models", index, "engine")),
            "NeMo sends the requests without a key"
            if given.get("base_url")
            else "NeMo finds nobody who serves it, and stops where the model is made",
            f"write `{meant}`",
            path=("models", index, "engine"),
            value=engine,
            fix=replace_value(configuration, ("models", index, "engine"), meant, safe=is_slip(engine, meant)),
        )
