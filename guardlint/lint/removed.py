"""The rails that worked in the base and work no more, as findings: one for what one change took away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from guardlint.lint.finding import Finding, fingerprint
from guardlint.source.place import Place
from guardlint.source.record import record, replace

if TYPE_CHECKING:
    from guardlint.lint.check import Target

__all__ = ["Working", "gone_rails", "removed_findings"]

_REMOVED = "removed-rail"
# Each says of rails that stand in the files that NeMo does not read them there.
_EXPLAIN = frozenset(
    "duplicate-key ignored-file neighbours-ignored null-section replaced-rails skipped-file "
    "taken-for-document unknown-flow unknown-key unread-document unread-file unreadable-file".split()
)


@record
class Working:
    """One configuration in one state: its rails that work, by direction, and where it lists them.

    ``shown`` is its name in reports, ``written`` what stands in lists of its YAML files, read by NeMo or not.
    """

    shown: str
    loads: str
    rails: dict[str, tuple[str, ...]]
    places: dict[str, Place]
    written: frozenset[str]


def gone_rails(before: Working, after: Working | None) -> list[tuple[str, str]]:
    """Direction and flow of each rail that is gone; none where nothing loads, which is said already."""
    if after is not None and after.loads == "no":
        return []
    return [
        (way, flow)
        for way, flows in before.rails.items()
        for flow in Counter(flows) - Counter(after.rails.get(way, ()) if after is not None else ())
    ]


def removed_findings(
    name: str,
    before: Working,
    after: Working | None,
    others: Sequence[Finding],
    target: Target,
    today: date | None,
) -> list[Finding]:
    """What is to be said of the rails of the configuration ``name`` that are gone.

    ``others`` are the findings of the new state that count. An error among them that says why files are not
    read explains rails that still stand in the files: one fault, one finding. What no waiver lifts is one
    finding where nothing is left, in a direction or in all.
    """
    gone = gone_rails(before, after)
    if not gone or (after is not None and _is_explained(gone, after, others)):
        return []
    single = _lifted([_one(name, after, way, flow) for way, flow in gone], target, today)
    lifted = [found for found in single if found.waived_by is not None]
    left = [pair for pair, found in zip(gone, single, strict=True) if found.waived_by is None]
    if len(left) > 1 and (after is None or not any(after.rails.values())):
        return [*lifted, _several(name, after, left, None, single)]
    result = list(lifted)
    for way in before.rails:
        here = [pair for pair in left if pair[0] == way]
        if len(here) > 1 and after is not None and not after.rails.get(way):
            result.append(_several(name, after, here, way, single))
        else:
            result += [found for pair, found in zip(gone, single, strict=True) if pair in here]
    return result


def _is_explained(gone: Sequence[tuple[str, str]], after: Working, others: Sequence[Finding]) -> bool:
    why = any(
        found.rule in _EXPLAIN and found.severity == "error" and found.configuration == after.shown
        for found in others
    )
    return why and all(flow in after.written for _, flow in gone)


def _lifted(findings: list[Finding], target: Target, today: date | None) -> list[Finding]:
    if not target.waivers:
        return findings
    from guardlint.lint.waiving import waived

    return waived(findings, target.waivers, target.policy, today).findings


def _one(name: str, after: Working | None, way: str, flow: str) -> Finding:
    suffix = " with its configuration" if after is None else ""
    return _finding(
        name, after, f"the {way} rail `{flow}` is gone{suffix}", way, flow, "what the rail stopped"
    )


def _several(
    name: str,
    after: Working | None,
    gone: Sequence[tuple[str, str]],
    way: str | None,
    single: Sequence[Finding],
) -> Finding:
    rails = ", ".join(f"`{flow}`" for flow in dict.fromkeys(flow for _, flow in gone))
    kind = f"{way} rails" if way is not None else "rails"
    suffix = " with their configuration" if after is None else ""
    message = f"all {len(gone)} {kind} are gone{suffix}: {rails}"
    found = _finding(name, after, message, way, sorted(gone), "what they stopped")
    lapsed = next((item for item in single if item.lapsed), None)
    if lapsed is None:
        return found
    return replace(found, help=lapsed.help, lapsed=True)


def _finding(
    name: str, after: Working | None, message: str, way: str | None, value: object, what: str
) -> Finding:
    """``way``: the direction, None for all of them."""
    shown = after.shown if after is not None else name
    place = Place.at(shown)
    if after is not None:
        place = after.places[way] if way is not None else next(iter(after.places.values()))
    return Finding(
        _REMOVED,
        "error",
        "high",
        message,
        shown,
        place,
        f"rails.{way}.flows" if way is not None else "rails",
        f"{what} in the base passes after this change",
        "put it back; if it is to go, have whoever owns the standard say so",
        fingerprint(_REMOVED, name, ("rails", way) if way is not None else ("rails",), value),
    )
