"""What spaCy's labels of named entities are called here."""

from __future__ import annotations

from typing import Final

__all__ = ["LABELS", "SERVED"]

# The labels of OntoNotes (the English models) and of WikiNER (most others).
LABELS: Final = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "NORP": "NRP",
    "ORG": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}

SERVED: Final = frozenset(LABELS.values())
"""The entities that a model can find."""
