"""Writes ``docs/rules/``: a page for each rule, from its docstring and the cases of its test page.

``guardlint explain`` shows the same pages. ``--check`` writes nothing and fails where a page differs.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from guardlint.rules.registry import all_rules
from guardlint.rules.rule import LoadedRule
from guardlint.source.files import write_atomic

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "rules"
PAGES = ROOT / "docs" / "rules"

_PARTS = re.compile(r"^(What it does|Why it matters|How to fix)[^:\n]*:\s*(.)", re.MULTILINE)
_COLUMN = re.compile(r"(# (?:error|warning|note): \[[\w-]+\]) @\d+")
_EXPECTATION = re.compile(r"(?:error|warning|note): \[")


def page(rule: LoadedRule, cases: str) -> str:
    """The page of one rule; ``cases`` is its test page."""
    return "\n".join(_lines(rule, cases)).rstrip() + "\n"


def index(rules: tuple[LoadedRule, ...]) -> str:
    """The list of all rules, by family."""
    lines = ["# Rules", "", "Written by `make generate` from the rules and their tests.", ""]
    for family in sorted({rule.family for rule in rules}):
        lines += [
            f"## {family}",
            "",
            "| rule | severity | fix | what it finds |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.rule.severity} | {rule.rule.fix or ''} | {rule.title} |"
            for rule in rules
            if rule.family == family
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _lines(rule: LoadedRule, cases: str) -> Iterator[str]:
    title, _, rest = rule.documentation.strip().partition("\n")
    yield f"# {rule.id}"
    yield ""
    yield title
    yield ""
    fix = {"safe": "`--fix`", "unsafe": "`--unsafe-fixes`", None: "none"}[rule.rule.fix]
    yield f"Severity: {rule.rule.severity}. Confidence: {rule.rule.confidence}. Family: {rule.family}."
    yield f"Fix: {fix}. Since: guardlint {rule.rule.since}."
    if rule.rule.controls:
        yield f"Controls: {', '.join(rule.rule.controls)}."
    yield ""
    text = rest.strip().replace("``", "`")
    yield _PARTS.sub(lambda found: f"## {found[1]}\n\n{found[2].upper()}", text)
    sections = re.split(r"(?m)^(?=##+ )", cases)[1:]
    bad = next((part for part in sections if re.search(rf"\[{rule.id}\]", part)), None)
    without = [part for part in sections if "file=" in part and f"[{rule.id}]" not in part]
    good = next((part for part in without if not _EXPECTATION.search(part)), next(iter(without), None))
    for word, section in (("Reported", bad), ("Not reported", good)):
        if section is not None:
            yield ""
            yield f"## {word}: {_example(section)}"


def _example(section: str) -> str:
    heading, _, body = section.partition("\n")
    body = re.sub(
        r"(?m)^NeMo: (\w+)(.*)$",
        lambda found: {"loads": "NeMo loads it.", "refuses": f"NeMo refuses it{found[2]}."}[found[1]],
        body,
    )
    body = re.sub(r"(?m)^(`{3,})(\w+) (?:file|central)=(\S+).*$", r"\3\n\n\1\2", body)
    body = re.sub(r"(?m)^(`{3,})(\w+) base=(\S+).*$", r"\3, before the change\n\n\1\2", body)
    body = re.sub(r"(?m)^(`{3,})(\w+) fixed=(\S+).*$", r"\3, mended\n\n\1\2", body)
    body = _COLUMN.sub(r"\1", body)
    body = re.sub(r"(?m)^(`{3,})expects$", r"\1text", body)
    return f"{heading.lstrip('# ')}\n\n{body.strip()}"


def main(arguments: list[str]) -> int:
    """Exit code 1 where ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(arguments).check
    rules = all_rules()
    wanted = {
        f"{rule.id}.md": page(rule, (CASES / f"{rule.id}.md").read_text(encoding="utf-8")) for rule in rules
    }
    wanted["README.md"] = index(rules)
    PAGES.mkdir(parents=True, exist_ok=True)
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    different = sorted(name for name in wanted | there if wanted.get(name) != there.get(name))
    for name in different:
        if check:
            print(f"docs/rules/{name} differs from what `make generate` writes", file=sys.stderr)
        elif name in wanted:
            write_atomic(PAGES / name, wanted[name].encode())
        else:
            (PAGES / name).unlink()
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
