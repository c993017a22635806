"""The order of a policy's own rails: what the documents say of it, and the one order that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Pairs", "chain", "closure", "in_order", "moved", "turned"]

Pairs = frozenset[tuple[str, str]]


def chain(names: Sequence[str]) -> Pairs:
    """What a list of rails says: each runs before every one behind it."""
    return frozenset((before, after) for at, before in enumerate(names) for after in names[at + 1 :])


def closure(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """With what follows: of a before b and b before c, a before c."""
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c} - found
        if not more:
            return frozenset(found)
        found |= more


def turned(pairs: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Two rails of which each must run before the other, or None."""
    whole = closure(pairs)
    return min(((a, b) for a, b in whole if (b, a) in whole), default=None)


def moved(names: Sequence[str], ahead: Mapping[str, Sequence[str]]) -> list[str]:
    """``names`` with every rail in front of those that its manifest puts it ``ahead`` of; the rest stays."""
    found = list(names)
    for name in names:
        places = [found.index(other) for other in ahead.get(name, ()) if other in found]
        if places and min(places) < found.index(name):
            found.remove(name)
            found.insert(min(places), name)
    return found


def in_order(names: Iterable[str], pairs: Iterable[tuple[str, str]], rank: Callable[[str], int]) -> list[str]:
    """``names`` so that every pair holds; where nothing is said, by ``rank`` and then by name.

    So the order does not depend on which parent of a policy is named first. ``pairs`` have no circle.
    """
    whole = closure(pairs)
    left = set(names)
    found: list[str] = []
    while left:
        free = [name for name in left if not any((other, name) in whole for other in left)]
        found.append(min(free, key=lambda name: (rank(name), name)))
        left.remove(found[-1])
    return found
