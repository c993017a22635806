"""Finding and masking personal data and secrets on Presidio's recognisers (DESIGN §7).

``Detector().mask(text)`` is the whole of it for most callers.
Importing this package imports neither Presidio nor spaCy; the first text does (about two seconds, once per
process).
"""

from __future__ import annotations

from guardlint.pii.acting import Pseudonyms, Transformer
from guardlint.pii.cache import KeyedCache, SpanCache
from guardlint.pii.detector import Detector
from guardlint.pii.model_spec import ModelSpec
from guardlint.pii.profiles import PROFILES, Custom, Profile
from guardlint.pii.span import Span

__all__ = [
    "PROFILES",
    "Custom",
    "Detector",
    "KeyedCache",
    "ModelSpec",
    "Profile",
    "Pseudonyms",
    "Span",
    "SpanCache",
    "Transformer",
]
