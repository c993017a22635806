"""What several reports need of a finding."""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.lint.finding import Finding, Report

__all__ = ["explained", "shown"]


def shown(report: Report) -> Iterator[Finding]:
    """The findings that no comment and no baseline suppresses, in order.

    What a waiver lifts is among them: an exception of the company is never hidden.
    """
    return (found for found in report.findings if found.suppression is None)


def explained(finding: Finding, *, separator: str = "\n") -> str:
    """The message with what happens at run time and what to do, each on a line of its own."""
    parts = [finding.message, f"At run time: {finding.at_run_time}.", f"Help: {finding.help}."]
    if finding.confidence != "high":
        parts.append(f"Confidence: {finding.confidence}.")
    if finding.policy:
        parts.append(f"Policy: {finding.policy}.")
    if finding.waived_by:
        parts.append(f"Waived by: {finding.waived_by}.")
    return separator.join(parts)
