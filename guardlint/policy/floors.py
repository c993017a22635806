"""What a policy requires of the company half of every bundle, held against its own rails.

The bundle enforces it by construction, so a policy whose rails do not do it is refused when it is composed.
"""

from __future__ import annotations

from guardlint.errors import ConfigError
from guardlint.policy.model import ComposedPolicy, RailUse, Requirement
from guardlint.policy.tighten import as_tight

__all__ = ["check_floors"]

_MASKING = "mask-personal-data"


def check_floors(policy: ComposedPolicy) -> None:
    """Raises ConfigError where a requirement on the bundle is not met by the policy's rails."""
    for requirement in policy.requirements:
        if requirement.enforced_by == "bundle":
            _check(policy, requirement)


def _check(policy: ComposedPolicy, requirement: Requirement) -> None:
    assert requirement.direction is not None
    use = policy.rail(requirement.direction, _MASKING)
    if use is None:
        raise _error(
            requirement,
            f"no rail of {policy.label} masks personal data on {requirement.direction}",
            f"put '{_MASKING}@1' under rails.{requirement.direction}",
        )
    if requirement.personal_data is None:
        return
    where = f"rails.{requirement.direction}, {use.ref}"
    held = _entities(use)
    missing = [name for name in requirement.names if name not in held]
    if missing:
        raise _error(
            requirement, f"{where} does not look for {', '.join(missing)}", "add them to its entities"
        )
    action, wanted = str(use.settings["action"]), requirement.personal_data
    if not as_tight("becomes", action, wanted.action):
        raise _error(
            requirement,
            f"{where} does not {wanted.action} personal data: its action is '{action}'",
            "choose a rail that does",
        )
    if wanted.threshold is not None:
        high = [name for name in requirement.names if held[name] > wanted.threshold]
        if high:
            raise _error(
                requirement,
                f"{where} looks for {', '.join(high)} from a score of {held[high[0]]} on, above "
                f"{wanted.threshold}",
                f"raise the threshold to {held[high[0]]}",
            )


def _entities(use: RailUse) -> dict[str, float]:
    """The entities that the guard looks for when it runs the rail, each with its least score."""
    from guardlint.pii.profiles import profile_named

    profile = profile_named("default")
    chosen = use.settings["entities"]
    held = (profile if chosen == "default" else profile.only(chosen)).thresholds
    said = use.settings.get("thresholds", {})
    return {name: said.get(name, least) for name, least in held}


def _error(requirement: Requirement, message: str, help: str) -> ConfigError:
    return ConfigError(
        f"'{requirement.id}' holds in no bundle: {message}", place=str(requirement.origin.place), help=help
    )
