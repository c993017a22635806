"""What gets stricter and what looser from one composed policy to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from guardlint.policy.described import says, shows_use
from guardlint.policy.handling import loosened
from guardlint.policy.model import ComposedPolicy, Origin, Requirement, Valued
from guardlint.policy.rails import Rail
from guardlint.policy.tighten import as_tight, requirement_implies, setting_as_tight
from guardlint.policy.words import show
from guardlint.source.record import record

__all__ = ["Change", "changes"]

Way = Literal["stricter", "looser", "different"]


@record
class Change:
    """One difference: what the one policy says and what the other, None where one says nothing.

    ``different`` is what has no order, or is stricter in one way and looser in another.
    """

    way: Way
    section: str
    id: str
    before: str | None
    after: str | None
    before_origin: Origin | None
    after_origin: Origin | None


def changes(before: ComposedPolicy, after: ComposedPolicy, rails: Mapping[str, Rail]) -> list[Change]:
    """Every difference, in the order of a document. ``rails`` are the approved ones by id."""
    return [
        *_rails(before, after, rails),
        *_requirements(before, after),
        *_sections(before, after),
        *_severities(before, after),
        *_not_waivable(before, after),
    ]


def _rails(before: ComposedPolicy, after: ComposedPolicy, rails: Mapping[str, Rail]) -> Iterator[Change]:
    for direction in dict.fromkeys((*before.rails, *after.rails)):
        section = f"rails.{direction}"
        old = {use.rail: use for use in before.rails.get(direction, ())}
        new = {use.rail: use for use in after.rails.get(direction, ())}
        for name in dict.fromkeys((*old, *new)):
            was, now = old.get(name), new.get(name)
            if was is None or now is None:
                yield _change(
                    "looser" if now is None else "stricter",
                    section,
                    name,
                    (shows_use(was), was.origin) if was else None,
                    (shows_use(now), now.origin) if now else None,
                )
            elif (was.major, dict(was.settings), was.handling) != (
                now.major,
                dict(now.settings),
                now.handling,
            ):
                # A rail of an earlier version may not have had the setting: it did what the default does.
                defaults = {key: setting.default for key, setting in rails[name].settings.items()}
                earlier = {**defaults, **was.settings}
                ways = [
                    _way(
                        setting_as_tight(rails[name].settings[key].tighter, value, earlier[key]),
                        setting_as_tight(rails[name].settings[key].tighter, earlier[key], value),
                    )
                    for key, value in now.settings.items()
                    if earlier[key] != value
                ]
                if was.handling != now.handling:
                    handled = loosened(now.handling, was.handling), loosened(was.handling, now.handling)
                    ways.append(_way(handled[0] is None, handled[1] is None))
                way: Way = ways[0] if len(set(ways)) == 1 and was.major == now.major else "different"
                yield _change(way, section, name, (shows_use(was), was.origin), (shows_use(now), now.origin))
        kept = [name for name in old if name in new]
        order = [name for name in new if name in old]
        if kept != order:
            yield _change(
                "different",
                section,
                "order",
                (", ".join(kept), before.origin),
                (", ".join(order), after.origin),
            )


def _requirements(before: ComposedPolicy, after: ComposedPolicy) -> Iterator[Change]:
    olds, news = _by_id(before), _by_id(after)
    for name in dict.fromkeys((*olds, *news)):
        old, new = olds.get(name, []), news.get(name, [])
        if not new or not old:
            entries = old or new
            others = after.requirements if old else before.requirements
            # Said elsewhere under another id: nothing is lost, and nothing is new.
            if all(any(requirement_implies(other, entry) for other in others) for entry in entries):
                continue
        tighter = all(any(requirement_implies(now, was) for now in new) for was in old)
        looser = all(any(requirement_implies(was, now) for was in old) for now in new)
        if tighter and looser:
            continue
        yield _change(
            _way(tighter, looser),
            (new or old)[0].verb,
            name,
            (" and ".join(map(says, old)), old[0].origin) if old else None,
            (" and ".join(map(says, new)), new[0].origin) if new else None,
        )


def _by_id(policy: ComposedPolicy) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for entry in policy.requirements:
        found.setdefault(entry.id, []).append(entry)
    return found


def _sections(before: ComposedPolicy, after: ComposedPolicy) -> Iterator[Change]:
    old, new = before.allow_engines, after.allow_engines
    if (old and set(old.value)) != (new and set(new.value)):
        tighter = old is None or (new is not None and set(new.value) <= set(old.value))
        looser = new is None or (old is not None and set(old.value) <= set(new.value))
        yield _of_values(_way(tighter, looser), "models", "allow_engines", old, new)
    if (before.judge and before.judge.value) != (after.judge and after.judge.value):
        yield _change(
            "different",
            "models",
            "judge",
            _judge(before),
            _judge(after),
        )
    ranked = [("team_code", name) for name in ("actions", "config_py")]
    ranked += [("runtime", name) for name in ("on_error", "timeout_seconds")]
    for section, name in ranked:
        yield from _ranked(section, name, getattr(before, name), getattr(after, name))
    for name in dict.fromkeys((*before.guard, *after.guard)):
        yield from _ranked("runtime", name, before.guard.get(name), after.guard.get(name))
    yield from _ranked("waivers", "longest_days", before.longest_waiver, after.longest_waiver)
    for key in dict.fromkeys((*before.budgets, *after.budgets)):
        name = f"{key.profile}.{key.figure}.{key.level}"
        yield from _ranked("budgets", name, before.budgets.get(key), after.budgets.get(key), kind="budgets")
    if before.refusal.value != after.refusal.value:
        yield _of_values("different", "runtime", "refusal", before.refusal, after.refusal)


def _severities(before: ComposedPolicy, after: ComposedPolicy) -> Iterator[Change]:
    for rule in dict.fromkeys((*before.severity, *after.severity)):
        old, new = before.severity.get(rule), after.severity.get(rule)
        if old is None or new is None:
            # Without a word of the policy the rule has its own severity, which guardlint may change.
            if (old or new) is not None:
                yield _of_values("different", "severity", rule, old, new)
        else:
            yield from _ranked("severity", rule, old, new, kind="severity")


def _not_waivable(before: ComposedPolicy, after: ComposedPolicy) -> Iterator[Change]:
    for name in dict.fromkeys((*before.not_waivable, *after.not_waivable)):
        old, new = before.not_waivable.get(name), after.not_waivable.get(name)
        if (old is None) != (new is None):
            yield _change(
                "looser" if new is None else "stricter",
                "not_waivable",
                name,
                ("no waiver lifts it", old) if old else None,
                ("no waiver lifts it", new) if new else None,
            )


def _ranked(
    section: str, name: str, old: Valued[Any] | None, new: Valued[Any] | None, *, kind: str | None = None
) -> Iterator[Change]:
    if old is None or new is None:
        if old is not new:
            yield _of_values("stricter" if old is None else "looser", section, name, old, new)
    elif old.value != new.value:
        tighter = (
            new.value <= old.value
            if name == "longest_days" or kind == "budgets"
            else as_tight(kind or name, new.value, old.value)
        )
        yield _of_values("stricter" if tighter else "looser", section, name, old, new)


def _of_values(way: Way, section: str, id: str, old: Valued[Any] | None, new: Valued[Any] | None) -> Change:
    return _change(
        way,
        section,
        id,
        (_shown(old.value), old.origin) if old else None,
        (_shown(new.value), new.origin) if new else None,
    )


def _judge(policy: ComposedPolicy) -> tuple[str, Origin] | None:
    if policy.judge is None:
        return None
    return f"{policy.judge.value.engine}/{policy.judge.value.model}", policy.judge.origin


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else show(value)


def _way(tighter: bool, looser: bool) -> Way:
    if tighter == looser:
        return "different"
    return "stricter" if tighter else "looser"


def _change(
    way: Way, section: str, id: str, old: tuple[str, Origin] | None, new: tuple[str, Origin] | None
) -> Change:
    return Change(
        way,
        section,
        id,
        old[0] if old else None,
        new[0] if new else None,
        old[1] if old else None,
        new[1] if new else None,
    )
