"""Reads a rule's page: Markdown whose cases are configurations with their findings written at the line.

A heading of level two or deeper begins a case. In it, a fence that names a file is a file of the
configuration::

    ```yaml file=config.yml
    rail:  # error: [unknown-key] @1 `rail` is not a key
    ```

``# error: [rule-id] part of the message`` (also ``warning``, ``note``) at the end of a line expects a
finding that begins there; ``@5`` after the id pins the column. The annotation is taken out before the file
is written, so that it can stand in a block of text, and files are what a team would have. Findings that do
not fit on a line go into a fence ``expects``, one ``file:line: error: [rule-id] text`` a line.

Words after the file's name change how it is written: ``crlf``, ``bom``, ``latin1``, ``empty``. A file with
``central=`` instead of ``file=`` belongs to the central repository, one with ``base=`` to the commit that a
change starts from: the case then expects what the gate says. With ``fixed=`` it is what
``guardlint check --fix --unsafe-fixes`` makes of a file of the case; all others then stay as they are.
Lines of prose that begin with ``NeMo: loads``, ``NeMo: refuses`` (and, in quotes, a part of what NeMo says)
or ``Policy: id`` are read too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from guardlint.lint.baseline import BASELINE_FILE, read_baseline, with_baseline
from guardlint.lint.check import check, select_rules
from guardlint.lint.finding import Finding, Report
from guardlint.lint.gate import compare, examine
from guardlint.lint.mending import Mended, mend
from guardlint.lint.targets import find_targets
from guardlint.rules.registry import company_rules
from guardlint.source.files import shown_path
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = [
    "Case",
    "Expected",
    "check_case",
    "disagreements",
    "mend_case",
    "page_problems",
    "parse_page",
    "write_case",
]

# The day on which every page is read.
TODAY = date(2026, 11, 1)

_FENCE = lazy_pattern(r"^(`{3,})(.*)$")
_ATTRIBUTE = lazy_pattern(r"(file|central|base|fixed)=(\S+)")
_NOTE = lazy_pattern(
    r"\s*#\s*(?P<severity>error|warning|note):\s*\[(?P<rule>[\w-]+)\](?:\s*@(?P<column>\d+))?\s*(?P<part>.*?)\s*$"
)
_EXPECTS = lazy_pattern(
    r"(?P<file>\S+?):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<severity>error|warning|note): "
    r"\[(?P<rule>[\w-]+)\]\s*(?P<part>.*)$"
)
_NEMO = lazy_pattern(r"NeMo: (loads|refuses)(?: \"(.*)\")?")


@dataclass(frozen=True)
class Expected:
    """A finding that the page expects."""

    file: str
    line: int
    column: int | None
    severity: str
    rule: str
    part: str

    def __str__(self) -> str:
        at = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{at}: {self.severity}: [{self.rule}] {self.part}"


@dataclass
class Case:
    """One configuration of a page. ``nemo`` is what the page says NeMo does, with a part of its message."""

    page: str
    title: str
    line: int
    files: dict[str, bytes] = field(default_factory=dict)
    central: dict[str, bytes] = field(default_factory=dict)
    base: dict[str, bytes] = field(default_factory=dict)
    fixed: dict[str, bytes] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    nemo: tuple[str, str] | None = None
    policy: str | None = None

    def __str__(self) -> str:
        return f"{self.page}: {self.title}"


def parse_page(path: Path) -> list[Case]:
    """The cases of one page. Raises ValueError, with the line, for what the page format does not know."""
    cases: list[Case] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        fence = _FENCE.match(line)
        if fence is None:
            if line.startswith("##"):
                cases.append(Case(path.stem, line.lstrip("# "), number))
            elif cases:
                _read_prose(cases[-1], line)
            continue
        begin = number
        while number < len(lines) and lines[number] != fence[1]:
            number += 1
        if number == len(lines):
            raise ValueError(f"{path.name}:{begin}: the fence is never closed")
        if cases:
            _read_fence(cases[-1], fence[2], lines[begin:number], f"{path.name}:{begin}")
        number += 1
    return [case for case in cases if case.files]


def _read_prose(case: Case, line: str) -> None:
    nemo = _NEMO.match(line)
    if nemo is not None:
        case.nemo = (nemo[1], nemo[2] or "")
    elif line.startswith("Policy: "):
        case.policy = line.removeprefix("Policy: ").strip()


def _read_fence(case: Case, info: str, body: list[str], where: str) -> None:
    words = info.split()
    if words[:1] == ["expects"]:
        for line in filter(str.strip, body):
            found = _EXPECTS.match(line)
            if found is None:
                raise ValueError(f"{where}: not `file:line: error: [rule-id] text`: {line}")
            case.expected.append(_expected(found, found["file"], int(found["line"])))
        return
    attribute = next(filter(None, map(_ATTRIBUTE.fullmatch, words)), None)
    if attribute is None:
        return
    kind, name = attribute[1], attribute[2]
    unknown = set(words[1:]) - {attribute[0], "crlf", "bom", "latin1", "empty"}
    if unknown:
        raise ValueError(f"{where}: unknown words {sorted(unknown)}")
    plain = []
    for number, line in enumerate(body, 1):
        while kind != "fixed" and (found := _NOTE.search(line)) is not None:
            case.expected.append(_expected(found, name, number))
            line = line[: found.start()]
        plain.append(line)
    text = "" if "empty" in words else "\n".join(plain) + "\n"
    if "crlf" in words:
        text = text.replace("\n", "\r\n")
    data = text.encode("latin-1" if "latin1" in words else "utf-8-sig" if "bom" in words else "utf-8")
    {"file": case.files, "central": case.central, "base": case.base, "fixed": case.fixed}[kind][name] = data


def _expected(found: re.Match[str], file: str, line: int) -> Expected:
    column = int(found["column"]) if found["column"] else None
    return Expected(file, line, column, found["severity"], found["rule"], found["part"])


def write_case(case: Case, folder: Path) -> Path:
    """Write the case below ``folder``; returns the directory of the configuration."""
    for name, files in (("team", case.files), ("central", case.central), ("base", case.base)):
        for relative, data in files.items():
            target = folder / name / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return folder / "team"


def check_case(case: Case, folder: Path, *, packages: Sequence[str] = ()) -> tuple[Report, list[str]]:
    """What guardlint reports for the written case, and how that differs from the page.

    ``packages`` are a company's, by the names of their entry points; their rules run beside guardlint's.
    """
    root = folder / "team"
    rules = (*select_rules(), *company_rules(packages))
    found = find_targets([root], policy=case.policy, central=folder / "central" if case.central else None)
    if found.problems:
        return Report((), (), {}), [f"refused: {problem}" for problem in found.problems]
    report = check(found.targets, rules, TODAY)
    if case.base:
        base = [replace(target, root=folder / "base", identity="team") for target in found.targets]
        head = [replace(target, identity="team") for target in found.targets]
        report = compare(examine(base, rules, TODAY), examine(head, rules, TODAY)).report
    if BASELINE_FILE in case.files:
        report = with_baseline(report, read_baseline(root / BASELINE_FILE))
    return report, disagreements(case, report, root)


def mend_case(case: Case, folder: Path) -> tuple[Mended, list[str]]:
    """What ``--fix --unsafe-fixes`` makes of the written case, and how that differs from the page."""
    root = folder / "team"
    found = find_targets([root], policy=case.policy, central=folder / "central" if case.central else None)
    mended = mend(found.targets, select_rules(), TODAY, unsafe=True)
    problems = []
    expected = {**case.files, **case.fixed} if case.fixed else {}
    expected = {
        name: data for name, data in expected.items() if shown_path(root / name) not in mended.renamed
    }
    for name, data in expected.items():
        shown = shown_path(root / name)
        after = mended.after[shown].encode() if shown in mended.after else case.files.get(name, b"")
        if after != data:
            problems.append(f"{name} is, when it is mended:\n{after.decode(errors='replace')}")
    return mended, problems


def disagreements(case: Case, report: Report, root: Path) -> list[str]:
    """One line for each expected finding that is not there and each finding that the page does not list."""
    remaining = [found for found in report.findings if found.counts]
    problems = []
    for expected in case.expected:
        match = next((found for found in remaining if _meets(expected, found, root)), None)
        if match is None:
            problems.append(f"expected, not found: {expected}")
        else:
            remaining.remove(match)
    for found in remaining:
        file = _relative(found.place.file, root)
        place = f"{file}:{found.place.line}:{found.place.column}"
        problems.append(f"found, not expected: {place}: {found.severity}: [{found.rule}] {found.message}")
    return problems


def _meets(expected: Expected, found: Finding, root: Path) -> bool:
    return (
        (expected.file, expected.line, expected.severity, expected.rule)
        == (_relative(found.place.file, root), found.place.line, found.severity, found.rule)
        and expected.part in found.message
        and expected.column in (None, found.place.column)
    )


def _relative(file: str, root: Path) -> str:
    path = Path.cwd() / file
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def page_problems(rule: str, cases: list[Case], *, fix: bool) -> list[str]:
    """Why a page is not a test of its rule: no case that fires, or none that passes; or none that is mended.

    ``fix``: whether the rule declares that its findings come with one.
    """
    problems = []
    if not any(expected.rule == rule for case in cases for expected in case.expected):
        problems.append(f"{rule}.md has no case in which the rule fires")
    if all(any(expected.rule == rule for expected in case.expected) for case in cases):
        problems.append(f"{rule}.md has no case in which the rule is silent")
    fired = [case for case in cases if any(expected.rule == rule for expected in case.expected)]
    if fix and not any(case.fixed for case in fired):
        problems.append(f"{rule}.md has no `fixed` block, and the rule declares a fix")
    if not fix and any(case.fixed for case in cases):
        problems.append(f"{rule}.md has a `fixed` block, and the rule declares no fix")
    return problems
