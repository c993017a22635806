"""The report for people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from guardlint.lint.finding import CheckedConfiguration, Finding, Report
from guardlint.report.frame import code_frame
from guardlint.source.place import Place

__all__ = ["render_text"]

_RULES = "https://guardlint.dev/rules"
_COLOURS = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "dim": "2",
    "blue": "1;34",
    "green": "1;32",
}


class _Pen:
    def __init__(self, colour: bool, links: bool) -> None:
        self._colour = colour
        self._links = links

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self._colour and text else text

    def rule(self, id: str) -> str:
        """The id, as a link to its page where the terminal can show one (OSC 8)."""
        return f"\x1b]8;;{_RULES}/{id}\x1b\\{id}\x1b]8;;\x1b\\" if self._links else id


def render_text(report: Report, *, colour: bool = False, width: int = 100, links: bool = False) -> str:
    """Every finding with its frame, then a line for each configuration and the counts.

    ``width`` in columns; ``links`` makes the ids of rules links.
    """
    pen = _Pen(colour, links)
    blocks = [
        "\n".join(_finding(finding, report.sources, pen, width))
        for finding in report.findings
        if finding.suppression is None
    ]
    blocks.append("\n".join(_summary(report, pen)))
    return "\n\n".join(blocks) + "\n"


def _finding(finding: Finding, sources: dict[str, str], pen: _Pen, width: int) -> Iterator[str]:
    level = f"{'waived' if finding.waived_by else finding.severity}[{pen.rule(finding.rule)}]"
    style = "dim" if finding.waived_by else finding.severity
    yield f"{pen(style, level)}: {pen('bold', finding.message)}"
    places = [finding.place, *(related.place for related in finding.related)]
    gutter = max(len(str(place.line)) for place in places)
    yield f"{' ' * gutter}{pen('blue', '-->')} {finding.place}"
    yield from _frame(finding.place, sources, gutter, pen, style, "^", "")
    for related in finding.related:
        if related.place.file != finding.place.file or sources.get(related.place.file) is None:
            yield f"{' ' * gutter}{pen('blue', ':::')} {related.place}"
        yield from _frame(related.place, sources, gutter, pen, "blue", "-", related.label)
    notes = [("at run time", finding.at_run_time), ("help", finding.help)]
    if finding.confidence != "high":
        notes.insert(1, ("confidence", finding.confidence))
    if finding.policy:
        notes.append(("policy", finding.policy))
    if finding.fix is not None:
        way = "--fix" if finding.fix.safe else "--unsafe-fixes"
        notes.append(("fix", f"`guardlint check {way}` can {finding.fix.title}"))
    if finding.waived_by:
        notes.append(("waived by", finding.waived_by))
    for name, text in notes:
        lead = f"{' ' * (gutter + 1)}= {name}: "
        wrapped = _wrapped(text, max(width - len(lead), 30))
        yield f"{' ' * (gutter + 1)}{pen('blue', '=')} {pen('bold', name)}: {wrapped[0]}"
        yield from (" " * len(lead) + line for line in wrapped[1:])


@lru_cache(maxsize=1024)
def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, which says the same of many configurations; not to be changed."""
    from textwrap import wrap

    # The names of rules and waivers have hyphens, and are searched for.
    return wrap(text, width, break_on_hyphens=False) or [""]


def _frame(
    place: Place, sources: dict[str, str], gutter: int, pen: _Pen, style: str, mark: str, label: str
) -> Iterator[str]:
    frame = code_frame(place, sources.get(place.file), mark)
    bar = pen("blue", "|")
    if frame is None:
        if label:
            yield f"{' ' * gutter} {bar} {label}"
        return
    source, marks = frame
    yield f"{' ' * gutter} {bar}"
    yield f"{pen('blue', str(place.line).rjust(gutter))} {bar} {source}"
    yield f"{' ' * gutter} {bar} {pen(style, marks)}{' ' + label if label else ''}"


def _summary(report: Report, pen: _Pen) -> Iterator[str]:
    failing = {found.configuration for found in report.findings if found.severity == "error" and found.counts}
    for configuration in report.configurations:
        yield _configuration(configuration, pen, fails=configuration.path in failing)
    counts = [
        pen(style, _plural(report.count(style), style))
        for style in ("error", "warning", "note")
        if report.count(style)
    ]  # fmt: skip
    waived = sum(1 for found in report.findings if found.waived_by)
    if waived:
        counts.append(pen("dim", f"{waived:,} waived"))
    suppressed = sum(1 for found in report.findings if found.suppression)
    if suppressed:
        counts.append(pen("dim", f"{suppressed:,} suppressed"))
    checked = _plural(len(report.configurations), "configuration")
    yield f"{checked} checked: {', '.join(counts) if counts else pen('green', 'no findings')}"


def _configuration(configuration: CheckedConfiguration, pen: _Pen, *, fails: bool) -> str:
    mark = pen("error", "✗") if fails else pen("green", "✓")
    loads = {"yes": "NeMo loads it", "no": "NeMo does not load it", "depends": "NeMo may load it"}
    facts = [f"NeMo {configuration.target_version}", loads[configuration.loads]]
    if configuration.llm_calls is not None:
        calls = configuration.llm_calls
        span = str(calls.high) if calls.low == calls.high else f"{calls.low} to {calls.high}"
        facts.append(f"{span} model calls a query" if span != "1" else "1 model call a query")
    if configuration.policy:
        facts.append(f"policy {configuration.policy}")
    return f"{mark} {pen('bold', configuration.path)}  {pen('dim', ', '.join(facts))}"


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
