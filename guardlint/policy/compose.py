"""A policy and what it extends, made one. A child tightens, or it is an error that names both places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar, cast

from guardlint.errors import ConfigError
from guardlint.policy.budgets import composed_budgets
from guardlint.policy.floors import check_floors
from guardlint.policy.handling import settled_handling
from guardlint.policy.join import join
from guardlint.policy.load import Policy
from guardlint.policy.mechanisms import GUARD_KEYS
from guardlint.policy.model import (
    DEFAULT_REFUSAL,
    ComposedPolicy,
    Direction,
    Origin,
    PolicyPart,
    RailUse,
    Reasons,
    Requirement,
    Valued,
)
from guardlint.policy.ordering import Pairs, chain, closure, moved, turned
from guardlint.policy.pii_settings import idle_score, laid_over
from guardlint.policy.rails import Rail
from guardlint.policy.streams import stream_word
from guardlint.policy.tighten import as_tight, requirement_implies, setting_as_tight
from guardlint.source.record import replace

__all__ = ["RailOf", "compose"]

RailOf = Callable[[RailUse], Rail]
T = TypeVar("T")

_DIRECTIONS: tuple[Direction, ...] = ("input", "output")
_RANKED: tuple[tuple[str, str, Any], ...] = (
    ("team_code", "actions", "isolated"),
    ("team_code", "config_py", "forbidden"),
    ("runtime", "on_error", "block"),
    ("runtime", "timeout_seconds", 30.0),
)


def compose(policy: Policy, parents: Sequence[ComposedPolicy], rail_of: RailOf) -> ComposedPolicy:
    """``policy`` on top of its composed ``parents``; ``rail_of`` finds the rail that a use names.

    Raises ConfigError where the policy loosens a parent, where parents contradict each other, where a
    setting is not one of the rail's, and where rails stand in an order that would leak or cannot be run.
    """
    floor = reduce(lambda left, right: join(left, right, rail_of), parents) if parents else None
    origin = policy.origin("id")
    rails = {direction: _rails(policy, floor, direction, rail_of) for direction in _DIRECTIONS}
    ranked = {name: _ranked(policy, floor, section, name, default) for section, name, default in _RANKED}
    composed = ComposedPolicy(
        id=policy.id,
        version=policy.version,
        title=policy.data["title"],
        owner=policy.data["owner"],
        description=policy.data["description"],
        origin=origin,
        composed_of=(
            *(floor.composed_of if floor else ()),
            PolicyPart(policy.id, policy.version, policy.digest),
        ),
        rails={direction: uses for direction, (uses, _) in rails.items()},
        precedes={direction: pairs for direction, (_, pairs) in rails.items()},
        requirements=_requirements(policy, floor),
        allow_engines=_engines(policy, floor),
        judge=_judge(policy, floor),
        severity=_severity(policy, floor),
        not_waivable=_not_waivable(policy, floor),
        refusal=_refusal(policy, floor),
        guard=_guard(policy, floor),
        reasons=_reasons(policy, floor),
        longest_waiver=_longest_waiver(policy, floor),
        budgets=composed_budgets(policy, floor),
        **cast("Mapping[str, Any]", ranked),
    )
    _check_judge(composed)
    for direction in _DIRECTIONS:
        _check_order(composed.rails[direction], rail_of)
    check_floors(composed)
    return composed


def _loosens(here: Origin, there: Origin, what: str, help: str | None = None) -> ConfigError:
    """The error of a child that loosens: ``here`` is the child's place, ``there`` the parent's."""
    return ConfigError(f"loosens {there}: {what}", place=str(here.place), help=help)


def _rails(
    policy: Policy, floor: ComposedPolicy | None, direction: Direction, rail_of: RailOf
) -> tuple[tuple[RailUse, ...], Pairs]:
    """The rails of one direction in their order, and what is said of it from now on.

    What a rail's manifest says of its place (``before``) goes before what the documents say.
    """
    inherited = {use.rail: use for use in floor.rails[direction]} if floor else {}
    said = floor.precedes.get(direction, frozenset()) if floor else frozenset()
    own: dict[str, RailUse] = {}
    for index, use in enumerate(policy.rails[direction]):
        rail = rail_of(use)
        if direction not in rail.directions:
            raise policy.document.error(
                f"the rail {rail.label} has no direction '{direction}'",
                "rails",
                direction,
                index,
                "rail",
                help=f"it has {' and '.join(rail.directions)}",
            )
        own[use.rail] = _settled(policy, index, use, inherited.get(use.rail), rail)
    restated = [name for name in own if name in inherited]
    ahead = {name: rail_of(use).before for name, use in {**inherited, **own}.items()}
    own = {name: own[name] for name in moved(list(own), ahead)}
    if not restated:
        names = moved([*inherited, *own], ahead)
        behind = frozenset(pair for pair in chain(names) if pair[0] not in inherited or pair[1] in own)
        uses = {**inherited, **own}
        return tuple(uses[name] for name in names), closure(_without(said, ahead, names) | behind)
    here = own[restated[0]].origin
    for name, use in inherited.items():
        if name not in own:
            raise _loosens(
                here,
                use.origin,
                f"rails.{direction} drops '{use.ref}'",
                "a list that repeats an inherited rail repeats them all; leave them all out to append",
            )
    both = closure(_without(said, ahead, list(own)) | chain(list(own)))
    if turned(both) is not None:
        first = next(name for name, before in zip(restated, inherited, strict=True) if name != before)
        raise _loosens(
            own[first].origin,
            inherited[first].origin,
            f"rails.{direction} reorders its rails, which run as {', '.join(inherited)}",
        )
    return tuple(own.values()), both


def _without(said: Pairs, ahead: Mapping[str, Sequence[str]], names: Sequence[str]) -> Pairs:
    """What was said, but for what stands against a manifest."""
    led = {name for name in names if any(other in names for other in ahead[name])}
    return frozenset((one, two) for one, two in said if two not in led)


def _settled(policy: Policy, index: int, use: RailUse, before: RailUse | None, rail: Rail) -> RailUse:
    """The use with every setting of the rail: written here, else inherited, else the rail's default."""
    path: tuple[str | int, ...] = ("rails", use.direction, index, "settings")
    held = {name: setting.default for name, setting in rail.settings.items()}
    held.update(before.settings if before else {})
    settings = dict(held)
    for name, value in use.settings.items():
        wrong = rail.mistake(name, value)
        if wrong is not None:
            unknown = name not in rail.settings
            raise policy.document.error(wrong[0], *path, name, key=unknown, help=wrong[1])
        tighter = rail.settings[name].tighter
        settings[name] = laid_over(tighter, value, held[name])
        if before is not None and not setting_as_tight(tighter, settings[name], held[name]):
            raise _loosens(
                policy.origin(*path, name),
                before.origin,
                f"{use.ref} has {name} {before.settings[name]!r} there and {value!r} here",
            )
    idle = idle_score(use.settings, settings) if rail.runs == "pii" else None
    if idle is not None:
        where = (*path, "thresholds", idle)
        raise policy.document.error(f"{use.ref} does not look for {idle}", *where, key=True)
    return replace(
        use,
        settings=settings,
        handling=settled_handling(policy.document, policy.origin, index, use, before, rail),
    )


def _requirements(policy: Policy, floor: ComposedPolicy | None) -> tuple[Requirement, ...]:
    """A child that says an id again takes the place of all that its parents say under it."""
    merged: dict[str, list[Requirement]] = {}
    for entry in floor.requirements if floor else ():
        merged.setdefault(entry.id, []).append(entry)
    for entry in policy.requirements:
        for before in merged.get(entry.id, ()):
            if not requirement_implies(entry, before):
                raise _loosens(
                    entry.origin,
                    before.origin,
                    f"'{entry.id}' asks for less here, or for something else",
                    "give it another id to ask for both",
                )
        merged[entry.id] = [entry]
    return tuple(entry for entries in merged.values() for entry in entries)


def _engines(policy: Policy, floor: ComposedPolicy | None) -> Valued[tuple[str, ...]] | None:
    inherited = floor.allow_engines if floor else None
    engines = policy.data.get("models", {}).get("allow_engines")
    if engines is None:
        return inherited
    for index, engine in enumerate(engines):
        if inherited is not None and engine not in inherited.value:
            raise _loosens(
                policy.origin("models", "allow_engines", index),
                inherited.origin,
                f"the engine '{engine}' is not on its allow list",
            )
    return Valued(tuple(engines), policy.origin("models", "allow_engines", key=True))


def _judge(policy: Policy, floor: ComposedPolicy | None) -> Any:
    inherited = floor.judge if floor else None
    if policy.judge is None:
        return inherited
    here = policy.origin("models", "judge", key=True)
    if inherited is not None and policy.judge != inherited.value:
        raise _loosens(
            here,
            inherited.origin,
            f"models.judge is {inherited.value.engine}/{inherited.value.model} there",
            "judges have no order: leave it out here",
        )
    return Valued(policy.judge, here)


def _severity(policy: Policy, floor: ComposedPolicy | None) -> dict[str, Valued[str]]:
    merged = dict(floor.severity) if floor else {}
    for rule, severity in policy.data.get("severity", {}).items():
        here = policy.origin("severity", rule)
        before = merged.get(rule)
        if before is not None and not as_tight("severity", severity, before.value):
            raise _loosens(here, before.origin, f"'{rule}' is {before.value} there and {severity} here")
        merged[rule] = Valued(severity, here)
    return merged


def _not_waivable(policy: Policy, floor: ComposedPolicy | None) -> dict[str, Origin]:
    merged = dict(floor.not_waivable) if floor else {}
    for index, name in enumerate(policy.data.get("not_waivable", ())):
        merged.setdefault(name, policy.origin("not_waivable", index))
    return merged


def _ranked(policy: Policy, floor: ComposedPolicy | None, section: str, name: str, default: T) -> Valued[T]:
    before: Valued[T] | None = getattr(floor, name) if floor else None
    if name not in policy.data.get(section, {}):
        return before or Valued(default, policy.origin())
    value = type(default)(policy.data[section][name])  # type: ignore[call-arg]
    here = policy.origin(section, name)
    if before is not None and not as_tight(name, value, before.value):
        raise _loosens(here, before.origin, f"{section}.{name} is {before.value!r} there and {value!r} here")
    return Valued(value, here)


def _longest_waiver(policy: Policy, floor: ComposedPolicy | None) -> Valued[int] | None:
    before = floor.longest_waiver if floor else None
    days = policy.data.get("waivers", {}).get("longest_days")
    if days is None:
        return before
    here = policy.origin("waivers", "longest_days")
    if before is not None and days > before.value:
        what = f"waivers.longest_days is {before.value} there and {days} here"
        raise _loosens(here, before.origin, what)
    return Valued(days, here)


def _guard(policy: Policy, floor: ComposedPolicy | None) -> dict[str, Valued[str]]:
    merged = dict(floor.guard) if floor else {}
    for name in GUARD_KEYS:
        value = policy.data.get("runtime", {}).get(name)
        if value is None:
            continue
        if name == "stream":
            value = stream_word(value)
        elif isinstance(value, dict):  # audit: {on_failure: …}
            value = "degrade" if value["on_failure"] == "degrade" else "required"
        here = policy.origin("runtime", name)
        before = merged.get(name)
        if before is not None and not as_tight(name, value, before.value):
            raise _loosens(here, before.origin, f"runtime.{name} is {before.value} there and {value} here")
        merged[name] = Valued(value, here)
    return merged


def _reasons(policy: Policy, floor: ComposedPolicy | None) -> dict[str, tuple[Reasons, ...]]:
    merged = dict(floor.reasons) if floor else {}
    for section, said in policy.data.get("why", {}).items():
        own = Reasons(said["reason"], tuple(said["controls"]), policy.origin("why", section, key=True))
        merged[section] = (*merged.get(section, ()), own)
    return merged


def _refusal(policy: Policy, floor: ComposedPolicy | None) -> Valued[str]:
    text = policy.data.get("runtime", {}).get("refusal")
    if text is not None:
        return Valued(text, policy.origin("runtime", "refusal"))
    return floor.refusal if floor else Valued(DEFAULT_REFUSAL, policy.origin())


def _check_judge(policy: ComposedPolicy) -> None:
    judge, engines = policy.judge, policy.allow_engines
    if judge is not None and engines is not None and judge.value.engine not in engines.value:
        raise ConfigError(
            f"the judge's engine '{judge.value.engine}' is not on the allow list of {engines.origin}",
            place=str(judge.origin.place),
        )


def _check_order(uses: Sequence[RailUse], rail_of: RailOf) -> None:
    """Native rails run before the one NeMo configuration of the company half, so they must stand first."""
    nemo: RailUse | None = None
    for use in uses:
        if rail_of(use).runs == "nemo":
            nemo = nemo or use
        elif nemo is not None and rail_of(use).runs == "pii":
            # What only judges may stand anywhere: it runs first, and hides nothing from the others.
            sends = rail_of(nemo).directions[use.direction].sends
            leak = f", which sends the {sends[0][0]} to the {sends[0][1]} unmasked" if sends else ""
            raise ConfigError(
                f"'{use.ref}' stands after '{nemo.ref}'{leak}",
                place=str(use.origin.place),
                help="rails that run natively in the guard come first",
            )
