"""A summary for a pull request or a job page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from guardlint.lint.finding import CheckedConfiguration, Finding, Report

__all__ = ["escaped", "findings_table", "render_markdown"]

_LOADS = {"yes": "loads", "no": "**does not load**", "depends": "may load"}
_MARKS = {"error": "🛑", "warning": "⚠️", "note": "i"}


def render_markdown(report: Report) -> str:
    """Counts, a row for each configuration, a row for each finding, and what does not count, folded."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    counts = ", ".join(
        f"{number} {name}{'' if number == 1 else 's'}"
        for name in ("error", "warning", "note")
        if (number := report.count(name))
    )
    yield f"## guardlint: {counts or 'no findings'}"
    yield ""
    yield "| Configuration | NeMo | Model calls a query | Policy | Findings |"
    yield "| --- | --- | --- | --- | --- |"
    found = [item for item in report.findings if item.counts]
    counts_by = Counter(item.configuration for item in found)
    for item in report.configurations:
        yield _configuration(item, counts_by[item.path])
    if found:
        yield ""
        yield from findings_table(found)
    quiet = [item for item in report.findings if not item.counts]
    if quiet:
        yield ""
        yield f"<details><summary>{len(quiet)} that do not count</summary>"
        yield ""
        yield "| Where | Rule | Why it does not count |"
        yield "| --- | --- | --- |"
        for silent in quiet:
            yield f"| {_where(silent)} | `{silent.rule}` | {escaped(_reason(silent))} |"
        yield ""
        yield "</details>"


def findings_table(findings: list[Finding]) -> Iterator[str]:
    """A row for each finding: where, what, what happens at run time and what to do."""
    yield "| | Where | What | At run time | Mend |"
    yield "| --- | --- | --- | --- | --- |"
    for item in findings:
        what = f"`{item.rule}`: {escaped(item.message)}"
        yield (
            f"| {_MARKS[item.severity]} | {_where(item)} | {what} "
            f"| {escaped(item.at_run_time)} | {escaped(item.help)} |"
        )


def _configuration(item: CheckedConfiguration, findings: int) -> str:
    calls = "-"
    if item.llm_calls is not None:
        low, high = item.llm_calls.low, item.llm_calls.high
        calls = str(high) if low == high else f"{low} to {high}"
    nemo = f"{item.target_version}, {_LOADS[item.loads]}"
    return f"| {_code(item.path)} | {nemo} | {calls} | {escaped(item.policy or '-')} | {findings or '✓'} |"


def _reason(item: Finding) -> str:
    if item.waived_by:
        return f"waived by {item.waived_by}"
    assert item.suppression is not None
    until = f", until {item.suppression.until}" if item.suppression.until else ""
    return f"{item.suppression.reason} ({item.suppression.kind}{until})"


def _where(item: Finding) -> str:
    return _code(f"{item.place.file}:{item.place.line}")


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|').replace('`', chr(39))}`"


def escaped(text: str) -> str:
    """Text of a team's file in a table cell: what it says, and no markup, mention or link of its own.

    Code spans of the messages stay.
    """
    parts = re.split(r"(`[^`\n]*`)", text.replace("\n", " "))
    return "".join(
        _code(part[1:-1]) if part.startswith("`") and part.endswith("`") and len(part) > 1 else
        re.sub(r"([\\*_{}\[\]<>|@#~!])", r"\\\1", part)
        for part in parts
    )  # fmt: skip
