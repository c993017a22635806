"""Every fix, applied to every firing case of every page and to the same case written otherwise.

Whatever the fix: the files still parse, no data changes but what the fix names, all comments survive, the
finding is gone, a second run changes nothing, and no error appears that the mended one did not hide.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from guardlint.lint import rule_pages
from guardlint.lint.check import Target, check_one, read_target, select_rules
from guardlint.lint.finding import Finding
from guardlint.lint.mending import mend, write_mended
from guardlint.lint.rule_pages import Case
from guardlint.lint.target import target_version
from guardlint.lint.targets import find_targets
from guardlint.source.yaml_file import DataPath

PAGES = Path(__file__).parents[1] / "rules"
RULES = select_rules()
FIXING = sorted(rule.id for rule in RULES if rule.rule.fix is not None)
# What an error hid: rules that say nothing until the finding before them is mended.
HIDDEN = {
    # The section, rail or judge is read now, and has faults of its own.
    "unknown-key": {"does-not-load", "entities-without-rail", "langchain-parameter", "rail-without-settings"},
    "unknown-flow": {"does-not-load", "rail-without-settings"},
    # The rail that is meant wants a prompt.
    "unread-parameter": {"does-not-load"},
    "wrong-direction": {"does-not-load"},
    # It is an answer's text that an input rail asks for.
    "unknown-context-key": {"blind-rail"},
    # It was never run.
    "unknown-action": {"old-style-outcome"},
}


@cache
def cases(rule: str) -> list[Case]:
    """The cases of a rule's page in which it fires on the files alone."""
    found = rule_pages.parse_page(PAGES / f"{rule}.md")
    return [
        case for case in found if not case.base and any(expected.rule == rule for expected in case.expected)
    ]


def findings(targets: tuple[Target, ...]) -> list[Finding]:
    found = []
    for target in targets:
        found += check_one(read_target(target), target, RULES, rule_pages.TODAY)[1]
    return [finding for finding in found if finding.counts]


def flat(data: Any, path: DataPath = ()) -> Iterator[tuple[DataPath, Any]]:
    """Every scalar, and every empty section, by its path."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from flat(value, (*path, key))
    elif isinstance(data, list) and data:
        for index, value in enumerate(data):
            yield from flat(value, (*path, index))
    else:
        yield path, data


def comments(text: str) -> list[str]:
    """Comments that fill a line, and the marks that the mutations leave behind lines."""
    return re.findall(r"(?m)^\s*(#.*?)\s*$|(#\s*mark \d+)\s*$", text)


def prove(root: Path, case: Case, folder: Path) -> tuple[list[Finding], list[Finding]]:
    """Mend, and look at everything that must hold; the findings that were mended, and those refused."""
    central = folder / "central" if case.central else None
    found = find_targets([root], policy=case.policy, central=central).targets
    targets = tuple(replace(target, version=target_version(target.root)) for target in found)
    before = findings(targets)
    result = mend(targets, RULES, rule_pages.TODAY, unsafe=True)
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in root.rglob("*") if path.is_file()}
    write_mended(result)
    changed: dict[str, set[DataPath]] = {}
    dropped: Counter[str] = Counter()
    for finding in result.applied:
        assert finding.fix is not None
        dropped.update(finding.fix.comments)
        for edit in finding.fix.edits:
            changed.setdefault(edit.place.file, set()).update(finding.fix.changes)
    moved = {
        (Path.cwd() / was).resolve(): (Path.cwd() / now).resolve() for was, now in result.renamed.items()
    }
    texts = {moved.get(path.resolve(), path): text for path, text in texts.items()}
    for path, old in texts.items():
        new = path.read_bytes().decode("utf-8", "replace")
        if new == old:
            continue
        name = next(name for name in result.after if (Path.cwd() / name).samefile(path))
        assert ("\r\n" in old) == ("\r\n" in new) or "\n" not in old
        assert old.startswith("\ufeff") == new.startswith("\ufeff")
        if path.suffix == ".py":
            ast.parse(new.removeprefix("\ufeff"))
        if path.suffix in (".yml", ".yaml"):
            only_meant(old, new, changed[name])
    lost = comments_of_all(texts.values()) - comments_of_all(
        path.read_bytes().decode("utf-8", "replace") for path in texts
    )
    assert lost - dropped == Counter()
    after = findings(targets)
    gone = Counter(finding.fingerprint for finding in result.applied)
    was = Counter(finding.fingerprint for finding in before)
    now = Counter(finding.fingerprint for finding in after)
    for name, count in gone.items():
        assert now[name] <= max(was[name] - count, 0), name
    rules = {finding.rule for finding in result.applied}
    appeared = {found.rule for found in after if found.severity == "error"} - {found.rule for found in before}
    hidden = set().union(*(HIDDEN.get(rule, set()) for rule in rules))
    assert appeared <= hidden, f"{sorted(rules)} made {sorted(appeared - hidden)} appear"
    assert mend(targets, RULES, rule_pages.TODAY, unsafe=True).after == {}
    return result.applied, result.refused


def comments_of_all(texts: Any) -> Counter[str]:
    return Counter(one or two for text in texts for one, two in comments(text))


def only_meant(old: str, new: str, changes: set[DataPath]) -> None:
    """What stands outside of ``changes`` is the same; items of a list that lost one may have moved up."""
    was, now = dict(flat(yaml.safe_load(old))), dict(flat(yaml.safe_load(new)))
    for path in was.keys() | now.keys():
        if was.get(path, yaml) != now.get(path, yaml):
            near = any(path[: len(change)] == change or change[: len(path)] == path for change in changes)
            assert near, f"{path} changed, and the fix names {sorted(changes, key=str)}"


@pytest.mark.parametrize("rule", FIXING)
def test_every_fix_of_every_case(rule: str, tmp_path: Path) -> None:
    """As the page has it; at least one case is mended, and none has a fix that does not prove right."""
    count, refused = 0, []
    for number, case in enumerate(cases(rule)):
        folder = tmp_path / str(number)
        root = rule_pages.write_case(case, folder)
        applied, not_applied = prove(root, case, folder)
        count += sum(finding.rule == rule for finding in applied)
        refused += [f"{case.title}: {finding.rule}" for finding in not_applied]
    assert count > 0
    assert [name for name in refused if name not in REFUSED] == []


REFUSED = {
    # One text serves two places (an alias, a merge): mending one would change the other.
    "A wrong key that a merge brings in: unknown-key",
    "Entities twice, in a store of anchors: duplicate-key",
    "One list for two directions: unserved-entity",
    "A threshold in flow style, and one for two directions: silencing-threshold",
}


def commented(text: str, name: str, random: Random) -> str:
    """Comments on lines of their own, and behind lines, with blank lines between."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        indent = line[: len(line) - len(line.lstrip())]
        if random.random() < 0.3 and line.strip():
            lines.append(f"{indent}# mark {number}")
        if random.random() < 0.2 and not name.endswith(".py"):
            lines.append("")
        if random.random() < 0.3 and line.strip() and "#" not in line:
            line = f"{line}  # mark {1000 + number}"
        lines.append(line)
    return "\n".join(lines)


def deeper(text: str, name: str, _random: Random) -> str:
    """Twice the indentation."""
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + line for line in text.split("\n"))


def in_braces(text: str, name: str, _random: Random) -> str:
    """Flow style all through."""
    if not name.endswith((".yml", ".yaml")):
        return text
    data = yaml.safe_load(text)
    if not isinstance(data, dict):
        return text
    whole = {"default_flow_style": True, "sort_keys": False, "width": 10_000, "allow_unicode": True}
    return "".join(f"{yaml.safe_dump({key: value}, **whole).strip()[1:-1]}\n" for key, value in data.items())


def in_company(text: str, name: str, _random: Random) -> str:
    """Other keys before and behind."""
    if not name.endswith((".yml", ".yaml")) or "event_source_uid" in text or "sample_conversation" in text:
        return text
    return f"event_source_uid: bank\n{text.rstrip()}\nsample_conversation: |\n  # no comment\n  hello\n"


def quoted(text: str, name: str, _random: Random) -> str:
    """Keys below the top, and rails, in double quotes."""
    if not name.endswith((".yml", ".yaml")):
        return text
    return re.sub(r"(?m)^( *- )([a-z][a-z ]+)$|^( +)([a-z_]+)(?=:(?: |$))", _quote, text)


def _quote(found: re.Match[str]) -> str:
    return f'{found[1]}"{found[2]}"' if found[2] else f'{found[3]}"{found[4]}"'


def from_windows(text: str, name: str, _random: Random) -> str:
    """CRLF, and a byte order mark where NeMo reads the file with one."""
    mark = "" if name.endswith(".co") else "\ufeff# from Windows\n"
    return f"{mark}{text}".replace("\n", "\r\n")


MUTATIONS: dict[str, tuple[Callable[[str, str, Random], str], ...]] = {
    "commented, from Windows": (commented, from_windows),
    "deeper, without a last line end": (deeper, lambda text, _name, _random: text.rstrip("\n")),
    "in braces": (in_braces,),
    "quoted, in company": (quoted, in_company),
}


def mutated(case: Case, how: str, random: Random) -> Case | None:
    """The case written otherwise; None where its YAML would say something else then."""
    files = {}
    for name, data in case.files.items():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
        files[name] = plain
        if not name.endswith((".yml", ".yaml", ".co", ".py")) or not plain.strip():
            continue
        for mutate in MUTATIONS[how]:
            new = mutate(files[name], name, random)
            try:
                other = name.endswith((".yml", ".yaml")) and mutate is not in_company
                if other and list(flat(yaml.safe_load(new))) != list(flat(yaml.safe_load(files[name]))):
                    continue
            except yaml.YAMLError:
                continue
            files[name] = new
    if all(files[name] == data.decode("utf-8") for name, data in case.files.items()):
        return None
    return Case(
        case.page,
        case.title,
        case.line,
        {name: text.encode() for name, text in files.items()},
        case.central,
        policy=case.policy,
    )


@pytest.mark.parametrize("how", MUTATIONS)
def test_every_fix_of_cases_written_otherwise(how: str, tmp_path: Path) -> None:
    """One case of every second rule; what has a fix keeps it nearly always."""
    tried = kept = 0
    lost: list[str] = []
    for number, rule in enumerate(FIXING[list(MUTATIONS).index(how) % 2 :: 2]):
        random = Random(f"{rule} {how}")
        fixed = [case for case in cases(rule) if case.fixed] or cases(rule)
        case = mutated(random.choice(fixed), how, random)
        if case is None:
            continue
        folder = tmp_path / str(number)
        root = rule_pages.write_case(case, folder)
        applied, refused = prove(root, case, folder)
        if not any(finding.rule == rule for finding in (*applied, *refused)):
            lost.append(rule)
            continue
        tried += 1
        kept += any(finding.rule == rule for finding in applied)
    assert tried >= 20, lost
    assert kept >= LEAST[how] * tried, f"{kept} of {tried}"


# In braces a block cannot be moved, and a comment behind what goes keeps it.
LEAST = {
    "commented, from Windows": 0.6,
    "deeper, without a last line end": 0.9,
    "in braces": 0.75,
    "quoted, in company": 0.9,
}
