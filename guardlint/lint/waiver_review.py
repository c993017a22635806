"""What the owners of waivers are told: which ones ended, lift nothing, or cannot lift what they name.

This fails the central repository's own test, never a team's check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Literal

from guardlint.lint.finding import Report
from guardlint.lint.waiving import EXCEPTIONS, TOO_WIDE, reason_against
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.waivers import WARNING_DAYS, Waiver
from guardlint.rules.registry import rule_ids
from guardlint.source.names import closest
from guardlint.source.record import record

__all__ = ["Reviewed", "State", "Use", "review", "use_of"]

State = Literal["counts", "ends soon", "begins later", "fails"]


@record
class Use:
    """What a check of one team's repository shows: its configurations, and the waivers that lift something.

    ``policies`` are by configuration; ``used`` are ids.
    """

    team: str
    policies: Mapping[str, ComposedPolicy | None]
    used: frozenset[str]


@record
class Reviewed:
    """One waiver, how it stands, and why. ``days_left`` is negative when it has ended."""

    waiver: Waiver
    state: State
    why: str
    days_left: int


def use_of(
    team: str, policies: Mapping[str, ComposedPolicy | None], report: Report, waivers: Iterable[Waiver]
) -> Use:
    """What ``report``, of the configurations of ``team``, uses of ``waivers``."""
    said = {found.waived_by for found in report.findings}
    return Use(team, policies, frozenset(waiver.id for waiver in waivers if waiver.said in said))


def review(central: Central, today: date, uses: Iterable[Use] = ()) -> list[Reviewed]:
    """Every waiver of ``central`` on the day ``today``, by owner, last day and id.

    Whether one lifts anything is only said of the teams among ``uses``. Raises ConfigError for documents that
    are wrong, policies and tiers included.
    """
    by_team = {use.team: use for use in uses}
    known = {*rule_ids(), *_requirements(central)}
    found = []
    for waiver in central.waivers():
        left = (waiver.expires - today).days
        why = _fault(waiver, central, today, by_team.get(waiver.team), known)
        state: State = "fails" if why else "counts"
        if why is None and today < waiver.approved:
            state, why = "begins later", f"it begins on {waiver.approved}"
        elif why is None and left <= WARNING_DAYS:
            state, why = "ends soon", "mend what it is for, or agree on a new day"
        found.append(Reviewed(waiver, state, why or "", left))
    return sorted(found, key=lambda item: (item.waiver.owner, item.waiver.expires, item.waiver.id))


def _fault(
    waiver: Waiver, central: Central, today: date, use: Use | None, known: Collection[str]
) -> str | None:
    """Why the waiver fails its owner, or None."""
    if waiver.rule in EXCEPTIONS:
        return f"there is no exception from `{waiver.rule}`"
    if waiver.rule == TOO_WIDE:
        return f"`{TOO_WIDE}` is too wide: name the requirement, as findings do"
    if waiver.rule not in known:
        near = closest(waiver.rule, known)
        return f"no rule or requirement is named `{waiver.rule}`" + (f"; `{near}`?" if near else "")
    if waiver.owner == waiver.approver:
        return "its owner approved it: somebody else has to"
    policy = _policy(waiver, central, use)
    if policy is not None and not policy.waivable(waiver.rule):
        return f"{policy.label} lets nobody waive `{waiver.rule}`"
    if today > waiver.expires:
        return f"it ended on {waiver.expires}: take it out"
    if today < waiver.approved:
        return None
    against = reason_against(waiver, None, policy, today)
    if against is not None:
        return against
    if use is None or waiver.id in use.used:
        return None
    if waiver.configuration not in use.policies:
        near = closest(waiver.configuration, use.policies)
        return f"{waiver.team} has no configuration `{waiver.configuration}`" + (
            f"; `{near}`?" if near else ""
        )
    return "nothing is found that it would lift: take it out"


def _policy(waiver: Waiver, central: Central, use: Use | None) -> ComposedPolicy | None:
    """The policy that holds for the configuration, as far as it is known without the team's repository."""
    if use is not None and use.policies.get(waiver.configuration) is not None:
        return use.policies[waiver.configuration]
    assigned = central.assigned_tier(waiver.team, waiver.configuration)
    if assigned is None:
        return None
    tier, place = assigned
    return central.policy(central.tier_policy(tier, place=place), place=place)


def _requirements(central: Central) -> set[str]:
    """The ids of everything that a policy can ask: the written ones, and those of its other sections."""
    policies = [central.policy(name) for name in central.policies()]
    written = {requirement.id for policy in policies for requirement in policy.requirements}
    written |= {budget.id for policy in policies for budget in policy.budgets}
    return written | {"models.allow_engines", "team_code.actions", "team_code.config_py"}
