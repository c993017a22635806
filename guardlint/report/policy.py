"""A composed policy, and the difference of two, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from guardlint.policy.changes import Change
from guardlint.policy.described import Line, lines_of
from guardlint.policy.mechanisms import mechanism_text
from guardlint.policy.model import ComposedPolicy, Origin
from guardlint.source.files import shown_path
from guardlint.source.record import record

__all__ = [
    "COMPOSED",
    "DIFFERENCE",
    "NewlyFailing",
    "TeamsFailing",
    "difference_data",
    "policy_data",
    "render_difference",
    "render_policy",
]

COMPOSED = "guardlint/composed-policy/v1"
DIFFERENCE = "guardlint/policy-difference/v1"
_MARKS = {"stricter": "+", "looser": "-", "different": "~"}


@record
class NewlyFailing:
    """A configuration that passes under the one policy and fails under the other.

    ``errors`` are its new errors, each with place and message.
    """

    configuration: str
    errors: tuple[tuple[str, str], ...]


@record
class TeamsFailing:
    """How many configurations were checked, which newly fail, and which fail under the old policy."""

    checked: int
    newly: tuple[NewlyFailing, ...]
    already: tuple[str, ...]


def render_policy(policy: ComposedPolicy) -> str:
    """Every line with its origin, sections in the order of a document."""
    return "\n".join(_policy_lines(policy)) + "\n"


def _policy_lines(policy: ComposedPolicy) -> Iterator[str]:
    yield f"{policy.label}  {policy.title}"
    yield f"  {' '.join(policy.description.split())}"
    yield f"  composed of {', '.join(f'{part.id}@{part.version}' for part in policy.composed_of)}"
    for section, lines in groupby(lines_of(policy), lambda line: line.section):
        yield ""
        yield section
        for line in lines:
            yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    yield f"  {line.id}: {line.says}" if line.section != "not_waivable" else f"  {line.id}"
    by = f"enforced by {mechanism_text(line.enforced_by)}" if line.enforced_by != "reports" else ""
    waivable = {True: "waivable", False: "not waivable", None: ""}[line.waivable]
    facts = "; ".join(fact for fact in (by, waivable) if fact and line.section != "severity")
    if line.reason:
        yield f"      why: {' '.join(line.reason.split())}"
    if line.controls:
        yield f"      evidence for: {', '.join(line.controls)}"
    yield f"      {_origin(line.origin)}{f'; {facts}' if facts else ''}"


def policy_data(policy: ComposedPolicy) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "schema": COMPOSED,
        "id": policy.id,
        "version": policy.version,
        "title": policy.title,
        "owner": policy.owner,
        "composed_of": [
            {"id": part.id, "version": part.version, "digest": part.digest} for part in policy.composed_of
        ],
        "lines": [
            {
                "section": line.section,
                "id": line.id,
                "says": line.says,
                "enforced_by": line.enforced_by,
                "waivable": line.waivable,
                "reason": line.reason,
                "controls": list(line.controls),
                **_origin_data(line.origin),
            }
            for line in lines_of(policy)
        ],
    }


def render_difference(
    before: ComposedPolicy,
    after: ComposedPolicy,
    changes: Sequence[Change],
    teams: TeamsFailing | None,
) -> str:
    """What gets stricter (+), looser (-) or different (~), then who newly fails."""
    return "\n".join(_difference_lines(before, after, changes, teams)) + "\n"


def _difference_lines(
    before: ComposedPolicy,
    after: ComposedPolicy,
    changes: Sequence[Change],
    teams: TeamsFailing | None,
) -> Iterator[str]:
    counts = {way: sum(change.way == way for change in changes) for way in _MARKS}
    said = ", ".join(f"{count} {way}" for way, count in counts.items() if count) or "no difference"
    yield f"{before.label} -> {after.label}: {said}"
    for change in changes:
        yield f"{_MARKS[change.way]} {change.section}: {change.id}  ({change.way})"
        for what, origin in (
            (change.before, change.before_origin),
            (change.after, change.after_origin),
        ):
            if what is not None and origin is not None:
                yield f"    {'was' if what is change.before else 'now'}: {what}"
                yield f"         {_origin(origin)}"
    if teams is None:
        return
    yield ""
    yield f"{len(teams.newly)} of {teams.checked} configurations would newly fail"
    for item in teams.newly:
        yield f"  {item.configuration}"
        for place, message in item.errors:
            yield f"    {place}: {message}"
    if teams.already:
        yield f"{len(teams.already)} fail under {before.label} already: {', '.join(teams.already)}"


def difference_data(
    before: ComposedPolicy,
    after: ComposedPolicy,
    changes: Sequence[Change],
    teams: TeamsFailing | None,
) -> dict[str, Any]:
    """The same as JSON; ``teams`` is null where no team was looked at."""
    return {
        "schema": DIFFERENCE,
        "before": before.label,
        "after": after.label,
        "changes": [
            {
                "way": change.way,
                "section": change.section,
                "id": change.id,
                "before": _side(change.before, change.before_origin),
                "after": _side(change.after, change.after_origin),
            }
            for change in changes
        ],
        "teams": None
        if teams is None
        else {
            "checked": teams.checked,
            "already_failing": list(teams.already),
            "newly_failing": [
                {
                    "configuration": item.configuration,
                    "errors": [{"place": place, "message": message} for place, message in item.errors],
                }
                for item in teams.newly
            ],
        },
    }


def _side(what: str | None, origin: Origin | None) -> dict[str, Any] | None:
    return None if what is None or origin is None else {"says": what, **_origin_data(origin)}


def _origin(origin: Origin) -> str:
    return f"{origin.label}, {shown_path(Path(origin.place.file))}:{origin.place.line}"


def _origin_data(origin: Origin) -> dict[str, Any]:
    return {
        "policy": origin.label,
        "file": shown_path(Path(origin.place.file)),
        "line": origin.place.line,
    }
