"""GitLab's Code Quality report, a subset of the Code Climate format."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from guardlint.lint.finding import Finding, Report
from guardlint.report.order import explained, shown

__all__ = ["render_gitlab"]

_SEVERITIES = {"error": "critical", "warning": "minor", "note": "info"}


def render_gitlab(report: Report) -> str:
    """A list of issues; GitLab takes two with one fingerprint for one, so that each gets its own."""
    seen: Counter[str] = Counter()
    issues = [_issue(found, seen) for found in shown(report)]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(found: Finding, seen: Counter[str]) -> dict[str, Any]:
    seen[found.fingerprint] += 1
    place = found.place
    number = f"{found.fingerprint}:{seen[found.fingerprint]}".encode()
    return {
        "type": "issue",
        "check_name": found.rule,
        "description": explained(found, separator=" "),
        "categories": ["Security"],
        # What is waived is shown, and does not weigh.
        "severity": "info" if found.waived_by else _SEVERITIES[found.severity],
        "fingerprint": hashlib.sha256(number).hexdigest(),
        "location": {
            "path": place.file,
            "lines": {"begin": place.line, "end": place.end_line},
            "positions": {
                "begin": {"line": place.line, "column": place.column},
                "end": {"line": place.end_line, "column": place.end_column},
            },
        },
    }
