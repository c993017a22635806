"""Messages with the places of their personal data, made from templates and values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .values import HARMLESS, Values

__all__ = ["SETS", "Gold", "Row", "fill", "rows", "templates"]

SETS = ("tune", "measure", "fresh", "fresh2")
"""Detectors are mended on the first; the second is only ever measured, the others were by a second author."""
_SLOT = re.compile(r"\{(?P<harmless>~)?(?P<kind>[A-Z][A-Z0-9_]+)(?::(?P<part>[a-z]+))?\}")
_PARTS = {"first": "FIRST", "last": "LAST", "street": "STREET"}
_LANGUAGES = {"de": "de", "fr": "fr"}
_GERMAN = re.compile(
    r"(?i)\b(?:ich|ist|Kunde|Versicherte|Bestellung|Karte|Unterlagen|Zinsen|Aktenzeichen|Rechnung)"
)
_FRENCH = re.compile(r"(?i)\b(?:je|Nom|commande|compte|facture|dossier|depuis|merci)\b")


@dataclass(frozen=True, slots=True)
class Gold:
    """What a detector should report: offsets and the entity."""

    start: int
    end: int
    entity: str


@dataclass(frozen=True, slots=True)
class Row:
    """One message, the section it is of, and its personal data in order."""

    text: str
    section: str
    gold: tuple[Gold, ...]


def templates(name: str) -> Iterator[tuple[str, str]]:
    """(section, template) of a set; ``chat-de`` is a section ``chat`` whose values are German."""
    section = ""
    path = Path(__file__).with_name("templates") / f"{name}.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and " " not in line and '"' not in line:
            section = line[1:-1]
        elif line and not line.startswith("#"):
            yield section, line.replace("\\n", "\n").replace("\\t", "\t")


def rows(name: str, seed: int, each: int) -> list[Row]:
    """``each`` messages from every template of the set; the same for the same seed."""
    from .fresh import FreshValues

    values = FreshValues(seed) if name.startswith("fresh") else Values(seed)
    return [fill(section, template, values) for section, template in templates(name) for _ in range(each)]


def fill(section: str, template: str, values: Values) -> Row:
    """One message from a template."""
    section, _, named = section.partition("-")
    language = named or _LANGUAGES.get(section) or _language(section, template)
    parts: list[str] = []
    gold: list[Gold] = []
    length = end = 0
    for slot in _SLOT.finditer(template):
        before = template[end : slot.start()]
        kind = slot["kind"]
        if slot["harmless"] and kind not in HARMLESS:
            raise ValueError(f"{kind} is no harmless kind")
        value = values.make(_PARTS[slot["part"]] if slot["part"] else kind, language)
        if section == "lower" and kind not in _CASE_MATTERS:
            value = value.lower()
        parts += (before, value)
        length += len(before)
        if not slot["harmless"]:
            gold.append(Gold(length, length + len(value), kind))
        length += len(value)
        end = slot.end()
    return Row("".join((*parts, template[end:])), section, tuple(gold))


_CASE_MATTERS = frozenset({"API_KEY", "PASSWORD", "JWT", "PRIVATE_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY"})


def _language(section: str, template: str) -> str:
    if section in {"lower", "structured", "negative"}:
        if _GERMAN.search(template):
            return "de"
        if _FRENCH.search(template):
            return "fr"
    return "en"
