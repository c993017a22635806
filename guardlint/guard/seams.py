"""Texts that stand next to each other, read as one: what is only dangerous together shows itself there.

A model reads the parts of a message, the messages of one role in a row and the retrieved passages one after
the other.  A rail that is given each of them alone sees ``Ignore all previous`` and ``instructions``, or the
halves of a card number.  So wherever two texts meet they are also read as one, close up and with a blank
between, since nobody knows which of the two the model's server makes of them.

Of a message's own parts all is read, up to a length; of other neighbours what stands near the seam.  The
number of texts to read grows with the number of seams, and the seams of a history stay what they were.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from guardlint.guard.json_texts import JsonText
from guardlint.guard.messages import Path, Slot

__all__ = ["Chain", "Joined", "Piece", "chains", "context_chains", "joined_texts"]

_REACH: Final = 200  # characters on each side of a seam: longer than values and phrases are
_LONGEST_WORD: Final = 2_000  # a token is not cut: a JWT has no blanks
_SHORT: Final = 40  # a text so short may be the middle of something that begins before it and ends after it
_MOST_GAPS: Final = 2  # filled in every way; what is cut into more pieces is found where all gaps are alike
_CUT: Final = "… "  # where a text goes on: what is anchored to a beginning or an end does not match there

_BRANCHES: Final = "choices"  # of these one is read; the others are other answers
_HOLDERS: Final = frozenset({"text", "content", "parts", "value", "output"})
_APART: Final = frozenset({"tool_calls", "function_call"})  # each its own JSON, for a tool of its own
_STRUCTURED: Final = frozenset({"arguments", "args", "input", "parsed"})

_Lane = tuple[str | int, ...]


class Piece(NamedTuple):
    """``length`` characters of the text ``number`` from ``start`` on; they stand at ``offset`` in a whole."""

    number: int
    start: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The numbers of neighbouring texts in their order, and for each the message that it stands in."""

    numbers: tuple[int, ...]
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Neighbouring texts as one."""

    text: str
    pieces: tuple[Piece, ...]


def chains(roles: Sequence[str], places: Sequence[tuple[int, Slot]]) -> list[Chain]:
    """The neighbours among the texts at ``places``: the index of a message in ``roles``, and the slot there.

    Texts of two messages are neighbours when the roles are the same and nobody spoke in between.
    """
    if not any(
        one[0] == other[0] or roles[one[0]] == roles[other[0]] for one, other in itertools.pairwise(places)
    ):
        return []  # nearly every conversation
    open_: dict[_Lane, list[int]] = {}
    found: list[list[int]] = []
    before = -1
    for number, (index, slot) in enumerate(places):
        if index != before:
            if before >= 0 and roles[index] != roles[before]:
                open_ = {}
            before = index
        lane = _lane(slot.path)
        if lane is None:
            continue
        if _is_data(slot.text):
            open_.pop(lane, None)  # data: what is cut out of it would leave no data
            continue
        held = open_.get(lane)
        if held is None:
            open_[lane] = [number]
            continue
        if len(held) == 1:
            found.append(held)
        held.append(number)
    return [Chain(tuple(held), tuple(places[number][0] for number in held)) for held in found]


def context_chains(first: int, context: Sequence[str], asked: Sequence[int], owner: int) -> list[Chain]:
    """The passages, whose numbers begin with ``first``, next to each other and next to the question.

    ``asked`` are the numbers of the question's texts in the message ``owner``; templates write the passages
    before it or after it.
    """
    numbers = [first + number for number, text in enumerate(context) if text and not _is_data(text)]
    if not numbers:
        return []
    strangers = [-1 - number for number in numbers]  # no two of them are of one message
    if not asked:
        return [Chain(tuple(numbers), tuple(strangers))] if len(numbers) > 1 else []
    return [
        Chain((asked[-1], *numbers), (owner, *strangers)),
        Chain((numbers[-1], asked[0]), (strangers[-1], owner)),
    ]


def joined_texts(texts: Sequence[str], chain: Chain, whole: int) -> list[Joined]:
    """What a model may read where the texts of ``chain`` meet, each reading once.

    The parts of a message that are together no longer than ``whole`` are read from end to end.
    """
    found: dict[Joined, None] = {}
    parts = [texts[number] for number in chain.numbers]
    runs = _runs(parts, chain.owners, whole)
    for first, last in runs:
        for way in _ways(parts, first, last):
            _add(found, chain, parts, first, last, way, cut=False)
    end = -1
    for first in range(len(parts) - 1):
        last = first + 1
        if last + 1 < len(parts) and len(parts[last]) <= _SHORT:
            last += 1
        if last <= end or any(a <= first and last <= b <= a + _MOST_GAPS for a, b in runs):
            continue
        end = last
        for way in _ways(parts, first, last):
            _add(found, chain, parts, first, last, way, cut=True)
    return list(found)


def _lane(path: Path) -> _Lane | None:
    """What a text belongs to: the texts of one lane are read one after the other.  None: read alone."""
    if path[-1] in _STRUCTURED or path[0] in _APART:
        return None
    kept = 2 if path[0] == _BRANCHES else 1
    if len(path) <= kept:
        return path
    rest = path[kept:]
    if _APART.intersection(rest):
        return None
    return (*path[:kept], *(name for name in rest if isinstance(name, str) and name not in _HOLDERS))


def _is_data(text: str) -> bool:
    """Whether it is JSON, as tools answer and as the guard writes data that has odd keys."""
    if isinstance(text, JsonText):
        return text.is_json and text[0] != '"'
    if text[0] not in ("{", "[") or text[-1] not in ("}", "]"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _runs(parts: Sequence[str], owners: Sequence[int], whole: int) -> list[tuple[int, int]]:
    """First and last of several texts of one message that are short enough to be read as a whole."""
    found = []
    first = 0
    for _, group in itertools.groupby(owners):
        last = first + sum(1 for _ in group) - 1
        if last > first and sum(map(len, parts[first : last + 1])) <= whole:
            found.append((first, last))
        first = last + 1
    return found


def _ways(parts: Sequence[str], first: int, last: int) -> Iterable[tuple[str, ...]]:
    """What may stand between the texts; of many gaps not every combination."""
    gaps = []
    for before, after in itertools.pairwise(parts[first : last + 1]):
        gaps.append(("",) if before[-1].isspace() or after[0].isspace() else ("", " "))
    if len(gaps) <= _MOST_GAPS:
        return itertools.product(*gaps)
    return dict.fromkeys((tuple(gap[0] for gap in gaps), tuple(gap[-1] for gap in gaps)))


def _add(
    found: dict[Joined, None],
    chain: Chain,
    parts: Sequence[str],
    first: int,
    last: int,
    way: Sequence[str],
    *,
    cut: bool,
) -> None:
    text = ""
    pieces = []
    for at, joiner in zip(range(first, last + 1), ("", *way), strict=True):
        part = parts[at]
        start = _tail(part) if cut and at == first else 0
        end = _head(part) if cut and at == last else len(part)
        text += joiner if at > first or not start else _CUT
        pieces.append(Piece(chain.numbers[at], start, len(text), end - start))
        text += part[start:end]
        if end < len(part):
            text += _CUT[::-1]
    found[Joined(text, tuple(pieces))] = None


def _tail(text: str) -> int:
    """Where the end of a text begins, at the beginning of a word."""
    start = len(text) - _REACH
    if start <= 0:
        return 0
    least = max(start - _LONGEST_WORD, 0)
    blank = max(text.rfind(" ", least, start), text.rfind("\n", least, start))
    return blank + 1 if blank >= 0 else least


def _head(text: str) -> int:
    """Where the beginning of a text ends, at the end of a word."""
    end = _REACH
    if len(text) <= end:
        return len(text)
    most = min(end + _LONGEST_WORD, len(text))
    blanks = [at for at in (text.find(" ", end, most), text.find("\n", end, most)) if at >= 0]
    return min(blanks, default=most)
