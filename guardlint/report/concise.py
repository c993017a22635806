"""One line a finding, for editors and grep."""

from __future__ import annotations

from guardlint.lint.finding import Finding, Report
from guardlint.report.order import shown

__all__ = ["render_concise"]


def render_concise(report: Report) -> str:
    """``file:line:column: severity[rule] message``; ``waived`` is the severity of what a waiver lifts."""
    return "".join(f"{_line(found)}\n" for found in shown(report))


def _line(found: Finding) -> str:
    if found.waived_by:
        return f"{found.place}: waived[{found.rule}] {found.message} (waived by {found.waived_by})"
    return f"{found.place}: {found.severity}[{found.rule}] {found.message}"
