"""What a change brings: findings that its base has not, and guardrails that it takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Any

from guardlint.lint.check import Target, check_one, read_target
from guardlint.lint.finding import CheckedConfiguration, Finding, Report
from guardlint.lint.removed import Working, gone_rails, removed_findings
from guardlint.lint.target import target_version
from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import normalise_flow
from guardlint.rules.effective_view import ConfigurationView
from guardlint.rules.rule import LoadedRule
from guardlint.source.record import record, replace

__all__ = ["Judged", "Side", "compare", "examine", "with_same"]


@record
class Side:
    """One state of the repository: its findings, and by configuration its findings and the rails that work.

    Configurations are named by their identity. ``targets`` hold the policy and the waivers of each, judged
    on ``today``.
    """

    report: Report
    found: dict[str, tuple[Finding, ...]]
    working: dict[str, Working]
    targets: dict[str, Target]
    today: date | None


@record
class Judged:
    """``report`` holds what counts: what is new, and what may never be. ``known`` is what was there before.

    ``mended`` are findings of the base that are gone, ``removed`` how many rails work no more, and
    ``unchanged`` how many configurations were left alone because the change does not touch them.
    """

    report: Report
    known: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    removed: int = 0
    unchanged: int = 0


def examine(
    targets: Sequence[Target],
    rules: Sequence[LoadedRule],
    today: date | None,
    done: Callable[[], object] = bool,
) -> Side:
    """Check every target and note the rails that work; ``done`` is called after each."""
    checked: list[CheckedConfiguration] = []
    findings: dict[str, tuple[Finding, ...]] = {}
    sources: dict[str, str] = {}
    working: dict[str, Working] = {}
    named_targets: dict[str, Target] = {}
    for target in targets:
        target = replace(target, version=target.version or target_version(target.root))
        configuration = read_target(target)
        summary, found = check_one(configuration, target, rules, today)
        checked.append(summary)
        name = target.known_as(configuration)
        findings[name] = tuple(found)
        named_targets[name] = target
        working[name] = _working(configuration, summary)
        named = {item.place.file for item in found}
        named |= {related.place.file for item in found for related in item.related}
        named |= {place.file for place in working[name].places.values()}
        sources.update((file, text) for file, text in configuration.texts.items() if file in named)
        done()
    together = tuple(item for found in findings.values() for item in found)
    return Side(Report(tuple(checked), together, sources), findings, working, named_targets, today)


def with_same(base: Side, head: Side, names: Collection[str]) -> Side:
    """The base with what ``head`` says of the configurations ``names``, which are the same in both."""
    found = {**base.found, **{name: head.found[name] for name in names}}
    together = tuple(item for items in found.values() for item in items)
    return replace(
        base,
        report=replace(base.report, findings=together),
        found=found,
        working={**base.working, **{name: head.working[name] for name in names}},
        targets={**base.targets, **{name: head.targets[name] for name in names}},
    )


def compare(base: Side, head: Side) -> Judged:
    """Hold one state against another.

    A finding is new where the base has fewer of its fingerprint. One that the policy lets nobody waive
    counts whether it is new or not, and so does one that stood in the base behind a suppression which is
    gone, and one whose waiver has ended. A rail that worked and does not any more is a finding.
    """
    left = Counter(found.fingerprint for found in base.report.findings if found.counts)
    counted: list[Finding] = []
    known: list[Finding] = []
    for found in head.report.findings:
        if not found.counts:
            counted.append(found)
        elif found.waivable and not found.lapsed and left[found.fingerprint] > 0:
            left[found.fingerprint] -= 1
            known.append(found)
        else:
            left[found.fingerprint] -= left[found.fingerprint] > 0
            counted.append(found)
    mended = []
    for found in base.report.findings:
        if found.counts and left[found.fingerprint] > 0:
            left[found.fingerprint] -= 1
            mended.append(found)
    removed = 0
    new = [found for found in counted if found.counts]
    for name, before in base.working.items():
        after = head.working.get(name)
        removed += len(gone_rails(before, after))
        target = head.targets.get(name) or base.targets[name]
        counted += removed_findings(name, before, after, new, target, head.today)
    counted.sort(key=lambda item: (item.place, item.rule, item.message))
    return Judged(replace(head.report, findings=tuple(counted)), tuple(known), tuple(mended), removed)


def _working(configuration: Configuration, summary: CheckedConfiguration) -> Working:
    view = ConfigurationView(configuration)
    return Working(
        summary.path,
        summary.loads,
        {way: tuple(view.rail_flows(way)) for way in DIRECTIONS},
        {way: configuration.place(("rails", way, "flows")) for way in DIRECTIONS},
        frozenset(name for file in configuration.yaml_files for name in _listed(file.data)),
    )


def _listed(data: Any) -> Iterator[str]:
    """The texts that are items of lists, wherever these stand."""
    if isinstance(data, dict):
        for value in data.values():
            yield from _listed(value)
    elif isinstance(data, list):
        for item in data:
            if isinstance(item, str):
                yield normalise_flow(item)
            else:
                yield from _listed(item)
