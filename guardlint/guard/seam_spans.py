"""Personal data that shows itself only where texts meet: finding it, and taking it out of each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from guardlint.guard.seams import Joined

if TYPE_CHECKING:
    from guardlint.pii import Pseudonyms, Span, Transformer

__all__ = ["Across", "across", "masked", "not_within"]

_ADDRESSES: Final = frozenset({"EMAIL_ADDRESS", "URL"})  # any letters make them longer
_NAMES: Final = frozenset({"PERSON", "LOCATION", "NRP", "ORGANIZATION"})  # as the model guesses them


_Place = tuple[int, int, int]
"""A text's number, and a stretch of it."""


@dataclass(frozen=True, slots=True)
class Across:
    """One finding: ``value`` as it was read, and the ``(number, start, end)`` of its pieces in the texts."""

    entity: str
    score: float
    value: str
    pieces: tuple[_Place, ...]

    @property
    def span(self) -> Span:
        """The finding in ``value``."""
        from guardlint.pii import Span

        return Span(0, len(self.value), self.entity, self.score)


def across(
    joined: Sequence[Joined], found: Sequence[Sequence[Span]], own: Sequence[Sequence[Span]]
) -> list[Across]:
    """The findings in the joined texts of which a piece stands in more than one text, apart from each other.

    ``own`` are the findings in each text alone: what they cover already is no finding of a seam.
    """
    candidates = [
        one
        for whole, spans in zip(joined, found, strict=True)
        for span in spans
        if (one := _across(whole, span, own)) is not None
    ]
    candidates.sort(key=lambda one: (-sum(end - start for _, start, end in one.pieces), -one.score))
    kept: list[Across] = []
    for one in candidates:
        apart = [other for other in kept if not _overlap(one.pieces, other.pieces)]
        for other in kept:
            if other not in apart:
                one = replace(other, pieces=_union(other.pieces, one.pieces))
        kept = [*apart, one]
    return [replace(one, pieces=tuple(_grown(place, own) for place in one.pieces)) for one in kept]


def not_within(own: Sequence[Span], number: int, findings: Sequence[Across]) -> list[Span]:
    """The findings ``own`` of the text ``number`` that are no part of what goes across a seam."""
    return [
        span
        for span in own
        if not any(
            number == at and span.start < end and start < span.end
            for one in findings
            for at, start, end in one.pieces
        )
    ]


def masked(
    texts: Sequence[str],
    own: Sequence[Sequence[Span]],
    findings: Sequence[Across],
    transformer: Transformer,
    pseudonyms: Pseudonyms,
) -> dict[int, str]:
    """The texts that hold a piece of the ``findings``, by their numbers, with everything found replaced.

    What stands for a value stands where it begins; its other pieces are gone, but no text becomes empty.
    """
    from guardlint.pii import Span

    places: dict[int, list[tuple[int, int, str, bool]]] = {}
    for one in findings:
        new = transformer.apply(one.value, [one.span], pseudonyms)
        for at, (number, start, end) in enumerate(one.pieces):
            places.setdefault(number, []).append((start, end, new, at == 0))
    result = {}
    for number, cuts in places.items():
        text, left = texts[number], not_within(own[number], number, findings)
        told = ""
        position = 0
        for start, end, new, first in [*sorted(cuts), (len(text), len(text), "", True)]:
            spans = [
                Span(span.start - position, span.end - position, span.entity, span.score)
                for span in left
                if position <= span.start < start
            ]
            told += transformer.apply(text[position:start], spans, pseudonyms) + (new if first else "")
            position = max(position, end)
        result[number] = told if told.strip() else cuts[0][2]
    return result


def _across(whole: Joined, span: Span, own: Sequence[Sequence[Span]]) -> Across | None:
    pieces = []
    for piece in whole.pieces:
        start, end = max(span.start, piece.offset), min(span.end, piece.offset + piece.length)
        if start < end:
            pieces.append(
                (piece.number, start - piece.offset + piece.start, end - piece.offset + piece.start)
            )
    if len(pieces) < 2 or all(_covered(place, own) for place in pieces):
        return None
    if _goes_on(whole, span, pieces, own):
        return None
    return Across(span.entity, span.score, whole.text[span.start : span.end], tuple(pieces))


def _covered(place: _Place, own: Sequence[Sequence[Span]]) -> bool:
    number, start, end = place
    return any(span.start <= start and end <= span.end for span in own[number])


def _grown(place: _Place, own: Sequence[Sequence[Span]]) -> _Place:
    """With the findings of that text alone which it cuts: no end of them may stay behind."""
    number, start, end = place
    cut = [span for span in own[number] if span.start < end and start < span.end]
    return number, min([start, *(span.start for span in cut)]), max([end, *(span.end for span in cut)])


def _goes_on(whole: Joined, span: Span, pieces: Sequence[_Place], own: Sequence[Sequence[Span]]) -> bool:
    """Whether it is a finding of one text, made longer by a word with which the next one goes on.

    `Jane Smith` and `can you help` is no name of a `Smith can`, nor a `jane@example.com` with `thanks`
    behind it another address.
    """
    named = span.entity in _NAMES
    if not named and span.entity not in _ADDRESSES:
        return False
    rest = [
        text
        for (number, start, end), text in zip(pieces, _texts_of(whole, span), strict=True)
        if not any(
            other.entity == span.entity and other.start < end and start < other.end for other in own[number]
        )
    ]
    everyday = [all(map(_is_everyday, text.split())) for text in rest]
    if named:
        return any(everyday) and not any(map(_is_name, _words_across(whole, span)))
    return len(rest) < len(pieces) and all(everyday)


def _texts_of(whole: Joined, span: Span) -> list[str]:
    """What the span covers of each text."""
    ends = [(piece.offset, piece.offset + piece.length) for piece in whole.pieces]
    stretches = [(max(span.start, start), min(span.end, end)) for start, end in ends]
    return [whole.text[start:end] for start, end in stretches if start < end]


def _words_across(whole: Joined, span: Span) -> Iterator[str]:
    """The words of the span that a seam goes through."""
    value = whole.text[span.start : span.end]
    for piece in whole.pieces[1:]:
        at = piece.offset - span.start
        if 0 < at < len(value) and not (value[at - 1].isspace() or value[at].isspace()):
            yield value[:at].split()[-1] + value[at:].split()[0]


def _is_name(word: str) -> bool:
    from guardlint.pii.lexicon import lexicon

    return any(_bare(word) in lexicon(name) for name in ("first_names", "last_names"))


def _is_everyday(word: str) -> bool:
    """Whether it is a word of the language, and no family name; a single letter may be the first of one."""
    from guardlint.pii.lexicon import lexicon

    plain = _bare(word)
    if len(plain) == 1:
        return plain in "ai"
    if any(plain in lexicon(f"small_words_{language}") for language in ("en", "de", "fr")):
        return True
    return plain in lexicon("common_words") and plain not in lexicon("last_names")


def _bare(word: str) -> str:
    return word.strip(".,;:!?()'\"").lower()


def _overlap(some: Sequence[_Place], others: Sequence[_Place]) -> bool:
    return any(
        number == at and start < upto and begin < end
        for number, start, end in some
        for at, begin, upto in others
    )


def _union(some: Sequence[_Place], others: Sequence[_Place]) -> tuple[_Place, ...]:
    """Of two findings that overlap; in each text it is one stretch."""
    stretches: dict[int, tuple[int, int]] = {}
    for number, start, end in (*some, *others):
        least, most = stretches.get(number, (start, end))
        stretches[number] = min(start, least), max(end, most)
    return tuple((number, *stretches[number]) for number in sorted(stretches))
