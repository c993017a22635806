"""Plain Presidio on the model that guardlint uses: its whole pipeline, no download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import UkNinoRecognizer

from guardlint.pii.model import known_model, locate

__all__ = ["ModelByPath", "analyzer_with_more", "for_entities", "plain_presidio"]


class ModelByPath(SpacyNlpEngine):  # type: ignore[misc]
    """Presidio's spaCy engine with a model loaded by its folder."""

    def load(self) -> None:
        """Load the small English model that is installed."""
        import spacy

        self.nlp = {"en": spacy.load(locate(known_model()))}


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    entity: str


Finder = Callable[[str], list[_Span]]


def plain_presidio(threshold: float) -> Finder:
    """``AnalyzerEngine.analyze`` with Presidio's defaults for English."""
    return _finder(AnalyzerEngine(nlp_engine=ModelByPath()), threshold, None)


def for_entities(entities: Sequence[str], threshold: float) -> Finder:
    """The same, asked for some entities."""
    return _finder(analyzer_with_more(), threshold, list(entities))


def analyzer_with_more() -> AnalyzerEngine:
    """Presidio's engine with its recogniser for UK_NINO, which is off by default.

    It has none for UK_SORT_CODE, so it is given a pattern with context words, as its users would.
    """
    analyzer = AnalyzerEngine(nlp_engine=ModelByPath())
    analyzer.registry.add_recognizer(UkNinoRecognizer())
    pattern = Pattern("sort code", r"\b\d{2}[- ]\d{2}[- ]\d{2}\b", 0.3)
    sort_code = PatternRecognizer("UK_SORT_CODE", patterns=[pattern], context=["sort", "code", "bank"])
    analyzer.registry.add_recognizer(sort_code)
    return analyzer


def _finder(analyzer: AnalyzerEngine, threshold: float, entities: list[str] | None) -> Finder:
    def find(text: str) -> list[_Span]:
        results = analyzer.analyze(text, "en", entities=entities, score_threshold=threshold)
        return [_Span(result.start, result.end, result.entity_type) for result in results]

    return find
