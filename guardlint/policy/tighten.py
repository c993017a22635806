"""What is tighter: the order of every kind of constraint, and nothing else.

Each function answers for two values of one kind; ``compose`` asks them and names the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from guardlint.policy.model import Bound, Requirement, same

__all__ = ["as_tight", "bound_implies", "requirement_implies", "setting_as_tight"]

_RANKS = {
    "on_error": ("pass", "block"),
    "actions": ("isolated", "forbidden"),
    "config_py": ("isolated", "forbidden"),
    "severity": ("note", "warning", "error"),
}


def as_tight(kind: str, value: Any, floor: Any) -> bool:
    """Whether ``value`` is at least as tight as ``floor`` for a ranked kind or a time limit."""
    if kind == "timeout_seconds":
        return bool(value <= floor)
    order = _RANKS[kind]
    return order.index(value) >= order.index(floor)


def setting_as_tight(tighter: str, value: Any, floor: Any) -> bool:
    """Whether a rail's setting is at least as tight, by the order that the rail's manifest declares."""
    if tighter == "fixed":
        return same(value, floor)
    if tighter == "higher":
        return bool(value >= floor)
    if tighter == "lower":
        return bool(value <= floor)
    if isinstance(value, list) and isinstance(floor, list):
        return set(value) >= set(floor) if tighter == "superset" else set(value) <= set(floor)
    # A word such as "default" stands for a list that only the rail knows: it compares with itself alone.
    return same(value, floor)


def bound_implies(bound: Bound, floor: Bound) -> bool:
    """Whether every value that ``bound`` accepts is accepted by ``floor``."""
    if bound.how == "equals":
        return floor.accepts(bound.value)
    if bound.how == "one_of":
        return all(floor.accepts(value) for value in bound.value)
    if floor.how != bound.how:
        return False
    return bool(bound.value >= floor.value if bound.how == "minimum" else bound.value <= floor.value)


def requirement_implies(entry: Requirement, floor: Requirement) -> bool:
    """Whether a configuration that meets ``entry`` always meets ``floor``."""
    if (entry.verb, entry.subject) != (floor.verb, floor.subject):
        return False
    if entry.when is not None and entry.when != floor.when:
        return False
    if entry.verb == "forbid":
        return _forbids_as_much(entry, floor)
    if entry.subject == "rail":
        return entry.direction == floor.direction and _each_in(entry.names, floor.names)
    assert entry.bound is not None
    assert floor.bound is not None
    return entry.names == floor.names and bound_implies(entry.bound, floor.bound)


def _forbids_as_much(entry: Requirement, floor: Requirement) -> bool:
    if entry.direction is not None and entry.direction != floor.direction:
        return False
    # Without a value a setting must not be set at all, which is tighter than any one value.
    if entry.bound is not None and not (
        floor.bound is not None and same(entry.bound.value, floor.bound.value)
    ):
        return False
    return entry.names == floor.names or (entry.subject != "setting" and entry.names == ("*",))


def _each_in(names: Sequence[str], allowed: Sequence[str]) -> bool:
    return all(
        name in allowed or ("*" not in name and any(fnmatchcase(name, pattern) for pattern in allowed))
        for name in names
    )
