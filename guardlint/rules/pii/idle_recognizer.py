"""A recognizer for an entity that nobody asks for.

What it does: compares the entity of every recognizer with the ``entities`` of the directions on which a rail
for personal data works.

Why it matters: Presidio runs a recognizer only for the entities that it is asked for. What this one finds
stays in the text.

How to fix: list its ``supported_entity`` under ``entities``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.catalogue import presidio_facts
from guardlint.nemo.personal_data import SECTION, SOURCES, active_sources, entities, recognizers
from guardlint.nemo.recognizer_faults import refused_parts
from guardlint.rules._mends import add_item
from guardlint.rules.pii._meant import meant_entity
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each recognizer."""
    configuration = project.configuration
    sources = active_sources(configuration)
    if not sources:
        return
    asked = {name for source in SOURCES for name, _ in entities(configuration, source)}
    served = {*presidio_facts()["default_english"], *(item.entity for item in recognizers(configuration))}
    # A name that nothing serves is probably this one's, misspelt; another rule says so.
    meant = {meant_entity(name, served) for name in asked - served}
    if None in meant:
        return  # a name that is near to none is the other end of the same slip
    first = next(iter(sources))
    lists = configuration.place((*SECTION, first, "entities"), key=True)
    for item in recognizers(configuration):
        many = item.data.get("supported_entities")
        named = set(many) if isinstance(many, list) else {item.entity}
        if item.entity in asked or item.entity in meant or named & asked or any(refused_parts(item.data)):
            continue
        yield Found(
            f"nothing asks for `{item.entity}`: it stands in no list of entities",
            configuration.place(item.entity_path),
            "Presidio never runs the recognizer: what it would find stays in the text",
            f"list `{item.entity}` under `rails.config.sensitive_data_detection.{first}.entities`",
            path=item.entity_path,
            value=item.entity,
            related=(Related(lists, f"the entities of {first}"),),
            fix=add_item(configuration, (*SECTION, first, "entities"), item.entity),
        )
