"""A rail for personal data has no entities for its direction.

What it does: compares the ``detect/mask sensitive data on …`` rails that are listed, or that a flow of the
team runs, with the entities under ``rails.config.sensitive_data_detection.<direction>.entities``.

Why it matters: without entities the rail allows every text at once, and nothing is logged.

How to fix: list the entities for that direction.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.personal_data import NAME, SECTION, SOURCES, entities, misplaced_entities
from guardlint.nemo.taint import DETECTING, MASKING, Step, personal_data_steps
from guardlint.rules._mends import add_list, rename
from guardlint.rules.rule import Fix, Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail, and for each call in a flow."""
    configuration = project.configuration
    for step in personal_data_steps(configuration):
        source = str(step.source)
        if (MASKING.get(step.action) or DETECTING.get(step.action)) != NAME or source not in SOURCES:
            continue
        if step.rail is not None and step.rail.surface is None:
            continue  # it stands under another direction, and another rule says so
        if configuration.value((*SECTION, source, "entities")) or misplaced_entities(configuration, source):
            continue
        yield _finding(configuration, step, source)


def _finding(configuration: Configuration, step: Step, source: str) -> Found:
    related = [
        Related(configuration.place((*SECTION, name, "entities"), key=True), f"entities for {name} only")
        for name in SOURCES
        if entities(configuration, name)
    ]
    if configuration.value((*SECTION, "recognizers")):
        place = configuration.place((*SECTION, "recognizers"), key=True)
        related.append(Related(place, "a recognizer finds what `entities` asks for"))
    verb = "masks" if step.action in MASKING else "detects"
    effect = f"the rail {verb} nothing: NeMo lets every text through and logs no word"
    missing = object()
    if configuration.value(SECTION, missing) is None:
        effect = "the section is empty: the rail raises, and every message ends in an internal error"
    return Found(
        f"`{step.shown}` has no entities" + ("" if step.rail else f" for {source}"),
        step.place,
        effect,
        f"list entities under `rails.config.sensitive_data_detection.{source}.entities`",
        path=step.rail.path if step.rail else None,
        value=step.rail.text if step.rail else (step.shown, source),
        related=tuple(related),
        fix=_as_elsewhere(configuration, source),
    )


def _as_elsewhere(configuration: Configuration, source: str) -> Fix | None:
    """The entities of the one other direction that has some: for this one too, or for this one alone."""
    others = [name for name in SOURCES if entities(configuration, name)]
    if len(others) != 1 or configuration.value((*SECTION, source, "entities")) is not None:
        return None
    if others[0] not in {step.source for step in personal_data_steps(configuration)}:
        return rename(configuration, (*SECTION, others[0]), source, safe=False)
    names = [name for name, _ in entities(configuration, others[0])]
    return add_list(configuration, (*SECTION, source, "entities"), names, safe=False)
