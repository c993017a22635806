"""JUnit XML: a test suite for each configuration, a failed test case for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from guardlint.lint.finding import Finding, Report
from guardlint.report.order import explained
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["render_junit"]

_CONTROL = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> str:
    """Notes pass; what is waived or suppressed is skipped, with the reason; a clean configuration passes."""
    root = Xml.Element("testsuites", name="guardlint")
    paths = [item.path for item in report.configurations]
    found: dict[str, list[Finding]] = {path: [] for path in paths}
    for item in report.findings:
        found.setdefault(item.configuration, []).append(item)
    for path in [*paths, *sorted(found.keys() - set(paths))]:
        root.append(_suite(path, found[path]))
    for name in ("tests", "failures", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("errors", "0")
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(path: str, findings: Sequence[Finding]) -> Xml.Element:
    cases = [_case(found) for found in findings] or [
        Xml.Element("testcase", classname=_text(path), name="check")
    ]
    suite = Xml.Element("testsuite", name=_text(path))
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _case(found: Finding) -> Xml.Element:
    case = Xml.Element(
        "testcase",
        classname=_text(found.configuration),
        name=_text(f"{found.rule} at {found.place}"),
        file=_text(found.place.file),
        line=str(found.place.line),
    )
    body = _text(f"{found.place}\n{explained(found)}")
    if not found.counts:
        reason = found.waived_by or (found.suppression.reason if found.suppression else "")
        Xml.SubElement(case, "skipped", message=_text(reason))
    elif found.severity == "note":
        Xml.SubElement(case, "system-out").text = body
    else:
        Xml.SubElement(case, "failure", type=found.severity, message=_text(found.message)).text = body
    return case


def _text(text: str) -> str:
    """XML has no way to write most control characters."""
    return _CONTROL.sub("\ufffd", text)
