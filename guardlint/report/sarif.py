"""SARIF 2.1.0, for code scanning: fixes, related places, stable fingerprints, suppressions."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from guardlint import __version__
from guardlint.lint.finding import Finding, Report
from guardlint.report.order import explained
from guardlint.rules.registry import all_rules
from guardlint.rules.rule import LoadedRule
from guardlint.source.place import Place

__all__ = ["render_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = "https://guardlint.dev/rules"
# GitHub shows a number between 0 and 10 beside a security finding.
_SEVERITY = {"error": "8.0", "warning": "5.0", "note": "2.0"}
_FINGERPRINT = "guardlint/v1"


def render_sarif(report: Report) -> str:
    """The report as one run, indented, with a line end."""
    known = {rule.id: rule for rule in all_rules()}
    names = sorted({found.rule for found in report.findings})
    index = {name: number for number, name in enumerate(names)}
    run = {
        "tool": {
            "driver": {
                "name": "guardlint",
                "semanticVersion": __version__,
                "informationUri": "https://guardlint.dev",
                # Of a company's own rules nothing but the id is known here.
                "rules": [_rule(known[name]) if name in known else {"id": name} for name in names],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "where guardlint was run"}}},
        "results": [_result(found, index) for found in report.findings],
    }
    data = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: LoadedRule) -> dict[str, Any]:
    title, _, rest = rule.documentation.strip().partition("\n")
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": title.strip()},
        "fullDescription": {"text": " ".join(rest.split()) or title.strip()},
        "help": {"text": rule.documentation.strip(), "markdown": rule.documentation.strip()},
        "helpUri": f"{_RULES}/{rule.id}",
        "defaultConfiguration": {"level": rule.rule.severity},
        "properties": {
            "tags": ["security", rule.family, *rule.rule.controls],
            "precision": {"high": "very-high", "medium": "medium", "low": "low"}[rule.rule.confidence],
            "security-severity": _SEVERITY[rule.rule.severity],
        },
    }


def _result(found: Finding, index: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index[found.rule],
        "level": found.severity,
        "message": {"text": explained(found)},
        "locations": [_location(found.place, found.path)],
        "partialFingerprints": {_FINGERPRINT: found.fingerprint},
        "properties": {"configuration": found.configuration, "confidence": found.confidence},
    }
    if found.related:
        result["relatedLocations"] = [
            {"id": number, **_location(item.place, None), "message": {"text": item.label}}
            for number, item in enumerate(found.related, 1)
        ]
    # SARIF has edits of texts, and no other name for a file.
    if found.fix is not None and not found.fix.renames:
        result["fixes"] = [_fix(found)]
    # The empty list says that suppressions were looked for, as SARIF asks of a tool that knows them.
    result["suppressions"] = _suppressions(found)
    return result


def _suppressions(found: Finding) -> list[dict[str, Any]]:
    if found.waived_by is not None:
        return [{"kind": "external", "status": "accepted", "justification": found.waived_by}]
    if found.suppression is None:
        return []
    kind = "inSource" if found.suppression.kind == "comment" else "external"
    until = f" (until {found.suppression.until})" if found.suppression.until else ""
    said: dict[str, Any] = {
        "kind": kind,
        "status": "accepted",
        "justification": f"{found.suppression.reason}{until}",
    }
    if found.suppression.place is not None:
        said["location"] = _location(found.suppression.place, None)
    return [said]


def _fix(found: Finding) -> dict[str, Any]:
    assert found.fix is not None
    files: dict[str, list[dict[str, Any]]] = {}
    for edit in found.fix.edits:
        change = {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
        files.setdefault(edit.place.file, []).append(change)
    return {
        "description": {"text": found.fix.title + ("" if found.fix.safe else " (changes what runs)")},
        "artifactChanges": [
            {"artifactLocation": _artifact(name), "replacements": changes} for name, changes in files.items()
        ],
    }


def _location(place: Place, path: str | None) -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(place.file), "region": _region(place)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": path, "kind": "member"}]
    return location


def _artifact(file: str) -> dict[str, str]:
    if PurePosixPath(file).is_absolute():
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(file), "uriBaseId": "SRCROOT"}


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
