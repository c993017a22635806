"""One line a finding, for editors and grep."""

from __future__ import annotations

from guardlint.lint.finding import Report
from guardlint.report.order import counting

__all__ = ["render_concise"]


def render_concise(report: Report) -> str:
    """``file:line:column: severity[rule] message``."""
    return "".join(
        f"{found.place}: {found.severity}[{found.rule}] {found.message}\n" for found in counting(report)
    )
