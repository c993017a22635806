"""Decides which findings a waiver lifts: the one answer for check, gate, compile and every report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from guardlint.lint.finding import Finding
from guardlint.rules.rule import Found, LoadedRule
from guardlint.source.place import Place
from guardlint.source.record import record, replace

if TYPE_CHECKING:
    from guardlint.policy.model import ComposedPolicy
    from guardlint.policy.waivers import Waiver

__all__ = ["EXCEPTIONS", "TOO_WIDE", "Waived", "concerns", "reason_against", "waived"]

EXCEPTIONS = frozenset({"ending-waiver", "invalid-suppression", "stale-baseline", "unused-suppression"})
"""Rules about exceptions; there is no exception from those."""

TOO_WIDE = "policy-violation"
"""Each requirement of a policy is waived by its own id."""

_ENDING = "ending-waiver"


@record
class Waived:
    """The findings, those that are waived with ``waived_by``; and the waivers that lift one of them.

    ``about`` is what is to be said of waivers that end soon.
    """

    findings: list[Finding]
    used: tuple[Waiver, ...]
    about: list[tuple[LoadedRule, Found]]


def waived(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    policy: ComposedPolicy | None,
    today: date | None,
    rules: Sequence[LoadedRule] = (),
) -> Waived:
    """Lift what the ``waivers`` of a configuration lift on the day ``today`` (None: on any day).

    A waiver that concerns a finding and lifts nothing leaves it as it is, with the reason in its help. Of one
    that ends within two weeks is said so, where that rule is among ``rules``.
    """
    used: dict[str, tuple[Waiver, Finding]] = {}
    result = []
    for finding in findings:
        concerned = sorted(
            (waiver for waiver in waivers if concerns(waiver, finding)), key=lambda item: item.expires
        )
        against = None
        for waiver in reversed(concerned):
            why = reason_against(waiver, finding, policy, today)
            if why is None:
                finding = replace(finding, waived_by=waiver.said)
                used.setdefault(waiver.id, (waiver, finding))
                break
            against = against or f"the waiver `{waiver.id}` of {waiver.owner} does not lift it: {why}"
        else:
            if against is not None:
                finding = replace(finding, help=f"{finding.help}; {against}", lapsed=True)
        result.append(finding)
    about = [
        (rule, found)
        for rule in rules
        if rule.id == _ENDING
        for waiver, finding in used.values()
        if (found := _ending(waiver, finding.place, today)) is not None
    ]
    return Waived(result, tuple(waiver for waiver, _ in used.values()), about)


def concerns(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver, one of the finding's configuration, speaks of the finding."""
    if waiver.rule not in (finding.rule, finding.requirement):
        return False
    if finding.rule in EXCEPTIONS or waiver.rule == TOO_WIDE:
        return False
    if waiver.path is None:
        return True
    at = finding.path or ""
    return at == waiver.path or at.startswith((f"{waiver.path}.", f"{waiver.path}["))


def reason_against(
    waiver: Waiver, finding: Finding | None, policy: ComposedPolicy | None, today: date | None
) -> str | None:
    """Why the waiver lifts nothing (``finding``: not this), or None."""
    if finding is not None and not finding.waivable:
        return f"{policy.label if policy else 'the policy'} lets nobody waive it"
    longest = policy.longest_waiver if policy is not None else None
    if longest is not None and waiver.days > longest.value:
        return f"it is for {waiver.days} days, and {longest.origin.label} allows {longest.value}"
    if today is not None and today > waiver.expires:
        return f"it ended on {waiver.expires} ({waiver.ticket})"
    if today is not None and today < waiver.approved:
        return f"it begins on {waiver.approved}"
    return None


def _ending(waiver: Waiver, place: Place, today: date | None) -> Found | None:
    from guardlint.policy.waivers import WARNING_DAYS
    from guardlint.rules.suppressions.ending_waiver import ending

    if today is None or (waiver.expires - today).days > WARNING_DAYS:
        return None
    return ending(waiver, place, today)
