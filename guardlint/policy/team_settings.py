"""What a policy's rails leave to the team, chosen within the bounds of the rail and of the policy.

Of a list in which more is tighter, the team's values come on top of the policy's, and so do scores by entity;
any other value takes the policy's place where it is as tight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy, RailUse
from guardlint.policy.pii_settings import idle_score, laid_over
from guardlint.policy.rails import Rail
from guardlint.policy.tighten import setting_as_tight
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.record import replace

__all__ = ["Choices", "with_settings"]

Choices = Mapping[str, Mapping[str, tuple[Any, Place]]]
"""A value and its place in the team file, by rail and name."""


def with_settings(policy: ComposedPolicy, choices: Choices, central: Central) -> ComposedPolicy:
    """The policy with the team's choices, in every direction in which it uses the rail.

    Raises ConfigError, at the team's place, for a rail that the policy does not use, a setting that is not
    the team's to choose, a value that the rail does not have, and one that is looser than the policy's.
    """
    used = {use.rail for uses in policy.rails.values() for use in uses}
    for name, chosen in choices.items():
        if name not in used:
            near = closest(name, used)
            raise ConfigError(
                f"{policy.label} uses no rail '{name}'",
                place=str(next(iter(chosen.values()))[1]),
                help=f"did you mean '{near}'?" if near else f"its rails: {', '.join(sorted(used)) or 'none'}",
            )
    rails = {
        direction: tuple(
            _chosen(use, choices[use.rail], central) if use.rail in choices else use for use in uses
        )
        for direction, uses in policy.rails.items()
    }
    return replace(policy, rails=rails)


def _chosen(use: RailUse, choices: Mapping[str, tuple[Any, Place]], central: Central) -> RailUse:
    rail = central.rail(use.ref, place=str(use.origin.place))
    settings = {**use.settings}
    for name, (value, place) in choices.items():
        settings[name] = _value(use, rail, name, value, place)
    written = {name: value for name, (value, _) in choices.items()}
    idle = idle_score(written, settings) if rail.runs == "pii" else None
    if idle is not None:
        place = choices["thresholds"][1]
        raise ConfigError(
            f"{rail.label} does not look for {idle}", place=str(place), help="add it to `entities`"
        )
    return replace(use, settings=settings, chosen=tuple(sorted(choices)))


def _value(use: RailUse, rail: Rail, name: str, value: Any, place: Place) -> Any:
    wrong = rail.mistake(name, value)
    if wrong is not None:
        raise ConfigError(wrong[0], place=str(place), help=wrong[1])
    setting = rail.settings[name]
    if not setting.team:
        theirs = ", ".join(sorted(key for key, one in rail.settings.items() if one.team))
        raise ConfigError(
            f"'{name}' of {rail.label} is the policy's to say, not a team's",
            place=str(place),
            help=f"a team may choose {theirs}" if theirs else "leave it out",
        )
    held = _list(rail, use.settings[name])
    if setting.tighter == "superset" and isinstance(held, list):
        return sorted({*held, *_list(rail, value)}, key=str)
    value = laid_over(setting.tighter, value, use.settings[name])
    if not setting_as_tight(setting.tighter, value, use.settings[name]):
        raise ConfigError(
            f"loosens {use.origin}: '{name}' of {rail.label} is {use.settings[name]!r} there",
            place=str(place),
            help=setting.description,
        )
    return value


def _list(rail: Rail, value: Any) -> Any:
    """A list, also where a word stands for the entities of the detector's profile."""
    if rail.runs == "pii" and value == "default":
        from guardlint.pii.profiles import profile_named

        return list(dict(profile_named("default").thresholds))
    return value
