"""Decides which findings the comments of a configuration allow, and which comments allow nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from guardlint.lint.finding import Finding, Suppression
from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, LoadedRule
from guardlint.source.allowances import Allowance, allowances_of
from guardlint.source.place import Place
from guardlint.source.record import replace

if TYPE_CHECKING:
    from guardlint.policy.model import ComposedPolicy

__all__ = ["suppressed"]

# What is wrong with a suppression is not to be suppressed.
_INVALID, _UNUSED = "invalid-suppression", "unused-suppression"


def suppressed(
    configuration: Configuration,
    findings: Sequence[Finding],
    policy: ComposedPolicy | None,
    today: date | None,
    rules: Sequence[LoadedRule],
) -> tuple[list[Finding], list[tuple[LoadedRule, Found]]]:
    """The findings with their suppressions, and what is to be said of comments that allow nothing.

    A comment speaks of findings that begin on its line. One that is malformed, has ended before ``today``, or
    is about what the ``policy`` lets nobody suppress, allows nothing. Rules that are not among ``rules`` said
    nothing, so that comments about them are not called unused.
    """
    by_line: dict[tuple[str, int], list[Allowance]] = {}
    for file, text in configuration.texts.items():
        for allowance in allowances_of(text, file):
            if allowance.problem is None and not (today and allowance.until and allowance.until < today):
                by_line.setdefault((file, allowance.line), []).append(allowance)
    if not by_line:
        return list(findings), []
    heeded: set[Place] = set()
    refused: dict[Place, str] = {}
    result = []
    for finding in findings:
        found = _allowing(finding, by_line)
        if found is not None:
            allowance, place = found
            heeded.add(place)
            if finding.waivable:
                until = allowance.until.isoformat() if allowance.until else None
                why = Suppression("comment", allowance.reason, until, allowance.place)
                finding = replace(finding, suppression=why)
            else:
                refused[place] = finding.rule
        result.append(finding)
    return result, list(_about(configuration, by_line, heeded, refused, policy, rules))


def _allowing(
    finding: Finding, by_line: dict[tuple[str, int], list[Allowance]]
) -> tuple[Allowance, Place] | None:
    if finding.rule in (_INVALID, _UNUSED):
        return None
    for allowance in by_line.get((finding.place.file, finding.place.line), ()):
        for name, place in allowance.rules:
            if name == finding.rule:
                return allowance, place
    return None


def _about(
    configuration: Configuration,
    by_line: dict[tuple[str, int], list[Allowance]],
    heeded: set[Place],
    refused: dict[Place, str],
    policy: ComposedPolicy | None,
    rules: Sequence[LoadedRule],
) -> list[tuple[LoadedRule, Found]]:
    from guardlint.rules.suppressions.invalid_suppression import not_waivable
    from guardlint.rules.suppressions.unused_suppression import unused

    ran = {rule.id: rule for rule in rules}
    found: list[tuple[LoadedRule, Found]] = []
    if _INVALID in ran and policy is not None:
        found += [(ran[_INVALID], not_waivable(name, place, policy.label)) for place, name in refused.items()]
    if _UNUSED in ran:
        found += [
            (ran[_UNUSED], unused(configuration, name, place, allowance))
            for allowances in by_line.values()
            for allowance in allowances
            for name, place in allowance.rules
            if place not in heeded and name in ran
        ]
    return found
