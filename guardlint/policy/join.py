"""Several parents of one policy, made one floor: of two constraints the tighter one holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guardlint.errors import ConfigError
from guardlint.policy.budgets import joined_budgets
from guardlint.policy.handling import joined_handling
from guardlint.policy.model import (
    DEFAULT_REFUSAL,
    ComposedPolicy,
    Direction,
    Origin,
    RailUse,
    Reasons,
    Requirement,
    Valued,
)
from guardlint.policy.ordering import Pairs, closure, in_order, turned
from guardlint.policy.pii_settings import lower_of
from guardlint.policy.rails import Rail
from guardlint.policy.tighten import as_tight, contradict, requirement_implies, setting_as_tight
from guardlint.source.record import replace

__all__ = ["join"]

RailOf = Callable[[RailUse], Rail]


def join(left: ComposedPolicy, right: ComposedPolicy, rail_of: RailOf) -> ComposedPolicy:
    """The policy that holds both. It keeps ``left``'s name; only a child's name is ever shown.

    Raises ConfigError naming both places where neither of two constraints is the tighter one.
    """
    parts = dict.fromkeys((*left.composed_of, *right.composed_of))
    return replace(
        left,
        composed_of=tuple(parts),
        rails={direction: _rails(left, right, direction, rail_of) for direction in left.rails},
        precedes={direction: _precedes(left, right, direction) for direction in left.rails},
        requirements=_requirements(left, right),
        allow_engines=_engines(left.allow_engines, right.allow_engines),
        judge=_judge(left, right),
        severity=_severity(left.severity, right.severity),
        not_waivable={**right.not_waivable, **left.not_waivable},
        actions=_tighter("actions", left.actions, right.actions),
        config_py=_tighter("config_py", left.config_py, right.config_py),
        on_error=_tighter("on_error", left.on_error, right.on_error),
        timeout_seconds=_tighter("timeout_seconds", left.timeout_seconds, right.timeout_seconds),
        guard={name: _of_both(name, left.guard, right.guard) for name in {**left.guard, **right.guard}},
        reasons={name: _reasons(name, left, right) for name in {**left.reasons, **right.reasons}},
        longest_waiver=_shorter(left.longest_waiver, right.longest_waiver),
        budgets=joined_budgets(left.budgets, right.budgets),
        # A text protects nobody; the last parent that writes one has the word.
        refusal=left.refusal if right.refusal.value == DEFAULT_REFUSAL else right.refusal,
    )


def _contradict(here: Origin, there: Origin, what: str) -> ConfigError:
    return ConfigError(f"contradicts {there}, and one policy extends both: {what}", place=str(here.place))


def _rails(
    left: ComposedPolicy, right: ComposedPolicy, direction: Direction, rail_of: RailOf
) -> tuple[RailUse, ...]:
    uses = {use.rail: use for use in left.rails[direction]}
    for use in right.rails[direction]:
        before = uses.get(use.rail)
        uses[use.rail] = use if before is None else _settings(before, use, rail_of(use))
    pairs = _precedes(left, right, direction)
    circle = turned(pairs)
    if circle is not None:
        by_right = {use.rail: use for use in right.rails[direction]}
        here = next((by_right[name] for name in circle if name in by_right), uses[circle[0]])
        there = next(use for use in uses.values() if use.rail in circle)
        raise _contradict(here.origin, there.origin, f"rails.{direction} run in another order")
    # Native rails run first whatever the parents say (compose refuses another order).
    names = in_order(uses, pairs, lambda name: int(rail_of(uses[name]).runs == "nemo"))
    return tuple(uses[name] for name in names)


def _precedes(left: ComposedPolicy, right: ComposedPolicy, direction: Direction) -> Pairs:
    nothing: Pairs = frozenset()
    return closure(left.precedes.get(direction, nothing) | right.precedes.get(direction, nothing))


def _agree(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether two mappings, such as schemas by tool, say nothing different of one thing."""
    return all(two.get(key, item) == item for key, item in one.items())


def _settings(left: RailUse, right: RailUse, rail: Rail) -> RailUse:
    settings: dict[str, Any] = {}
    for name, value in left.settings.items():
        other, tighter = right.settings[name], rail.settings[name].tighter
        if isinstance(value, list) and isinstance(other, list) and set(value) == set(other):
            settings[name] = min(value, other)  # the same in another order: which, no parent decides
        elif tighter == "lower" and isinstance(value, dict):
            settings[name] = lower_of(value, other)
        elif setting_as_tight(tighter, value, other):
            settings[name] = value
        elif setting_as_tight(tighter, other, value):
            settings[name] = other
        elif tighter == "superset" and isinstance(value, list) and isinstance(other, list):
            settings[name] = sorted({*value, *other})
        elif tighter == "superset" and isinstance(value, dict) and _agree(value, other):
            settings[name] = {**value, **other}
        elif tighter == "subset" and isinstance(value, list) and set(value) & set(other):
            settings[name] = sorted(set(value) & set(other))
        else:
            raise _contradict(right.origin, left.origin, f"{right.ref} has {name} {other!r} and {value!r}")
    return replace(left, settings=settings, handling=joined_handling((left.handling, right.handling)))


def _requirements(left: ComposedPolicy, right: ComposedPolicy) -> tuple[Requirement, ...]:
    """Both, without what another one of the same id implies; where neither does, both hold."""
    found = list(left.requirements)
    for entry in right.requirements:
        same_id = [other for other in found if other.id == entry.id]
        if any(requirement_implies(other, entry) for other in same_id):
            continue
        for other in same_id:
            if contradict(entry, other):
                raise _contradict(entry.origin, other.origin, f"both have a requirement '{entry.id}'")
            if requirement_implies(entry, other):
                found.remove(other)
        found.append(entry)
    return tuple(found)


def _engines(
    left: Valued[tuple[str, ...]] | None, right: Valued[tuple[str, ...]] | None
) -> Valued[tuple[str, ...]] | None:
    if left is None or right is None:
        return left or right
    both = tuple(engine for engine in left.value if engine in right.value)
    if not both:
        raise _contradict(right.origin, left.origin, "no engine is on both allow lists")
    return Valued(both, left.origin if len(left.value) <= len(right.value) else right.origin)


def _judge(left: ComposedPolicy, right: ComposedPolicy) -> Any:
    if left.judge is not None and right.judge is not None and left.judge.value != right.judge.value:
        raise _contradict(right.judge.origin, left.judge.origin, "each has another models.judge")
    return left.judge or right.judge


def _severity(left: Mapping[str, Valued[str]], right: Mapping[str, Valued[str]]) -> dict[str, Valued[str]]:
    merged = dict(left)
    for rule, severity in right.items():
        merged[rule] = _tighter("severity", merged.get(rule, severity), severity)
    return merged


def _of_both(kind: str, left: Mapping[str, Valued[str]], right: Mapping[str, Valued[str]]) -> Valued[str]:
    if kind not in left or kind not in right:
        return left.get(kind) or right[kind]
    return _tighter(kind, left[kind], right[kind])


def _reasons(section: str, left: ComposedPolicy, right: ComposedPolicy) -> tuple[Reasons, ...]:
    return tuple(dict.fromkeys((*left.reasons.get(section, ()), *right.reasons.get(section, ()))))


def _shorter(left: Valued[int] | None, right: Valued[int] | None) -> Valued[int] | None:
    if left is None or right is None:
        return left or right
    return left if left.value <= right.value else right


def _tighter(kind: str, left: Valued[Any], right: Valued[Any]) -> Valued[Any]:
    return left if as_tight(kind, left.value, right.value) else right
