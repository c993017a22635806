"""A listed entity that nothing finds: Presidio does not serve it under that name.

What it does: compares the entities of every direction that a rail works on with what Presidio's default
registry serves in English, and with the ``recognizers`` of the configuration.

Why it matters: as long as one entity of the list is known, the others are passed over with a line in the log;
``EMAIL``, ``AGE`` and ``ID`` are accepted without one and never found. Where none is known, every message
ends in an internal error.

How to fix: use Presidio's name, or add a recognizer with that ``supported_entity``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import presidio_facts
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.personal_data import (
    active_sources,
    entities,
    has_misplaced_recognizer,
    recognizers,
)
from guardlint.rules._mends import is_slip, remove, replace_value
from guardlint.rules.pii._meant import meant_entity
from guardlint.rules.rule import Confidence, Fix, Found, Project, Related, Rule
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM02:2025",))

# Presidio ran these for English until 2.2.358 and left them out from 2.2.359 on (its issue 1586).
_RAN_BEFORE = frozenset(
    "AU_ABN AU_ACN AU_MEDICARE AU_TFN IN_AADHAAR IN_PAN IN_PASSPORT IN_VEHICLE_REGISTRATION IN_VOTER "
    "SG_NRIC_FIN UK_NINO".split()
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each name."""
    configuration = project.configuration
    sources = active_sources(configuration)
    if not sources:
        return
    facts = presidio_facts()
    served = set(facts["default_english"]) | {
        item.entity for item in recognizers(configuration) if item.speaks_english
    }
    deaf = set(facts["accepted_never_matching"]) - served
    said: set[Place] = set()
    for source in sources:
        listed = entities(configuration, source)
        accepted = any(name in served or name in deaf for name, _ in listed)
        for name, path in listed:
            place = configuration.place(path)
            # One list can serve two directions through an anchor.
            if name in served or place in said or has_misplaced_recognizer(configuration, name):
                continue
            said.add(place)
            meant = meant_entity(name, served)
            known = _known_elsewhere(facts, name)
            confidence: Confidence = "medium" if name in _RAN_BEFORE else "high"
            yield Found(
                f"`{name}` is no entity that Presidio finds" + (f" in English: {known}" if known else ""),
                place,
                _effect(name, deaf, accepted),
                f"write `{meant}`"
                if meant
                else f"add a recognizer with `supported_entity: {name}` under "
                "`rails.config.sensitive_data_detection.recognizers`",
                path=path,
                value=name,
                related=_others(configuration, name),
                confidence=confidence,
                fix=_respelt(configuration, name, meant, path) if meant else None,
            )


def _respelt(configuration: Configuration, name: str, meant: str, path: DataPath) -> Fix | None:
    """The entity that is meant; one that says more or less (`CITY`, `LOCATION`) is to be looked at."""
    if meant in configuration.value(path[:-1]):
        return remove(configuration, path, safe=False)
    words = set(re.split(r"[\W_]+", name.upper()))
    safe = is_slip(name, meant) or words < set(meant.split("_"))
    return replace_value(configuration, path, meant, safe=safe)


def _effect(name: str, deaf: set[str], accepted: bool) -> str:
    if name in deaf:
        return f"Presidio takes the name without a word and never finds a `{name}`: nothing of it is hidden"
    if accepted:
        return "Presidio passes over it with a line in the log: nothing of it is found or masked"
    return "Presidio refuses to work with no entity that it knows: every message ends in an internal error"


def _known_elsewhere(facts: dict[str, Any], name: str) -> str:
    """Why an entity that Presidio has is not served."""
    for row in facts["recognizers"]:
        if name in row["entities"]:
            if "en" in row["languages"]:
                return f"its {row['class']} is off by default"
            languages = " and ".join(row["languages"])
            return f"its {row['class']} reads `{languages}` only, and NeMo asks for `en`"
    return ""


def _others(configuration: Configuration, name: str) -> tuple[Related, ...]:
    """Recognizers that come near: of another language, or one that supports the name in second place."""
    found = []
    for item in recognizers(configuration):
        many = item.data.get("supported_entities")
        if item.entity == name:
            path = (*item.path, "supported_language")
            found.append(Related(configuration.place(path), "NeMo asks for `en` only"))
        elif isinstance(many, list) and name in many:
            place = configuration.place((*item.path, "supported_entities"), key=True)
            found.append(Related(place, f"Presidio takes the first, `{item.entity}`"))
    return tuple(found)
