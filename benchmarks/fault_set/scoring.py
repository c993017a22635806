"""Holds guardlint's findings against what was planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guardlint.lint.finding import Finding

from .records import Case, Guise, Label

__all__ = ["Scored", "score", "table"]

_NEAR = 2


@dataclass(frozen=True, slots=True)
class Scored:
    """One case with what guardlint said; ``found``, ``level`` and ``hidden`` hold one truth for each guise.

    ``hidden``: not found beside the other fault, which is found, and found where it is alone.
    """

    case: Case
    label: Label
    why: str
    findings: tuple[str, ...]
    found: tuple[bool, ...]
    level: tuple[bool, ...]
    beside: tuple[str, ...]
    hidden: tuple[bool, ...]

    @property
    def counts(self) -> bool:
        """Whether the label bears out what the guise says, so that the case may be scored."""
        return self.label == "declared" or (self.label == "works") == (self.case.guises[0].kind == "clean")


def score(
    case: Case,
    label: Label,
    why: str,
    findings: Sequence[Finding],
    alone: Sequence[Sequence[Finding]] = (),
) -> Scored:
    """What was found where, what of it at the right level, and what besides.

    ``alone`` are the findings of the configurations with one of two faults only.
    """
    loud = _loud(findings)
    left = list(loud)
    found, level = [], []
    for guise, places in zip(case.guises, case.places, strict=True):
        near = [finding for finding in loud if _near(finding, places)]
        meant = sorted(near, key=lambda finding: (finding.rule not in guise.rules, finding not in left))
        found.append(bool(near) and guise.kind != "clean")
        level.append(_level(guise, meant))
        # One edit can touch several rails or actions, each of which has a finding of its rule.
        told = [*meant[:1], *(finding for finding in meant[1:] if finding.rule in guise.rules)]
        left = [finding for finding in left if finding not in told]
    hidden = [False] * len(found)
    if any(found) and not all(found) and alone:
        missed = found.index(False)
        hidden[missed] = any(_near(finding, case.places[missed]) for finding in _loud(alone[missed]))
    return Scored(
        case,
        label,
        why,
        tuple(map(_told, loud)),
        tuple(found),
        tuple(level),
        tuple(map(_told, left)),
        tuple(hidden),
    )


def _loud(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity != "note"]


def _level(guise: Guise, near: Sequence[Finding]) -> bool:
    return guise.level == "any" or any(finding.severity == guise.level for finding in near)


def _near(finding: Finding, places: Iterable[tuple[str, int]]) -> bool:
    name = finding.place.file.replace("\\", "/")
    return any(name.endswith("/" + path) and abs(finding.place.line - line) <= _NEAR for path, line in places)


def _told(finding: Finding) -> str:
    place = finding.place
    where = f"{place.file.rpartition('/team/')[2]}:{place.line}"
    return f"{finding.severity}[{finding.rule}] {where} {finding.message}"


def table(scored: Sequence[Scored]) -> dict[str, Any]:
    """The figures: by class, by fault, by rule, and those of the clean ones."""
    faulty = [item for item in scored if item.counts and item.case.guises[0].kind != "clean"]
    clean = [item for item in scored if item.counts and item.case.guises[0].kind == "clean"]
    groups: dict[str, dict[str, list[int]]] = {
        name: defaultdict(lambda: [0, 0, 0]) for name in ("class", "fault", "rule")
    }
    alone = [item for item in faulty if len(item.case.guises) == 1]
    pairs = [item for item in faulty if len(item.case.guises) == 2]
    for guise, found, level in _planted(alone):
        for group, key in (
            ("class", guise.kind),
            ("fault", guise.fault),
            ("rule", (guise.rules or ("-",))[0]),
        ):
            line = groups[group][key]
            line[0] += 1
            line[1] += found
            line[2] += found and level
    return {
        "configurations": len(scored),
        "left out": sum(not item.counts for item in scored),
        "declared only": sum(item.label == "declared" for item in scored),
        "faulty": len(faulty),
        "clean": len(clean),
        "pairs of faults": len(pairs),
        "pairs found": sum(_is_found(item) for item in pairs),
        "of them with both reported": sum(all(item.found) for item in pairs),
        "of them with one hidden behind the other": sum(any(item.hidden) for item in pairs),
        "false alarms": sum(bool(item.findings) for item in clean),
        "beside the point": sum(bool(item.beside) for item in faulty),
        **{name: {key: tuple(line) for key, line in sorted(lines.items())} for name, lines in groups.items()},
    }


def _is_found(pair: Scored) -> bool:
    return all(found or hidden for found, hidden in zip(pair.found, pair.hidden, strict=True))


def _planted(faulty: Sequence[Scored]) -> Iterator[tuple[Guise, bool, bool]]:
    for item in faulty:
        yield from zip(item.case.guises, item.found, item.level, strict=True)
