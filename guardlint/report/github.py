"""Annotations of GitHub Actions: workflow commands on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from guardlint.lint.finding import Finding, Report
from guardlint.report.order import explained, shown

__all__ = ["MOST_PER_KIND", "render_github"]

MOST_PER_KIND = 10
"""GitHub shows so many annotations of each kind a step, and drops the rest without a word."""

_KINDS = {"error": "error", "warning": "warning", "note": "notice"}
_RANK = {"error": 0, "warning": 1, "note": 2}


def render_github(report: Report) -> str:
    """One command a finding, the worst first; what GitHub would drop is counted in the last one of a kind."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    total = Counter(_severity(found) for found in shown(report))
    written: Counter[str] = Counter()
    for found in sorted(shown(report), key=lambda item: _RANK[_severity(item)]):
        severity = _severity(found)
        left = total[severity] - written[severity]
        if written[severity] == MOST_PER_KIND - 1 and left > 1:
            kind = _KINDS[severity]
            yield f"::{kind} title=guardlint::{left} more {kind}s: see the log or the summary of this step"
        elif written[severity] < MOST_PER_KIND:
            yield _command(found)
        written[severity] += 1


def _severity(found: Finding) -> str:
    """What is waived is said, and is no error."""
    return "note" if found.waived_by else found.severity


def _command(found: Finding) -> str:
    place = found.place
    properties = {
        "file": place.file,
        "line": str(place.line),
        "endLine": str(place.end_line),
        "title": f"guardlint: {found.rule}{' (waived)' if found.waived_by else ''}",
    }
    if place.line == place.end_line:
        # Columns of a span over several lines are refused.
        properties["col"] = str(place.column)
        properties["endColumn"] = str(place.end_column)
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_KINDS[_severity(found)]} {listed}::{_data(explained(found))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
