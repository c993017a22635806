"""What the parts of the benchmark hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Base", "Case", "Files", "Guise", "Label", "Probe", "Rewrite", "fill"]

Files = Mapping[str, str]
"""Text by path below the configuration's root."""

Kind = Literal["A", "B", "C", "D", "clean"]
Label = Literal["works", "broken", "refused", "declared"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One message through NeMo, and what must come of it.

    ``shows`` must be in the reply, ``hides`` must not; ``unread`` must be in no prompt that a model reads.
    ``condemned`` is what an honest judge condemns; ``raw`` a phrase that no rail may let through a stream.
    """

    text: str
    answer: str
    condemned: tuple[str, ...] = ()
    shows: str = ""
    hides: str = ""
    unread: str = ""
    intents: tuple[tuple[str, str], ...] = ()
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A sound configuration. ``probes`` empty: it cannot be run here, and its label is declared."""

    name: str
    shape: str
    words: Mapping[str, str]
    files: Files
    probes: tuple[Probe, ...]


Rewrite = Callable[[Base], Iterator[Files]]
"""The files of a base with a fault in them, once for every way that fits; nothing where none does."""


@dataclass(frozen=True, slots=True)
class Guise:
    """One way to write a fault, or something harmless that looks like one.

    ``level`` is what the finding must say ("any" where both can be defended), ``rules`` those that may say
    it. ``at`` are places (path, words of the line) that count besides the edit itself. ``judged`` is False
    where a conversation cannot show the fault.
    """

    fault: str
    name: str
    kind: Kind
    rewrite: Rewrite
    rules: tuple[str, ...] = ()
    level: str = "error"
    at: tuple[tuple[str, str], ...] = ()
    judged: bool = True
    most: int = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration of the set.

    ``places`` are, for each guise, the (path, line) that a finding may name, give or take two lines.
    ``alone`` are, of two faults, the configurations with one of them only.
    """

    name: str
    guises: tuple[Guise, ...]
    base: Base
    files: Files
    places: tuple[frozenset[tuple[str, int]], ...]
    alone: tuple[Files, ...] = ()


def fill(text: str, words: Mapping[str, str]) -> str:
    """``text`` with every ``<<name>>`` replaced by the domain's word."""
    for name, word in words.items():
        text = text.replace(f"<<{name}>>", word)
    return text
