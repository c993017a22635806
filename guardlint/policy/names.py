"""Names in a policy that only NeMo's catalogue knows: rails and settings. A typo would require nothing."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from guardlint.errors import ConfigError
from guardlint.nemo.catalogue import Catalogue, latest_version, load_catalogue
from guardlint.policy.model import ComposedPolicy, Requirement
from guardlint.policy.settings import setting_parts
from guardlint.source.names import closest

__all__ = ["SECTIONS", "check_names", "check_rule_ids"]


SECTIONS = frozenset({"models.allow_engines", "team_code.actions", "team_code.config_py"})
"""What a finding names where a section of the policy, and no single requirement, is not met."""


def check_names(requirement: Requirement) -> None:
    """Refuse a rail that NeMo offers in another direction or that is a typo, and a setting NeMo has not.

    A rail name that is like none of the library's may be a flow of the team's own, and passes.
    Raises ConfigError at the requirement.
    """
    catalogue = load_catalogue(latest_version())
    if requirement.when is not None:
        _check_setting(requirement, requirement.when[0], catalogue)
    if requirement.subject in ("rail", "order") and requirement.direction != "dialog":
        for name in requirement.names:
            _check_rail(requirement, name, catalogue)
    elif requirement.subject == "setting":
        _check_setting(requirement, requirement.names[0], catalogue)
    elif requirement.subject == "prompt":
        _check_task(requirement, requirement.names[0], catalogue)
    elif requirement.subject == "personal_data":
        for name in requirement.names:
            _check_entity(requirement, name)


def check_rule_ids(policy: ComposedPolicy, known: Collection[str]) -> None:
    """Refuse a severity or a ``not_waivable`` of a rule that is not among ``known`` (ids and aliases).

    ``not_waivable`` may also name a requirement of the policy. Raises ConfigError at the entry.
    """
    requirements = {requirement.id for requirement in policy.requirements} | SECTIONS
    named = [(name, valued.origin, known) for name, valued in policy.severity.items()]
    named += [(name, origin, {*known, *requirements}) for name, origin in policy.not_waivable.items()]
    for name, origin, allowed in named:
        if name not in allowed:
            near = closest(name, allowed)
            raise ConfigError(
                f"unknown rule '{name}'",
                place=str(origin.place),
                help=f"did you mean '{near}'?" if near else None,
            )


def _check_rail(requirement: Requirement, name: str, catalogue: Catalogue) -> None:
    directions = catalogue.directions_of(name)
    if "*" in name or requirement.direction in directions or (directions and requirement.direction is None):
        return
    if directions:
        raise _error(
            requirement,
            f"'{name}' is no {requirement.direction} rail of NeMo",
            f"it is one of {directions[0]}",
        )
    near = closest(name, {surface["flow"] for surface in catalogue.data["surfaces"]})
    if near is not None:
        raise _error(requirement, f"NeMo has no rail '{name}'", f"did you mean '{near}'?")


def _check_task(requirement: Requirement, task: str, catalogue: Catalogue) -> None:
    if "*" in task or catalogue.task(task) is not None:
        return
    near = closest(task, catalogue.data["tasks"])
    if near is not None:
        raise _error(requirement, f"NeMo asks no prompt for '{task}'", f"did you mean '{near}'?")


def _check_entity(requirement: Requirement, entity: str) -> None:
    """An entity that is like none of Presidio's and guardlint's may be one of a team's own recognizers."""
    known = _entities(ours_only=requirement.enforced_by == "bundle")
    if entity in known:
        return
    near = closest(entity, known)
    if near is not None or requirement.enforced_by == "bundle":
        raise _error(
            requirement, f"nothing finds the entity '{entity}'", f"did you mean '{near}'?" if near else None
        )


@cache
def _entities(*, ours_only: bool) -> frozenset[str]:
    from guardlint.nemo.catalogue import presidio_facts
    from guardlint.pii.profiles import PROFILES

    ours = PROFILES["everything"].entities
    if ours_only:
        return ours
    return ours | {name for row in presidio_facts()["recognizers"] for name in row["entities"]}


def _check_setting(requirement: Requirement, setting: str, catalogue: Catalogue) -> None:
    node: dict[str, Any] | None = catalogue.data["keys"]
    for part in setting_parts(setting):
        if node is None or node.get("type") == "any":
            return
        if part == "[*]":
            node = node.get("items")
            continue
        keys: dict[str, Any] = node.get("keys", {})
        if part not in keys:
            if node.get("open") or "*" in str(part):
                return
            near = closest(str(part), keys)
            raise _error(
                requirement, f"NeMo has no setting '{setting}'", f"did you mean '{near}'?" if near else None
            )
        node = keys[str(part)]


def _error(requirement: Requirement, message: str, help: str | None) -> ConfigError:
    return ConfigError(message, place=str(requirement.origin.place), help=help)
