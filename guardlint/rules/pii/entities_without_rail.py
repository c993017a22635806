"""Entities are listed for a direction, and no rail looks for them.

What it does: compares the directions that have entities under ``rails.config.sensitive_data_detection`` with
the rails that are listed or that a flow of the team runs.

Why it matters: entities alone do nothing. The message, the answer or the retrieved text goes on as it is,
and the configuration reads as if it were masked.

How to fix: list the rail under ``rails.<direction>.flows``, or delete the entities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.personal_data import NAME, SECTION, SOURCES, entities
from guardlint.nemo.taint import DETECTING, MASKING, Step, engine_of, personal_data_steps
from guardlint.rules._mends import add_item
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_ACTIONS = ("mask_sensitive_data", "detect_sensitive_data")
# Code that reads the section, runs the action or does the work itself.
_IN_CODE = lazy_pattern(r"sensitive_data|SensitiveData|presidio_(?:analyzer|anonymizer)")
_OF_THE_TEAM = lazy_pattern(
    r"pii|phi\b|sensitive|personal|private|mask|redact|anonymi|scrub|presidio", re.IGNORECASE
)
_WHERE = {
    "input": "the message reaches the model",
    "output": "the answer reaches the customer",
    "retrieval": "the retrieved text reaches the model",
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each direction."""
    configuration = project.configuration
    if not configuration.value(SECTION):
        return
    running = [
        step
        for step in personal_data_steps(configuration)
        if (MASKING.get(step.action) or DETECTING.get(step.action)) == NAME
    ]
    if any(step.source in SOURCES and not entities(configuration, str(step.source)) for step in running):
        return  # a rail looks in the wrong place, and another rule says so
    for source in SOURCES:
        if entities(configuration, source) and not _is_used(configuration, source, running):
            yield _finding(configuration, source, running)


def _is_used(configuration: Configuration, source: str, running: list[Step]) -> bool:
    # A source that is computed may be any.
    if any(step.source in (source, None) for step in running):
        return True
    flows = [f"{verb} sensitive data on {source}" for verb in ("mask", "detect")]
    for rail in configuration.all_rails():
        # What is misspelt or stands under another direction is another rule's.
        if (
            engine_of(rail.flow)
            and rail.surface is None
            and source in (rail.direction, rail.flow.split()[-1])
        ):
            return True
        if not configuration.flow_exists(rail.flow) and closest(rail.flow, flows):
            return True
    if any(_IN_CODE.search(text) for text in _texts_of_code(configuration)):
        return True
    return any(flow in _without_comments(file.text) for file in configuration.yaml_files for flow in flows)


def _texts_of_code(configuration: Configuration) -> Iterator[str]:
    """Python and Colang files, skipped ones too."""
    for file in configuration.python_files:
        yield configuration.texts[file.file]
    for colang in configuration.colang_files:
        yield _without_comments(configuration.texts[colang.file])


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(?:^|\s)#.*$", "", text) if "#" in text else text


def _finding(configuration: Configuration, source: str, running: list[Step]) -> Found:
    path = (*SECTION, source, "entities")
    others = [
        rail
        for rail in configuration.rails(source)
        if (_OF_THE_TEAM.search(rail.flow) and rail.flow in configuration.flows) or engine_of(rail.flow)
    ]
    off = any(
        " sensitive data on " in file.text
        and re.search(rf"(?m)^\s*#.*(?:mask|detect) sensitive data on {source}", file.text)
        for file in configuration.yaml_files
    )
    related = [Related(rail.place, "does not read these entities") for rail in others]
    if not others:
        related = [
            Related(step.place, f"looks for the entities of {step.source}") for step in running if step.rail
        ][:1]
    # Retrieval may be meant for later; that a rail stands in a comment says that somebody switched it off.
    weaker = source == "retrieval" or bool(others)
    indexed = any(file.is_text_of_kb for file in configuration.files)
    sure = not off and not others and (source != "retrieval" or indexed)
    return Found(
        f"no rail looks for the entities of {source}",
        configuration.place(path, key=True),
        f"{_WHERE[source]} with everything in it, unless the application masks it",
        f"list `mask sensitive data on {source}` under `rails.{source}.flows`, or delete the entities",
        path=path,
        value=source,
        related=tuple(related),
        severity="warning" if weaker else "error",
        confidence="high" if sure else "medium",
        fix=add_item(configuration, ("rails", source, "flows"), f"mask sensitive data on {source}")
        if configuration.generation == "1.0" and not others and not off
        else None,
    )
