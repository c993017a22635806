"""The type of a model is misspelt, and another model does its work.

What it does: compares ``models[].type`` with ``main``, ``embeddings``, NeMo's tasks and the types that rails
name with ``$model=``, and reports names that are near one of them.

Why it matters: NeMo makes the model and asks it for nothing. A check meant for a model of its own is done by
``main``; without a ``main`` there is no answer at all.

How to fix: write the type in its exact spelling.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.framework import named_in_code
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.names import closest

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each model."""
    configuration = project.configuration
    types = configuration.model_types()
    if types <= {"main", "embeddings"}:
        return
    known = _known_types(configuration)
    # Whatever an action is called, NeMo gives it the model of that type.
    actions = {*configuration.catalogue.data["actions"], *(item.name for item in configuration.actions)}
    wanted = {rail.parameters["model"] for rail in configuration.all_rails() if "model" in rail.parameters}
    for index, model in enumerate(configuration.models):
        name = model.get("type")
        if isinstance(name, str) and closest(name, wanted - types):
            continue  # the rail that names it otherwise is what NeMo refuses
        if (
            not isinstance(name, str)
            or name in known
            or name in actions
            or named_in_code(configuration, name)
        ):
            continue
        meant = closest(name, known - types)
        if meant is None:
            continue
        lost = {
            "main": "there is no main model: every request fails, unless the application passes `llm=`",
            "embeddings": "NeMo takes it for a chat model, and embeds with its default model",
        }.get(meant, f"NeMo never asks this model; `{meant}` is answered by the main model")
        yield Found(
            f"no model type is named `{name}`",
            configuration.place(("models", index, "type")),
            lost,
            f"write `{meant}`",
            path=("models", index, "type"),
            value=name,
            severity="error" if meant == "main" else None,
            fix=replace_value(configuration, ("models", index, "type"), meant, safe=is_slip(name, meant)),
        )


def _known_types(configuration: Configuration) -> set[str]:
    """What NeMo, or this configuration, looks a model up by."""
    data = configuration.catalogue.data
    known = {*data["model_types"]}
    known.update(task.partition(" ")[0] for task in data["tasks"])
    known.update(prompt.task.partition(" ")[0] for prompt in configuration.prompts)
    for surface in data["surfaces"]:
        known.update(surface["fixed_models"])
    for rail in configuration.all_rails():
        known.update(value for key, value in rail.parameters.items() if key == "model")
    return known
