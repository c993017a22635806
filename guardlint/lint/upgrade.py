"""Faults that a configuration gets by an upgrade of NeMo: none with its own version, but with a newer one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from guardlint.lint.specifiers import is_older
from guardlint.nemo.catalogue import known_versions, load_catalogue
from guardlint.rules.registry import concerned
from guardlint.rules.rule import Found, LoadedRule, Project
from guardlint.source.record import replace

__all__ = ["faults_of_upgrade"]

# Rule, file, line, column, path: a fault at the same place is the same fault, whatever a version calls it.
_Identity: TypeAlias = tuple[object, ...]


def faults_of_upgrade(
    project: Project, rules: Sequence[LoadedRule], read: Callable[[str], Project]
) -> Iterator[tuple[LoadedRule, Found, Project]]:
    """Every fault that the newest release sees and the project's own does not, with the newest's project.

    ``read`` gives the project as another release reads it. ``since_nemo`` of a fault names the first series
    that has it. Nothing is read again for a project of the newest series.
    """
    own = project.configuration.catalogue.nemo
    newer = [version for version in known_versions() if is_older(own, version)]
    if not newer:
        return
    known = {_identity(rule, found) for rule in concerned(rules, project) for found in rule.check(project)}
    newest = read(newer[-1])
    coming = [
        (rule, found)
        for rule in concerned(rules, newest)
        for found in rule.check(newest)
        if _identity(rule, found) not in known
    ]
    if not coming:
        return
    suspects = [rule for rule in rules if any(rule is other for other, _ in coming)]
    first: dict[_Identity, str] = {}
    for version in newer[:-1]:
        between = read(version)
        for rule in suspects:
            for found in rule.check(between):
                first.setdefault(_identity(rule, found), version)
    for rule, found in coming:
        since = load_catalogue(first.get(_identity(rule, found), newer[-1])).data["series"]
        yield rule, replace(found, since_nemo=found.since_nemo or since), newest


def _identity(rule: LoadedRule, found: Found) -> _Identity:
    return rule.id, found.place.file, found.place.line, found.place.column, found.path
