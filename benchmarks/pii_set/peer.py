"""Plain Presidio on the model that guardlint uses: its whole pipeline, no download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from guardlint.pii.model import known_model, locate

__all__ = ["ModelByPath", "plain_presidio"]


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


def plain_presidio(threshold: float) -> Callable[[str], list[_Span]]:
    """``AnalyzerEngine.analyze`` with Presidio's defaults for English."""
    analyzer = AnalyzerEngine(nlp_engine=ModelByPath())

    def find(text: str) -> list[_Span]:
        results = analyzer.analyze(text, "en", score_threshold=threshold)
        return [_Span(result.start, result.end, result.entity_type) for result in results]

    return find
