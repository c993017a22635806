"""What a change brings: findings that its base has not, and guardrails that it takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from guardlint.lint.check import Target, check_one, read_target
from guardlint.lint.finding import CheckedConfiguration, Finding, Report, fingerprint
from guardlint.lint.target import target_version
from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration
from guardlint.rules.effective_view import ConfigurationView
from guardlint.rules.rule import LoadedRule
from guardlint.source.place import Place
from guardlint.source.record import record, replace

__all__ = ["Judged", "Side", "compare", "examine"]

_REMOVED = "removed-rail"


@record
class Side:
    """One state of the repository: its findings, and by configuration the rails that work in it.

    Configurations are named by their identity; ``places`` says where a configuration lists its rails.
    ``targets`` hold the policy and the waivers of each, judged on ``today``.
    """

    report: Report
    rails: dict[str, dict[str, tuple[str, ...]]]
    places: dict[str, dict[str, Place]]
    targets: dict[str, Target]
    today: date | None


@record
class Judged:
    """``report`` holds what counts: what is new, and what may never be. ``known`` is what was there before.

    ``mended`` are findings of the base that are gone.
    """

    report: Report
    known: tuple[Finding, ...]
    mended: tuple[Finding, ...]


def examine(targets: Sequence[Target], rules: Sequence[LoadedRule], today: date | None) -> Side:
    """Check every target and note the rails that work."""
    checked: list[CheckedConfiguration] = []
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    rails: dict[str, dict[str, tuple[str, ...]]] = {}
    places: dict[str, dict[str, Place]] = {}
    named_targets: dict[str, Target] = {}
    for target in targets:
        target = replace(target, version=target.version or target_version(target.root))
        configuration = read_target(target)
        summary, found = check_one(configuration, target, rules, today)
        checked.append(summary)
        findings += found
        named = {item.place.file for item in found}
        named |= {related.place.file for item in found for related in item.related}
        name = target.known_as(configuration)
        named_targets[name] = target
        rails[name] = _working(configuration)
        places[name] = {way: configuration.place(("rails", way, "flows")) for way in DIRECTIONS}
        named |= {place.file for place in places[name].values()}
        sources.update((file, text) for file, text in configuration.texts.items() if file in named)
    return Side(Report(tuple(checked), tuple(findings), sources), rails, places, named_targets, today)


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
    counted += _removed(base, head)
    counted.sort(key=lambda item: (item.place, item.rule, item.message))
    return Judged(replace(head.report, findings=tuple(counted)), tuple(known), tuple(mended))


def _working(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    view = ConfigurationView(configuration)
    return {way: tuple(view.rail_flows(way)) for way in DIRECTIONS}


def _removed(base: Side, head: Side) -> list[Finding]:
    present = dict(zip(head.rails, head.report.configurations, strict=True))
    shown = {name: item.path for name, item in present.items()}
    found = []
    for name, ways in base.rails.items():
        now = head.rails.get(name)
        if name in present and present[name].loads == "no":
            # Nothing runs in it at all, and that is said already.
            continue
        for way, flows in ways.items():
            gone = Counter(flows) - Counter(now[way] if now is not None else ())
            found += _lifted(
                [
                    _finding(name, shown.get(name, name), way, flow, head.places.get(name, {}).get(way))
                    for flow in gone
                ],
                head.targets.get(name) or base.targets[name],
                head.today,
            )
    return found


def _lifted(findings: list[Finding], target: Target, today: date | None) -> list[Finding]:
    if not findings or not target.waivers:
        return findings
    from guardlint.lint.waiving import waived

    return waived(findings, target.waivers, target.policy, today).findings


def _finding(name: str, shown: str, way: str, flow: str, place: Place | None) -> Finding:
    whole = place is None
    return Finding(
        _REMOVED,
        "error",
        "high",
        f"the {way} rail `{flow}` is gone" + (" with its configuration" if whole else ""),
        shown,
        place or Place.at(shown),
        f"rails.{way}.flows",
        "what the rail stopped in the base passes after this change",
        "put the rail back; if it is to go, have whoever owns the standard say so",
        fingerprint(_REMOVED, name, ("rails", way), flow),
    )
