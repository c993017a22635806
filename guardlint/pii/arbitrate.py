"""One answer where candidates overlap, without uncovering anything that a candidate covered."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from guardlint.pii.span import Hit, Rank

__all__ = ["arbitrate"]

Trim = Callable[[str, int, int], tuple[int, int] | None]


def arbitrate(text: str, hits: Iterable[Hit], trim: Trim) -> list[Hit]:
    """The hits that stand, in order and apart from each other.

    The better rank wins, then the longer span, the higher score, the earlier start, the name.
    A loser keeps what sticks out of the winner when that still means something: for a pattern letters or
    digits, for a guess of the model what ``trim`` leaves.
    """
    standing: list[Hit] = []
    waiting = [(_order(hit), hit) for hit in set(hits)]
    heapq.heapify(waiting)
    while waiting:
        _, hit = heapq.heappop(waiting)
        index = bisect_left(standing, hit.end, key=_start)  # the last before it is the nearest that can touch
        if index and standing[index - 1].end > hit.start:
            for rest in _rests(text, hit, standing[index - 1], trim):
                heapq.heappush(waiting, (_order(rest), rest))
        else:
            standing.insert(index, hit)
    return standing


def _start(hit: Hit) -> int:
    return hit.start


def _order(hit: Hit) -> tuple[int, int, float, int, str]:
    return -hit.rank, hit.start - hit.end, -hit.score, hit.start, hit.entity


def _rests(text: str, hit: Hit, winner: Hit, trim: Trim) -> Iterator[Hit]:
    for start, end in ((hit.start, min(hit.end, winner.start)), (max(hit.start, winner.end), hit.end)):
        if start < end:
            kept = trim(text, start, end) if hit.rank is Rank.GUESSED else _strip(text, start, end)
            if kept:
                yield Hit(*kept, hit.entity, hit.score, hit.rank)


def _strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return (start, end) if end - start > 1 else None
