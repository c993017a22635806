"""Two models of one type: NeMo asks the first and never the second.

What it does: finds two entries of ``models`` with the same ``type``, in one file or in several.

Why it matters: NeMo makes both and uses the one that it read first. A judge or main model that was meant to
take the other's place is never asked.

How to fix: delete one of the entries, or give it the type that it is meant for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.structure._merging import intruders

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each entry that loses."""
    configuration = project.configuration
    if len(configuration.models) == len(configuration.model_types()):
        return
    asked = _asked_for(configuration)
    # An old copy whose rails take the place of the others' is to go as a whole, which replaced-rails says.
    taking = intruders(configuration)
    first: dict[str, tuple[int, object]] = {}
    for index, model in enumerate(configuration.value(("models",), [])):
        if not isinstance(model, dict) or not isinstance(model.get("type"), str):
            continue
        name = model["type"]
        if name not in first:
            first[name] = (index, model)
            continue
        winner, other = first[name]
        place = configuration.place(("models", index, "type"))
        before = configuration.place(("models", winner, "type"))
        if other == model or name not in asked or _is_nested(before.file, place.file) or place.file in taking:
            continue
        yield Found(
            f"a second model of type `{name}`",
            place,
            "NeMo uses the one that it read first, and never asks this one",
            "delete one of the two, or give it the type that it is meant for",
            path=("models", index, "type"),
            value=(name, model.get("engine"), model.get("model")),
            related=(Related(before, "this one is used"),),
        )


def _is_nested(outer: str, inner: str) -> bool:
    """Whether the second stands in a configuration of its own below the first: that is the fault then."""
    return Path(outer).parent != Path(inner).parent and Path(inner).stem == "config"


def _asked_for(configuration: Configuration) -> set[str]:
    """The types that NeMo looks a single model up by; of others an application may choose among several."""
    data = configuration.catalogue.data
    asked = {*data["model_types"], *(task.partition(" ")[0] for task in data["tasks"])}
    for rail in configuration.all_rails():
        asked.update(rail.surface["fixed_models"] if rail.surface else ())
        asked.update(value for key, value in rail.parameters.items() if key == "model")
    return asked
