"""All recognisers of one profile, built once per process and shared by its detectors."""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from guardlint.errors import RuntimeUnavailable
from guardlint.pii.language import language_of
from guardlint.pii.model import Model
from guardlint.pii.normalise import View, normalise
from guardlint.pii.profiles import Custom, Profile
from guardlint.pii.reading import Reading
from guardlint.pii.rule import Context, Needs, Rule, words
from guardlint.pii.span import Hit, Rank, Span
from guardlint.source.record import record

__all__ = ["Engine", "engine_for"]

_NER_SCORE = 0.85
"""spaCy gives no confidence; this is the one Presidio assumes."""

_DIGIT = re.compile(r"\d")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_LOGGERS = ("presidio-analyzer", "decision_process")
_working: ContextVar[bool] = ContextVar("guardlint_pii_working", default=False)

_engines: dict[tuple[Profile, Path | None], Engine] = {}
_building = threading.Lock()

Finder = Callable[[str], Iterable[Hit]]


@record
class Engine:
    """What finds (each with what it needs), the models by language, and why one that is wanted is missing."""

    thresholds: dict[str, float]
    finders: tuple[tuple[Needs, Finder], ...]
    models: dict[str, Model]
    degraded: str | None
    allowed: frozenset[str] = frozenset()

    def scan(self, text: str, language: str) -> list[Span]:
        """Personal data in ``text``, in order, never overlapping."""
        return self.scan_all([text], language)[0]

    def scan_all(self, texts: Sequence[str], language: str) -> list[list[Span]]:
        """:meth:`scan` for each text; the same answers, whatever stands beside a text."""
        views = [normalise(text) for text in texts]
        with _quiet():
            guesses = self._guesses([view.text for view in views], language)
            return [
                self._settle(view, [*self._candidates(view.text), *some])
                for view, some in zip(views, guesses, strict=True)
            ]

    def _settle(self, view: View, candidates: Iterable[Hit]) -> list[Span]:
        from guardlint.pii.arbitrate import arbitrate
        from guardlint.pii.persons import trim_guess

        hits = [hit for hit in candidates if hit.score >= self.thresholds[hit.entity]]
        if not hits:
            return []
        kept = arbitrate(view.text, hits, trim_guess)
        # One original character can stand for several seen ones (a ligature), so two spans may now share it.
        spans: list[Span] = []
        for hit in kept:
            start, end = view.original(hit.start, hit.end)
            start = max(start, spans[-1].end) if spans else start
            if start < end and not self._is_allowed(view.text[hit.start : hit.end]):
                spans.append(Span(start, end, hit.entity, round(hit.score, 2)))
        return spans

    def _is_allowed(self, value: str) -> bool:
        return bool(self.allowed) and value.casefold().strip() in self.allowed

    def _candidates(self, text: str) -> Iterator[Hit]:
        """What rules find in the text and in its other readings."""
        if not text or text.isspace():
            return
        from guardlint.pii import disguises, keys, tables
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
        for reading in readings(text, (*tables.LIKELY_READERS, *keys.READERS, *disguises.READERS)):
            hits += self._anew(reading)
        yield from hits

    def _anew(self, reading: Reading) -> Iterator[Hit]:
        """What the rules find where a reading differs from the text."""
        for hit in self._by_rules(reading.text):
            if reading.touches(hit.start, hit.end):
                yield Hit(*reading.original(hit.start, hit.end), hit.entity, hit.score, hit.rank)

    def _by_rules(self, text: str) -> Iterator[Hit]:
        has = Needs.NOTHING
        has |= Needs.DIGIT if _has_digit(text) else Needs.NOTHING
        has |= Needs.AT if "@" in text else Needs.NOTHING
        for needs, find in self.finders:
            if needs in has:
                yield from find(text)

    def _guesses(self, texts: Sequence[str], language: str) -> list[list[Hit]]:
        """What the models name in each text that one of them can read."""
        guessed: list[list[Hit]] = [[] for _ in texts]
        if not self.models:
            return guessed
        read: dict[str, list[int]] = {}
        for index, text in enumerate(texts):
            tongue = language_of(text, language)
            # Of a text wholly in another script an English model knows nothing, and calls greetings persons.
            if tongue != "en" or _LATIN.search(text):
                read.setdefault(tongue, []).append(index)
        for tongue, indexes in read.items():
            if model := self.models.get(tongue):
                named = model.entities_of([texts[index] for index in indexes])
                for index, entities in zip(indexes, named, strict=True):
                    guessed[index] = [
                        hit for entity in entities if (hit := self._guess(texts[index], *entity))
                    ]
        return guessed

    def _guess(self, text: str, start: int, end: int, entity: str) -> Hit | None:
        from guardlint.pii.persons import stands_for_a_thing, trim_guess

        if entity not in self.thresholds:
            return None
        kept = trim_guess(text, start, end) if entity in {"PERSON", "LOCATION"} else (start, end)
        if not kept or (entity == "PERSON" and stands_for_a_thing(text, *kept)):
            return None
        return Hit(*kept, entity, _NER_SCORE, Rank.GUESSED)


def _has_digit(text: str) -> bool:
    return bool(_DIGIT.search(text)) if text.isascii() else any(map(str.isdigit, text))


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
        finders = (*_finders(profile.entities), *((Needs.NOTHING, _own(one).find) for one in profile.custom))
    models: dict[str, Model] = {}
    degraded = None
    if profile.needs_model:
        from guardlint.pii.own_models import load_models

        models, missing = load_models(profile.models, model_path)
        if missing:
            degraded = f"{'; '.join(missing)}; names and places are found by rules alone"
            warnings.warn(f"guardlint.pii is degraded: {degraded}", RuntimeWarning, stacklevel=4)
    return Engine(dict(profile.thresholds), finders, models, degraded, profile.allowed)


def _own(one: Custom) -> Rule:
    context = Context(words(*one.context), required=one.required) if one.context else None
    return Rule(one.entity, re.compile(one.pattern), one.score, context=context)


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


def _forked() -> None:
    """In the new process: a model that another thread was using would be in use for ever."""
    global _building  # noqa: PLW0603 - there is one for the process
    _building = threading.Lock()
    for key, engine in list(_engines.items()):
        if any(model.in_use for model in engine.models.values()):
            del _engines[key]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
