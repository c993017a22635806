"""``guardlint/findings/v1``: the report for machines (``schemas/findings.json``)."""

from __future__ import annotations

import json
from typing import Any

from guardlint.lint.finding import CheckedConfiguration, Finding, Report, Suppression
from guardlint.source.place import Place

__all__ = ["SCHEMA", "as_data", "place_data", "render_json"]

SCHEMA = "guardlint/findings/v1"


def render_json(report: Report) -> str:
    """The report as indented JSON with a line end; the same report gives the same text."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "schema": SCHEMA,
        "summary": {
            "configurations": len(report.configurations),
            "errors": report.count("error"),
            "warnings": report.count("warning"),
            "notes": report.count("note"),
            "waived": sum(1 for found in report.findings if found.waived_by),
            "suppressed": sum(1 for found in report.findings if found.suppression),
        },
        "configurations": [_configuration(item) for item in report.configurations],
        "findings": [_finding(item) for item in report.findings],
    }


def _configuration(item: CheckedConfiguration) -> dict[str, Any]:
    calls = item.llm_calls
    return {
        "path": item.path,
        "target_version": item.target_version,
        "loads": item.loads,
        "engines": {
            name: {"uses": engine.uses, "reason": engine.reason} for name, engine in item.engines.items()
        },
        "llm_calls": {"low": calls.low, "usual": calls.usual, "high": calls.high} if calls else None,
        "policy": item.policy,
        "tier": item.tier,
    }


def _finding(item: Finding) -> dict[str, Any]:
    return {
        "rule": item.rule,
        "severity": item.severity,
        "confidence": item.confidence,
        "message": item.message,
        "configuration": item.configuration,
        **place_data(item.place),
        "path": item.path,
        "at_run_time": item.at_run_time,
        "help": item.help,
        "fingerprint": item.fingerprint,
        "related": [{**place_data(related.place), "label": related.label} for related in item.related],
        "policy": item.policy,
        "waived_by": item.waived_by,
        "suppressed": _suppression(item.suppression),
        "fix": {"title": item.fix.title, "safe": item.fix.safe} if item.fix else None,
    }


def _suppression(item: Suppression | None) -> dict[str, Any] | None:
    if item is None:
        return None
    place = {"file": item.place.file, "line": item.place.line} if item.place else {"file": None, "line": None}
    return {"kind": item.kind, "reason": item.reason, "until": item.until, **place}


def place_data(place: Place) -> dict[str, Any]:
    """A place as every machine format of guardlint writes it."""
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
