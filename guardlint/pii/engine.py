"""All recognisers of one profile, built once per process and shared by its detectors."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from guardlint.errors import RuntimeUnavailable
from guardlint.pii.language import is_english
from guardlint.pii.model import Model, ModelError, load_model
from guardlint.pii.normalise import normalise
from guardlint.pii.profiles import Profile
from guardlint.pii.reading import Reading
from guardlint.pii.rule import Needs
from guardlint.pii.span import Hit, Rank, Span
from guardlint.source.record import record

__all__ = ["Engine", "engine_for"]

_NER_SCORE = 0.85
"""spaCy gives no confidence; this is the one Presidio assumes."""

_LOGGERS = ("presidio-analyzer", "decision_process")
_working: ContextVar[bool] = ContextVar("guardlint_pii_working", default=False)

_engines: dict[tuple[Profile, Path | None], Engine] = {}
_building = threading.Lock()

Finder = Callable[[str], Iterable[Hit]]


@record
class Engine:
    """What finds (each with what it needs), the model when there is one, and why there is none."""

    thresholds: dict[str, float]
    finders: tuple[tuple[Needs, Finder], ...]
    model: Model | None
    degraded: str | None

    def scan(self, text: str, language: str) -> list[Span]:
        """Personal data in ``text``, in order, never overlapping."""
        from guardlint.pii.arbitrate import arbitrate
        from guardlint.pii.persons import trim_guess

        view = normalise(text)
        with _quiet():
            hits = [
                hit
                for hit in self._candidates(view.text, language)
                if hit.score >= self.thresholds[hit.entity]
            ]
        kept = arbitrate(view.text, hits, trim_guess)
        # One original character can stand for several seen ones (a ligature), so two spans may now share it.
        spans: list[Span] = []
        for hit in kept:
            start, end = view.original(hit.start, hit.end)
            start = max(start, spans[-1].end) if spans else start
            if start < end:
                spans.append(Span(start, end, hit.entity, round(hit.score, 2)))
        return spans

    def _candidates(self, text: str, language: str) -> Iterator[Hit]:
        """What rules find in the text and in its other readings, and what the model guesses."""
        from guardlint.pii import disguises, tables
        from guardlint.pii.reading import readings

        hits = list(self._by_rules(text))
        for reading in readings(text, tables.READERS):
            named = list(self._anew(reading))
            # In a table the heading decides, not a word that stands some cells before.
            hits = [
                hit
                for hit in hits
                if hit.rank is Rank.PROVEN
                or not reading.concerns(hit.start, hit.end)
                or any(
                    other.entity == hit.entity and other.start < hit.end > hit.start < other.end
                    for other in named
                )
            ]
            hits += named
        for reading in readings(text, (*tables.LIKELY_READERS, *disguises.READERS)):
            hits += self._anew(reading)
        yield from hits
        if self.model and is_english(text, language):
            yield from self._guesses(self.model, text)

    def _anew(self, reading: Reading) -> Iterator[Hit]:
        """What the rules find where a reading differs from the text."""
        for hit in self._by_rules(reading.text):
            if reading.touches(hit.start, hit.end):
                yield Hit(*reading.original(hit.start, hit.end), hit.entity, hit.score, hit.rank)

    def _by_rules(self, text: str) -> Iterator[Hit]:
        has = Needs.NOTHING
        has |= Needs.DIGIT if any(map(str.isdigit, text)) else Needs.NOTHING
        has |= Needs.AT if "@" in text else Needs.NOTHING
        for needs, find in self.finders:
            if needs in has:
                yield from find(text)

    def _guesses(self, model: Model, text: str) -> Iterator[Hit]:
        from guardlint.pii.persons import stands_for_a_thing, trim_guess

        for start, end, entity in model.entities(text):
            if entity not in self.thresholds:
                continue
            kept = trim_guess(text, start, end) if entity in {"PERSON", "LOCATION"} else (start, end)
            if kept and not (entity == "PERSON" and stands_for_a_thing(text, *kept)):
                yield Hit(*kept, entity, _NER_SCORE, Rank.GUESSED)


def engine_for(profile: Profile, model_path: Path | None = None) -> Engine:
    """The engine of ``profile``, built at the first call.

    Raises RuntimeUnavailable when the ``runtime`` extra is not installed.
    Warns (RuntimeWarning) when the model is missing or changed; the engine then works by rules alone.
    """
    key = (profile, model_path)
    engine = _engines.get(key)
    if engine is None:
        with _building:
            engine = _engines.get(key) or _build(profile, model_path)
            _engines[key] = engine
    return engine


def _build(profile: Profile, model_path: Path | None) -> Engine:
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError as error:
        raise RuntimeUnavailable(
            f"finding personal data needs Presidio, which cannot be imported ({error.name or error})",
            help='pip install "guardlint[runtime]"',
        ) from None
    _silence()
    with _quiet():
        finders = tuple(_finders(profile.entities))
    model, degraded = None, None
    if profile.needs_model:
        try:
            model = load_model(model_path)
        except ModelError as problem:
            degraded = f"{problem}; names and places are found by rules alone"
            warnings.warn(f"guardlint.pii is degraded: {degraded}", RuntimeWarning, stacklevel=4)
    return Engine(dict(profile.thresholds), finders, model, degraded)


def _finders(entities: frozenset[str]) -> Iterator[tuple[Needs, Finder]]:
    from guardlint.pii import (
        addresses,
        bank,
        borrowed,
        contact,
        dates,
        european_ids,
        gazetteer,
        persons,
        secrets,
    )

    for family in (bank, secrets, european_ids, dates, addresses, contact):
        for rule in family.RULES:
            if rule.entity in entities:
                yield rule.needs, rule.find
    for entity, needs, find in (*contact.FINDERS, *persons.FINDERS, *gazetteer.FINDERS):
        if entity in entities:
            yield needs, find
    for spec in borrowed.TABLE:
        if spec.entity in entities:
            yield spec.needs, borrowed.finder(spec)


@contextmanager
def _quiet() -> Iterator[None]:
    token = _working.set(True)
    try:
        yield
    finally:
        _working.reset(token)


def _silence() -> None:
    """Presidio logs pieces of the text (context words at DEBUG, a failed IBAN at ERROR).

    What it says while it works for us is dropped, at every level and whatever the host configures later; the
    host's own use of Presidio stays as it is.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _drop_ours not in logger.filters:
            logger.addFilter(_drop_ours)


def _drop_ours(_record: logging.LogRecord) -> bool:
    return not _working.get()
