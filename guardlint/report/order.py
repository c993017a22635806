"""What several reports need of a finding."""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.lint.finding import Finding, Report

__all__ = ["counting", "explained"]


def counting(report: Report) -> Iterator[Finding]:
    """The findings that are neither waived nor suppressed, in order."""
    return (found for found in report.findings if found.counts)


def explained(finding: Finding, *, separator: str = "\n") -> str:
    """The message with what happens at run time and what to do, each on a line of its own."""
    parts = [finding.message, f"At run time: {finding.at_run_time}.", f"Help: {finding.help}."]
    if finding.confidence != "high":
        parts.append(f"Confidence: {finding.confidence}.")
    if finding.policy:
        parts.append(f"Policy: {finding.policy}.")
    return separator.join(parts)
