"""Several parents of one policy, made one floor: of two constraints the tighter one holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from guardlint.errors import ConfigError
from guardlint.policy.model import (
    DEFAULT_REFUSAL,
    ComposedPolicy,
    Direction,
    Origin,
    RailUse,
    Requirement,
    Valued,
)
from guardlint.policy.rails import Rail
from guardlint.policy.tighten import as_tight, requirement_implies, setting_as_tight

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
        requirements=_requirements(left, right),
        allow_engines=_engines(left.allow_engines, right.allow_engines),
        judge=_judge(left, right),
        severity=_severity(left.severity, right.severity),
        not_waivable={**right.not_waivable, **left.not_waivable},
        actions=_tighter("actions", left.actions, right.actions),
        config_py=_tighter("config_py", left.config_py, right.config_py),
        on_error=_tighter("on_error", left.on_error, right.on_error),
        timeout_seconds=_tighter("timeout_seconds", left.timeout_seconds, right.timeout_seconds),
        # A text protects nobody; the last parent that writes one has the word.
        refusal=left.refusal if right.refusal.value == DEFAULT_REFUSAL else right.refusal,
    )


def _contradict(here: Origin, there: Origin, what: str) -> ConfigError:
    return ConfigError(f"contradicts {there}, and one policy extends both: {what}", place=str(here.place))


def _rails(
    left: ComposedPolicy, right: ComposedPolicy, direction: Direction, rail_of: RailOf
) -> tuple[RailUse, ...]:
    merged = list(left.rails[direction])
    pending: list[RailUse] = []
    cursor = 0
    for use in right.rails[direction]:
        position = next((i for i, other in enumerate(merged) if other.rail == use.rail), None)
        if position is None:
            pending.append(use)
        elif position < cursor:
            raise _contradict(use.origin, merged[position].origin, f"rails.{direction} run in another order")
        else:
            merged[position] = _settings(merged[position], use, rail_of(use))
            merged[position:position] = pending
            cursor = position + len(pending) + 1
            pending = []
    # Native rails run first whatever the parents say (compose refuses another order), so sorting is safe.
    return tuple(sorted((*merged, *pending), key=lambda use: rail_of(use).runs == "nemo"))


def _settings(left: RailUse, right: RailUse, rail: Rail) -> RailUse:
    settings: dict[str, Any] = {}
    for name, value in left.settings.items():
        other, tighter = right.settings[name], rail.settings[name].tighter
        if setting_as_tight(tighter, value, other):
            settings[name] = value
        elif setting_as_tight(tighter, other, value):
            settings[name] = other
        elif tighter == "superset" and isinstance(value, list) and isinstance(other, list):
            settings[name] = sorted({*value, *other})
        else:
            raise _contradict(right.origin, left.origin, f"{right.ref} has {name} {other!r} and {value!r}")
    return replace(left, settings=settings)


def _requirements(left: ComposedPolicy, right: ComposedPolicy) -> tuple[Requirement, ...]:
    merged = {entry.id: entry for entry in left.requirements}
    for entry in right.requirements:
        before = merged.get(entry.id)
        if before is None or requirement_implies(entry, before):
            merged[entry.id] = before if before is not None and requirement_implies(before, entry) else entry
        elif not requirement_implies(before, entry):
            raise _contradict(entry.origin, before.origin, f"both have a requirement '{entry.id}'")
    return tuple(merged.values())


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


def _tighter(kind: str, left: Valued[Any], right: Valued[Any]) -> Valued[Any]:
    return left if as_tight(kind, left.value, right.value) else right
