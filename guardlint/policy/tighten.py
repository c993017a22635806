"""What is tighter: the order of every kind of constraint, and nothing else.

Each function answers for two values of one kind; ``compose`` asks them and names the places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from guardlint.policy.fragments import fragment_implies
from guardlint.policy.model import Bound, Requirement, Subject, same, series
from guardlint.policy.pii_settings import scores_as_tight
from guardlint.policy.streams import stream_as_tight
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["as_tight", "bound_implies", "contradict", "requirement_implies", "setting_as_tight"]

_RANKS = {
    "on_error": ("pass", "block"),
    "actions": ("isolated", "reviewed", "forbidden"),
    "config_py": ("isolated", "reviewed", "forbidden"),
    "severity": ("note", "warning", "error"),
    # What can be undone or shows a part is looser than the bare name.
    "becomes": ("last_four", "hash", "pseudonym", "mask", "block"),
    "mode": ("monitor", "canary", "enforce"),
    "content_capture": ("full", "redacted", "never"),
    "telemetry": ("required",),
    "audit": ("degrade", "required"),
}


def as_tight(kind: str, value: Any, floor: Any) -> bool:
    """Whether ``value`` is at least as tight as ``floor`` of a ranked kind, a time limit or looks."""
    if kind == "timeout_seconds":
        return bool(value <= floor)
    if kind == "stream":
        return stream_as_tight(value, floor)
    order = _RANKS[kind]
    return order.index(value) >= order.index(floor)


def setting_as_tight(tighter: str, value: Any, floor: Any) -> bool:
    """Whether a rail's setting is at least as tight, by the order that the rail's manifest declares."""
    if tighter == "fixed":
        return same(value, floor)
    if tighter == "higher":
        return bool(value >= floor)
    if tighter == "lower" and isinstance(value, dict) and isinstance(floor, dict):
        return scores_as_tight(value, floor)
    if tighter == "lower":
        return bool(value <= floor)
    if tighter == "subset" and floor == "any":
        return True
    if isinstance(value, dict) and isinstance(floor, dict):
        return all(name in value and value[name] == item for name, item in floor.items())
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
    if bound.how == "schema":
        return fragment_implies(bound.value, floor.value)
    return bool(bound.value >= floor.value if bound.how == "minimum" else bound.value <= floor.value)


def contradict(entry: Requirement, other: Requirement) -> bool:
    """Whether no configuration can meet both, as far as two bounds of one setting show it."""
    if (entry.verb, entry.subject, entry.names) != ("require", "setting", other.names):
        return False
    if (other.verb, other.subject) != ("require", "setting") or entry.when or other.when:
        return False
    assert entry.bound is not None
    assert other.bound is not None
    for one, two in ((entry.bound, other.bound), (other.bound, entry.bound)):
        if one.how in ("equals", "one_of"):
            values = [one.value] if one.how == "equals" else one.value
            return not any(two.accepts(value) for value in values)
        if (one.how, two.how) == ("minimum", "maximum"):
            return bool(one.value > two.value)
    return False


def requirement_implies(entry: Requirement, floor: Requirement) -> bool:
    """Whether a configuration that meets ``entry`` always meets ``floor``, by the same mechanism."""
    if (entry.verb, entry.subject, entry.enforced_by) != (floor.verb, floor.subject, floor.enforced_by):
        return False
    if entry.when is not None and entry.when != floor.when:
        return False
    if entry.verb == "forbid":
        return _forbids_as_much(entry, floor)
    if entry.direction != floor.direction:
        return False
    if entry.verb == "allow":
        return _each_in(entry.names, floor.names) and entry.masked >= floor.masked
    return _REQUIRES_AS_MUCH[entry.subject](entry, floor)


def _any_of(entry: Requirement, floor: Requirement) -> bool:
    return _each_in(entry.names, floor.names)


def _in_order(entry: Requirement, floor: Requirement) -> bool:
    """What runs in an order runs in that of any of its parts."""
    rest = iter(entry.names)
    return all(name in rest for name in floor.names)


def _setting(entry: Requirement, floor: Requirement) -> bool:
    assert entry.bound is not None
    assert floor.bound is not None
    return entry.names == floor.names and bound_implies(entry.bound, floor.bound)


def _prompt(entry: Requirement, floor: Requirement) -> bool:
    return set(entry.digests) <= set(floor.digests) and _each_in(floor.names, entry.names)


def _personal_data(entry: Requirement, floor: Requirement) -> bool:
    own, other = entry.personal_data, floor.personal_data
    assert own is not None
    assert other is not None
    return (
        set(entry.names) >= set(floor.names)
        and as_tight("becomes", own.action, other.action)
        and (other.threshold is None or (own.threshold is not None and own.threshold <= other.threshold))
    )


def _nemo_version(entry: Requirement, floor: Requirement) -> bool:
    own, other = entry.versions, floor.versions
    assert own is not None
    assert other is not None
    if other.at_least and not (own.at_least and series(own.at_least) >= series(other.at_least)):
        return False
    if other.below and not (own.below and series(own.below) <= series(other.below)):
        return False
    excluded = {series(one) for one in own.excluded}
    return all(series(one) in excluded or not own.accepts(one) for one in other.excluded)


_REQUIRES_AS_MUCH: Mapping[Subject, Callable[[Requirement, Requirement], bool]] = {
    "rail": _any_of,
    "order": _in_order,
    "setting": _setting,
    "prompt": _prompt,
    "personal_data": _personal_data,
    "nemo_version": _nemo_version,
}


def _forbids_as_much(entry: Requirement, floor: Requirement) -> bool:
    if entry.direction is not None and entry.direction != floor.direction:
        return False
    # Without a value a setting must not be set at all, which is tighter than any one value.
    if entry.bound is not None and not (floor.bound is not None and bound_implies(floor.bound, entry.bound)):
        return False
    return entry.names == floor.names or (entry.subject != "setting" and entry.names == ("*",))


def _each_in(names: Sequence[str], allowed: Sequence[str]) -> bool:
    return all(
        name in allowed
        or "*" in allowed
        or (not _PATTERN.search(name) and any(fnmatchcase(name, pattern) for pattern in allowed))
        for name in names
    )


_PATTERN = lazy_pattern(r"[*?\[]")
