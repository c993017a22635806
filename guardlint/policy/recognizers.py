"""What a rail that runs on ``guardlint.pii`` adds to it: own recognisers, and values to leave alone."""

from __future__ import annotations

import re
from typing import Any

from guardlint.policy.documents import Document
from guardlint.source.record import record

__all__ = ["Recognizer", "read_allow_list", "read_recognizers"]

_SCORE = 0.6


@record
class Recognizer:
    """One pattern of one entity, as Presidio's ``recognizers`` have it.

    ``context``: words before a candidate that raise its score, or without which it does not count
    (``required``).
    """

    entity: str
    pattern: str
    score: float
    context: tuple[str, ...]
    required: bool

    def step(self) -> dict[str, Any]:
        """As ``plan.yml`` carries it."""
        return {
            "entity": self.entity,
            "pattern": self.pattern,
            "score": self.score,
            "context": list(self.context),
            "required": self.required,
        }


def read_recognizers(document: Document) -> tuple[Recognizer, ...]:
    """The recognisers of a rail.  Raises ConfigError at the pattern that cannot be used."""
    entries = document.data.get("recognizers", ())
    _check_runs(document, "recognizers")
    found: list[Recognizer] = []
    for index, entry in enumerate(entries):
        for number, pattern in enumerate(entry["patterns"]):
            fault = _fault(pattern["regex"])
            if fault:
                path = ("recognizers", index, "patterns", number, "regex")
                raise document.error(f"the pattern {fault[0]}", *path, help=fault[1])
            found.append(
                Recognizer(
                    entry["supported_entity"],
                    pattern["regex"],
                    float(pattern.get("score", _SCORE)),
                    tuple(entry.get("context", ())),
                    entry.get("context_required", False),
                )
            )
    return tuple(found)


def read_allow_list(document: Document) -> tuple[str, ...]:
    """The values that a rail leaves alone."""
    _check_runs(document, "allow_list")
    return tuple(document.data.get("allow_list", ()))


def _check_runs(document: Document, key: str) -> None:
    if key in document.data and document.data["runs"] != "pii":
        raise document.error(f"'{key}' has no meaning for a rail that runs in NeMo", key, key=True)


def _fault(pattern: str) -> tuple[str, str] | None:
    """What is wrong with it, and the mend; None when it can be used."""
    from guardlint.nemo.pattern_shapes import matches_everything, repeats_of_repeats, syntax_tree

    tree = syntax_tree(pattern)
    if tree is None:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"is no regular expression: {error}", "write it as Python's re reads it"
        return "is too long to be read", "split it into several patterns"
    if matches_everything(tree):
        return "matches the empty text, so it would be found everywhere", "ask for at least one character"
    if repeats_of_repeats(tree):
        return (
            "repeats a repetition, which takes exponential time on some messages",
            "let each round begin with a character that the one before cannot end with",
        )
    return None
