"""A run as text, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from guardlint.cli._trials.benign import LIMIT
from guardlint.cli._trials.outcome import Outcome, Status
from guardlint.cli._trials.summary import Covered, Problem, Summary
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["FORMATS", "as_json", "as_junit", "line_of", "tables", "verdict_lines"]

FORMATS = ("text", "json", "junit")

_SIGNS: dict[Status, str] = {"passed": "✓", "failed": "✗", "flaky": "≈", "skipped": "-", "overblocked": "!"}
_CONTROL = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def line_of(outcome: Outcome) -> str:
    """One case on one line, or two with its place where something is wrong."""
    head = f"{_SIGNS[outcome.status]} {outcome.suite}  {outcome.case}"
    if outcome.why is None:
        return head
    word = {"flaky": "flaky: ", "skipped": "left out: "}.get(outcome.status, "")
    place = "" if outcome.status == "skipped" else f"\n    {outcome.place}"
    return f"{head}: {word}{outcome.why}{place}"


def tables(found: Summary) -> Iterator[str]:
    """Coverage by suite, and over-blocking by rail."""
    rows = [("", "exercised", "never")]
    suite = None
    for covered in found.coverage:
        if covered.aspect.suite != suite:
            suite = covered.aspect.suite
            rows.append((suite, "", ""))
        counts = ", ".join(f"{way} {count}" for way, count in covered.counts if count)
        rows.append((f"  {covered.aspect.name}", counts, ", ".join(covered.missing)))
    if found.coverage:
        yield "coverage"
        yield from _aligned(rows)
    if found.rates:
        yield "over-blocking of benign texts"
        yield from _aligned(
            [(f"  {rate.suite}", str(rate), "too much" if rate.too_high else "") for rate in found.rates]
        )


def verdict_lines(found: Summary) -> Iterator[str]:
    """What the run fails for beside its cases, what it covers in short, and the counts."""
    for tried in found.errors:
        error = str(tried.error)
        yield f"✗ {error}" if tried.label in error else f"✗ {tried.label}: {error}"
    for problem in found.problems:
        yield f"✗ {problem.what}  {problem.name}: {problem.message}\n    {problem.place}"
    if not found.partial:
        for what, words in (
            ("constraint", "constraints fire and hold"),
            ("rail", "rails and flows act and let pass"),
            ("branch", "branches are taken every way"),
        ):
            of = [covered for covered in found.coverage if covered.aspect.what == what]
            if of:
                yield f"{sum(not covered.missing for covered in of)} of {len(of)} {words}"
    stopped, count = sum(rate.stopped for rate in found.rates), sum(rate.count for rate in found.rates)
    if count:
        yield f"{stopped} of {count} benign texts are stopped or changed ({stopped / count:.1%})"
    left = found.count("skipped")
    if left:
        yield f"{left} left out"
    total = len(found.outcomes) - left
    failed, flaky = found.count("failed"), found.count("flaky")
    more = f", {flaky} flaky" if flaky else ""
    yield f"{total} case{'' if total == 1 else 's'}, {failed} failed{more}"


def as_json(found: Summary, seconds: float) -> str:
    """Version 1 of the report, ``schemas/test-report.json``."""
    data: dict[str, Any] = {
        "schema": "guardlint/test-report/v1",
        "summary": {
            "cases": len(found.outcomes),
            **{status: found.count(status) for status in _SIGNS},
            "problems": len(found.problems),
            "errors": len(found.errors),
            "partial": found.partial,
            "seconds": round(seconds, 3),
        },
        "cases": [
            {
                "suite": outcome.suite,
                "case": outcome.case,
                "status": outcome.status,
                "why": outcome.why,
                "about": outcome.about,
                "place": outcome.place,
                "seconds": round(outcome.seconds, 4),
            }
            for outcome in found.outcomes
        ],
        "coverage": [_covered(covered) for covered in found.coverage],
        "over_blocking": [
            {
                "suite": rate.suite,
                "stopped": rate.stopped,
                "texts": rate.count,
                "rate": round(rate.share, 6),
                "low": round(rate.interval[0], 6),
                "high": round(rate.interval[1], 6),
                "limit": LIMIT,
            }
            for rate in found.rates
        ],
        "problems": [
            {"suite": problem.what, "name": problem.name, "message": problem.message, "place": problem.place}
            for problem in found.problems
        ],
        "errors": [{"suite": tried.label, "message": tried.error} for tried in found.errors],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_junit(found: Summary) -> str:
    """A suite for each rail, policy and configuration, and one for what no single case is to blame for."""
    root = Xml.Element("testsuites", name="guardlint test")
    suites: dict[str, list[Outcome]] = {}
    for outcome in found.outcomes:
        suites.setdefault(outcome.suite, []).append(outcome)
    for name, outcomes in suites.items():
        root.append(_suite(name, [_case(outcome) for outcome in outcomes]))
    whole = [_problem(problem) for problem in found.problems]
    for tried in found.errors:
        case = Xml.Element("testcase", classname=_text(tried.label), name="documents")
        Xml.SubElement(case, "error", message=_text(str(tried.error)))
        whole.append(case)
    if whole:
        root.append(_suite("the whole", whole))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _covered(covered: Covered) -> dict[str, Any]:
    aspect = covered.aspect
    return {
        "suite": aspect.suite,
        "what": aspect.what,
        "name": aspect.name,
        "place": aspect.place,
        "required": aspect.required,
        "exercised": dict(covered.counts),
        "missing": list(covered.missing),
    }


def _suite(name: str, cases: Sequence[Xml.Element]) -> Xml.Element:
    suite = Xml.Element("testsuite", name=_text(name), tests=str(len(cases)))
    suite.extend(cases)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    seconds = sum(float(case.get("time", "0")) for case in cases)
    suite.set("time", f"{seconds:.3f}")
    return suite


def _case(outcome: Outcome) -> Xml.Element:
    case = Xml.Element(
        "testcase",
        classname=_text(outcome.suite),
        name=_text(outcome.case),
        time=f"{outcome.seconds:.3f}",
    )
    why = _text(outcome.why or "")
    if outcome.bad:
        failure = Xml.SubElement(case, "failure", type=outcome.status, message=why)
        failure.text = _text(outcome.place)
    elif outcome.status == "skipped":
        Xml.SubElement(case, "skipped", message=why)
    elif outcome.status == "overblocked":
        Xml.SubElement(case, "system-out").text = why
    return case


def _problem(problem: Problem) -> Xml.Element:
    case = Xml.Element("testcase", classname=_text(problem.what), name=_text(problem.name), time="0.000")
    failure = Xml.SubElement(case, "failure", type="uncovered", message=_text(problem.message))
    failure.text = _text(problem.place)
    return case


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def _text(text: str) -> str:
    """XML has no way to write most control characters."""
    return _CONTROL.sub("\ufffd", text)
