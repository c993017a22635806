"""Other readings of a text, with the way back to the text that was read.

``normalise`` undoes what stands for one character; a reading undoes what stands for a whole value
(``disguises``), or says again what a value is (``tables``).
So it is only believed where it changed something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from guardlint.source.record import record

__all__ = ["BREAK", "Change", "Piece", "Reader", "Reading", "readings"]


BREAK = "\x1e"
"""What a reading puts where words before it say nothing of what follows."""


@record
class Reading:
    """``text`` to scan; character ``i`` of it stands for ``starts[i]:ends[i]`` of the text that was read.

    ``changed``: the stretches of ``text`` that are not as they were.
    """

    text: str
    starts: list[int]
    ends: list[int]
    changed: tuple[tuple[int, int], ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the text that was read of a non-empty ``text[start:end]``."""
        return self.starts[start], self.ends[end - 1]

    def concerns(self, start: int, end: int) -> bool:
        """Whether the stretch ``start:end`` of the text that was read has anything to do with a change."""
        return any(self.starts[first] < end and start < self.ends[last - 1] for first, last in self.changed)

    def touches(self, start: int, end: int) -> bool:
        """Whether ``text[start:end]`` owes anything to the reading."""
        return any(first < end and start < last for first, last in self.changed)


Piece = tuple[str, int, int]
"""New text, and the stretch it stands for."""
Change = tuple[int, int, list[Piece]]
"""A stretch of the text, and what is read there instead; in order and apart."""
Reader = Callable[[str], Iterator[Change]]
"""The changes of one kind; most texts have none, so a reader looks first whether it is worth reading on."""


def readings(text: str, readers: Iterable[Reader]) -> Iterator[Reading]:
    """Every reading of ``text`` that differs from it."""
    for changes in readers:
        found = list(changes(text))
        if found:
            yield _reading(text, found)


def _reading(text: str, changes: list[Change]) -> Reading:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    changed: list[tuple[int, int]] = []
    last = 0
    for start, end, pieces in changes:
        _keep(text, last, start, parts, starts, ends)
        begin = len(starts)
        for new, first, behind in pieces:
            parts.append(new)
            starts.extend([first] * len(new))
            ends.extend([behind] * len(new))
        changed.append((begin, len(starts)))
        last = end
    _keep(text, last, len(text), parts, starts, ends)
    return Reading("".join(parts), starts, ends, tuple(changed))


def _keep(text: str, start: int, end: int, parts: list[str], starts: list[int], ends: list[int]) -> None:
    parts.append(text[start:end])
    starts.extend(range(start, end))
    ends.extend(range(start + 1, end + 1))
