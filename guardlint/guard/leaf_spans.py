"""Personal data in texts that are written in another way than they are read: what of it counts, and masks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from guardlint.guard.json_texts import JsonText, Leaf
from guardlint.guard.sourced import Address

if TYPE_CHECKING:
    from guardlint.pii import Pseudonyms, Span, Transformer

__all__ = ["applied", "own_spans"]


def own_spans(text: str, spans: Sequence[Span]) -> Sequence[Span]:
    """What of the findings in ``text`` counts: of JSON what stands in its strings and numbers.

    That a picture's address is one is nothing that has to be hidden.
    """
    if not spans:
        return spans
    if isinstance(text, Address):
        return [span for span in spans if span.entity != "URL"]
    if not isinstance(text, JsonText) or not text.leaves:
        return spans
    starts = [leaf.start for leaf in text.leaves]
    cut = [piece for span in spans for piece in _cut(text, starts, span)]
    apart: list[Span] = []
    for piece in cut:  # two findings in one number are both the number
        if not apart or piece.start >= apart[-1].end:
            apart.append(piece)
    return apart


def applied(text: str, spans: Sequence[Span], transformer: Transformer, pseudonyms: Pseudonyms) -> str:
    """``text`` with each of its :func:`own_spans` replaced; what was JSON stays JSON."""
    from guardlint.pii import Span

    if not isinstance(text, JsonText) or not text.leaves:
        return transformer.apply(text, spans, pseudonyms)
    starts = [leaf.start for leaf in text.leaves]
    found: dict[int, list[Span]] = {}
    for span in spans:
        number = bisect_right(starts, span.start) - 1
        start = starts[number]
        found.setdefault(number, []).append(
            Span(span.start - start, span.end - start, span.entity, span.score)
        )
    changes = {
        number: transformer.apply(text[text.leaves[number].start : text.leaves[number].end], some, pseudonyms)
        for number, some in found.items()
    }
    return text.with_leaves(changes)


def _cut(text: JsonText, starts: Sequence[int], span: Span) -> Iterator[Span]:
    """The pieces of a finding in leaves; where it goes over a value, its key is none of it."""
    from guardlint.pii import Span

    touched: list[Leaf] = []
    for leaf in text.leaves[max(bisect_right(starts, span.start) - 1, 0) :]:
        if leaf.start >= span.end:
            break
        part = text[max(leaf.start, span.start) : min(leaf.end, span.end)]
        if any(map(str.isalnum, part)):
            touched.append(leaf)
    if any(leaf.kind != "key" for leaf in touched):
        touched = [leaf for leaf in touched if leaf.kind != "key"]
    for leaf in touched:
        start, end = max(leaf.start, span.start), min(leaf.end, span.end)
        if leaf.kind == "number":
            start, end = leaf.start, leaf.end
        yield Span(start, end, span.entity, span.score)
