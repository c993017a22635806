"""Milliseconds for one chat message: guardlint's default profile against plain Presidio on the same model.

Run it with ``python benchmarks/pii_speed.py``.
The figure to look at is the ratio; both engines run in turn within one process, so a busy machine slows both.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from functools import partial

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from guardlint.pii import Detector
from guardlint.pii.model import known_model, locate

MESSAGES = {
    "with personal data": (
        "Hi, my name is Anna Schmidt and I have a question about my claim from last week. You can reach me "
        "at anna.schmidt@example.com or on 020 7946 0958. Please pay GB82 WEST 1234 5698 7654 32. Thank you!"
    ),
    "without": (
        "Hello, I would like to know how I can block my card when it was lost on a journey, and how long it "
        "takes until the new one arrives at home. Is there a fee for it, and can I still pay online?"
    ),
}
ROUNDS = 150


class ModelByPath(SpacyNlpEngine):  # type: ignore[misc]
    """Presidio's engine on the very model that guardlint uses, whole pipeline, no download."""

    def load(self) -> None:
        import spacy

        self.nlp = {"en": spacy.load(locate(known_model()))}


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median time of each call, the calls taking turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(series) * 1000 for name, series in times.items()}


def main() -> None:
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    presidio = AnalyzerEngine(nlp_engine=ModelByPath())
    default, structured = Detector(), Detector("structured")
    for name, text in MESSAGES.items():
        calls: dict[str, Callable[[], object]] = {
            "plain Presidio": partial(presidio.analyze, text, "en"),
            "guardlint default": partial(default.detect, text),
            "guardlint structured": partial(structured.detect, text),
        }
        for call in calls.values():
            call()
        medians = milliseconds(calls)
        print(f"{len(text)} characters, {name}:")
        for label, value in medians.items():
            print(f"  {label:22} {value:7.2f} ms   ratio {value / medians['plain Presidio']:.2f}")


if __name__ == "__main__":
    main()
