"""A text that somebody made of another one: where the stretches of that one are in it now."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned"]


def aligned(old: str, places: Sequence[tuple[int, int]], new: str) -> list[str] | None:
    """The texts in ``new`` that stand where ``places`` (begin and end) are in ``old``.

    None where what stands between them is not as in ``old``, or may stand in more than one place.
    """
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(old)]
    between = [old[end:start] for end, start in zip(ends, starts, strict=True)]
    head, tail = _common(old, new)
    first = next((n for n, (_, end) in enumerate(places) if end + len(between[n + 1]) > head), len(places))
    last = len(places)
    while last > first and places[last - 1][0] - len(between[last - 1]) >= len(old) - tail:
        last -= 1
    shift = len(new) - len(old)
    begin = starts[first] if first < len(places) else len(old)
    stop = (ends[last] if last > first else begin) + shift
    if stop < begin or new[:begin] != old[:begin] or new[stop:] != old[stop - shift :]:
        return None
    middle = _pieces(new[begin:stop], between[first + 1 : last])
    if middle is None or len(middle) != last - first:
        return None
    kept = [old[start:end] for start, end in places]
    return [*kept[:first], *middle, *kept[last:]]


def _common(old: str, new: str) -> tuple[int, int]:
    """How many characters are the same at the beginning and, of the rest, at the end."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    most -= head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    return head, tail


def _pieces(text: str, between: Sequence[str]) -> list[str] | None:
    """What stands between these, in their order; None when there is more than one way to see it."""
    forward, at = [], 0
    for sign in between:
        at = text.find(sign, at)
        if at < 0:
            return None
        forward.append(at)
        at += len(sign)
    end = len(text)
    for sign, place in zip(reversed(between), reversed(forward), strict=True):
        end = text.rfind(sign, 0, end)
        if end != place:
            return None
    begins = [0, *(place + len(sign) for place, sign in zip(forward, between, strict=True))]
    return [text[begin:stop] for begin, stop in zip(begins, [*forward, len(text)], strict=True)]
