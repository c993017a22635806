"""The settings for personal data: which entities are asked for, by which rails, and who serves them.

NeMo asks Presidio's default registry for English, with the ``recognizers`` of the configuration beside it
(``library/sensitive_data_detection/actions.py``). What Presidio serves is measured (``presidio_facts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import presidio_facts
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.taint import DETECTING, ENGINES, MASKING, Step, personal_data_steps
from guardlint.source.names import closest
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = [
    "NAME",
    "SECTION",
    "SOURCES",
    "Recognizer",
    "active_sources",
    "as_number",
    "best_pattern",
    "entities",
    "has_misplaced_recognizer",
    "misplaced_entities",
    "recognizers",
    "scores",
]

NAME = "sensitive_data_detection"
SECTION: DataPath = ("rails", "config", NAME)
SOURCES = ("input", "output", "retrieval")
# Presidio adds it to the score where a word of the context stands near (``LemmaContextAwareEnhancer``).
_CONTEXT = 0.35
_CONTEXT_AT_LEAST = 0.4


@record
class Recognizer:
    """One entry of ``recognizers`` that names an entity. ``entity`` is the one that Presidio takes."""

    entity: str
    entity_path: DataPath
    path: DataPath
    data: dict[str, Any]

    @property
    def speaks_english(self) -> bool:
        """NeMo asks for English and nothing else."""
        return str(self.data.get("supported_language", "en")) == "en"


def entities(configuration: Configuration, source: str, section: str = NAME) -> list[tuple[str, DataPath]]:
    """The entities of a direction, each with its path."""
    path: DataPath = ("rails", "config", section, source, "entities")
    listed = configuration.value(path)
    if not isinstance(listed, list):
        return []
    return [(item, (*path, index)) for index, item in enumerate(listed) if isinstance(item, str)]


def active_sources(configuration: Configuration) -> dict[str, list[Step]]:
    """The directions whose entities NeMo's own rail looks for, each with the steps that do."""
    found: dict[str, list[Step]] = {}
    for step in personal_data_steps(configuration):
        engine = MASKING.get(step.action) or DETECTING.get(step.action)
        if engine == NAME and step.source in SOURCES and entities(configuration, str(step.source)):
            found.setdefault(str(step.source), []).append(step)
    return found


def recognizers(configuration: Configuration) -> Iterator[Recognizer]:
    """The team's recognizers, with the entity that Presidio makes of each."""
    listed = configuration.value((*SECTION, "recognizers"))
    for index, data in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(data, dict):
            continue
        path: DataPath = (*SECTION, "recognizers", index)
        one, many = data.get("supported_entity"), data.get("supported_entities")
        if isinstance(one, str):
            yield Recognizer(one, (*path, "supported_entity"), path, data)
        elif isinstance(many, list) and many and isinstance(many[0], str):
            yield Recognizer(many[0], (*path, "supported_entities", 0), path, data)


def scores(entity: str) -> tuple[float, float] | None:
    """The score of a plain match and the best there is, of an entity that Presidio serves in English.

    A recognizer that checks digits gives 1.0; one with words of context gives more beside such a word.
    """
    facts = presidio_facts()
    plain = best = 0.0
    for row in facts["recognizers"]:
        if entity not in row["entities"] or not row["in_default_english"]:
            continue
        if row["ner"]:
            top = highest = float(facts["ner_score"])
        else:
            highest = max(row["scores"], default=0.0)
            top = 1.0 if row["validates"] else max(min(highest + _CONTEXT, 1.0), _CONTEXT_AT_LEAST)
            highest = 1.0 if row["validates"] else highest
        plain, best = max(plain, highest), max(best, top)
    return (plain, round(best, 2)) if best else None


def best_pattern(data: dict[str, Any]) -> tuple[float, DataPath] | None:
    """The highest score that a recognizer gives and where it stands; None where it cannot be read."""
    found: list[tuple[float, DataPath]] = []
    patterns = data.get("patterns")
    for index, pattern in enumerate(patterns if isinstance(patterns, list) else []):
        score = as_number(pattern.get("score")) if isinstance(pattern, dict) else None
        if score is None or not 0 <= score <= 1:
            return None
        found.append((score, ("patterns", index, "score")))
    if data.get("deny_list"):
        score = as_number(data.get("deny_list_score", 1.0))
        if score is None:
            return None
        found.append((score, ("deny_list_score",)))
    return max(found, key=lambda item: item[0]) if found else None


def as_number(value: Any) -> float | None:
    """As NeMo's schema takes it: a number, or a text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def misplaced_entities(configuration: Configuration, source: str) -> bool:
    """Whether a list of entities for the direction stands where NeMo does not read one.

    In a section that another file, or a second key of the same name, took the place of, too: other rules say
    so.
    """
    wanted = (*SECTION, source, "entities")
    if any(
        path == wanted[: len(path)] for file in configuration.yaml_files for path, *_ in file.duplicates()
    ):
        return True
    lost = {id(replaced.lost) for replaced in configuration.joined.replaced if replaced.key == "rails"}
    return any(
        _is_for(path, source) and (id(file) in lost or not _is_read(path))
        for file in configuration.yaml_files
        for path in _entity_lists(file)
    )


def has_misplaced_recognizer(configuration: Configuration, entity: str) -> bool:
    """Whether a recognizer for the entity stands where NeMo reads none, which is another rule's finding."""
    if any(item.entity == entity for item in recognizers(configuration)):
        return False
    stack: list[Any] = [file.data for file in configuration.yaml_files if entity in file.text]
    while stack:
        data = stack.pop()
        if isinstance(data, dict) and data.get("supported_entity") == entity:
            return True
        if isinstance(data, dict | list):
            stack.extend(data.values() if isinstance(data, dict) else data)
    return False


def _entity_lists(file: YamlFile) -> Iterator[DataPath]:
    """The paths of all lists under a key like ``entities``, ten levels down at most."""
    stack: list[tuple[DataPath, Any]] = [((), file.data)]
    while stack:
        path, data = stack.pop()
        if not isinstance(data, dict) or len(path) > 10:
            continue
        for key, value in data.items():
            if isinstance(key, str) and (*path, key) != ("custom_data",):
                name = key.lower()
                entities = name[:2] == "en" and (
                    name[:5] == "entit" or closest(name, ("entities",)) is not None
                )
                if entities and value and isinstance(value, list):
                    yield (*path, key)
                if entities and isinstance(value, dict):  # `entities: {input: […]}`
                    yield from (
                        (*path, key, name) for name, listed in value.items() if isinstance(listed, list)
                    )
                stack.append(((*path, key), value))


def _is_for(path: DataPath, source: str) -> bool:
    named = [other for other in SOURCES if any(str(part).lower().startswith(other[:3]) for part in path[:-1])]
    return not named or source in named


def _is_read(path: DataPath) -> bool:
    return (
        len(path) == 5
        and path[:2] == ("rails", "config")
        and path[2] in ENGINES
        and path[3] in SOURCES
        and (path[4] == "entities")
    )
