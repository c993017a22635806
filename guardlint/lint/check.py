"""Runs the rules over configurations and makes the report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import NothingToCheck, UsageError
from guardlint.lint.finding import CheckedConfiguration, Finding, Report
from guardlint.lint.identity import identity_of
from guardlint.lint.side_by_side import Subject, check_all
from guardlint.lint.target import Folders, target_version
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.discover import survey
from guardlint.nemo.embedded import SUFFIXES, EmbeddedConfiguration, embedded_in, find_embedded
from guardlint.nemo.installation import forget_folders
from guardlint.rules.registry import all_rules, rule_ids
from guardlint.rules.rule import LoadedRule
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.record import field, record, replace

if TYPE_CHECKING:
    from guardlint.nemo.reading_ahead import ReadAhead
    from guardlint.policy.model import ComposedPolicy
    from guardlint.policy.vendor import Altered
    from guardlint.policy.waivers import Waiver

__all__ = [
    "Discovered",
    "Target",
    "check",
    "check_one",
    "discover",
    "discover_all",
    "read_target",
    "select_rules",
]

_TOGETHER = 64
"""Configurations that are in memory at the same time."""


@record
class Target:
    """A configuration to check, with the policy and tier that hold for it.

    ``root`` is its directory, or the file that an ``embedded`` one stands in. ``version`` is the NeMo version
    that the check speaks of; None: the one that the team's files ask for. ``identity`` is the name under
    which findings know it; None: its path in the repository. ``waivers`` are those of this configuration,
    ``altered`` the vendored files that are not the pinned ones.
    """

    root: Path
    policy: ComposedPolicy | None = None
    tier: str | None = None
    embedded: EmbeddedConfiguration | None = None
    version: str | None = None
    identity: str | None = None
    waivers: tuple[Waiver, ...] = ()
    altered: tuple[Altered, ...] = ()

    def known_as(self, configuration: Configuration) -> str:
        """The name under which findings know the configuration."""
        if self.identity is not None:
            return self.identity
        if self.embedded is None:
            return identity_of(configuration.root)
        return f"{identity_of(self.embedded.path)}::{self.embedded.identity.rpartition('::')[2]}"


@record
class Discovered:
    """What is below some paths; ``problems`` are those of the paths themselves."""

    roots: list[Path] = field(default_factory=list)
    embedded: list[EmbeddedConfiguration] = field(default_factory=list)
    problems: list[UsageError | NothingToCheck] = field(default_factory=list)


def discover(paths: Sequence[Path]) -> tuple[list[Path], list[UsageError | NothingToCheck]]:
    """The directories at or below ``paths`` that are configurations, and what is wrong with the paths."""
    found = discover_all(paths)
    return found.roots, found.problems


def discover_all(paths: Sequence[Path]) -> Discovered:
    """Directories, and what Python files and ConfigMaps hold; a file is looked into where it is named."""
    roots: dict[Path, None] = {}
    embedded: dict[tuple[str, Place], EmbeddedConfiguration] = {}
    problems: list[UsageError | NothingToCheck] = []
    for path in paths:
        if not path.exists():
            problems.append(UsageError("no such file or directory", place=str(path), help="check the path"))
            continue
        is_file = path.is_file()
        found, names = ([], []) if is_file else survey(path, *SUFFIXES)
        inside = find_embedded(path) if is_file else embedded_in(names, path)
        embedded.update(((item.name, item.place), item) for item in inside)
        if is_file:
            if inside:
                continue
            problems.append(
                UsageError(
                    "is a file; NeMo loads directories",
                    place=str(path),
                    help=f"name its directory, {path.parent}",
                )
            )
            continue
        if not found and not inside:
            problems.append(
                NothingToCheck(
                    "no NeMo Guardrails configuration here",
                    place=str(path),
                    help="name a directory whose config.yml has `models:`, `rails:` or `colang_version:`",
                )
            )
        roots.update(dict.fromkeys(_resolved(found)))
    return Discovered(sorted(roots), sorted(embedded.values(), key=lambda item: item.place), problems)


def _resolved(found: Iterable[Path]) -> Iterator[Path]:
    """``Path.resolve``; of folders side by side it is asked once where the one above them is."""
    above: dict[str, str] = {}
    for root in found:
        folder, name = os.path.split(str(root))
        if not folder or name in ("", ".", "..") or os.path.islink(root):  # noqa: PTH114
            yield root.resolve()
            continue
        if folder not in above:
            above[folder] = os.path.realpath(folder)
        yield Path(os.path.join(above[folder], name))  # noqa: PTH118


def select_rules(
    select: Iterable[str] = (), ignore: Iterable[str] = (), company: Sequence[LoadedRule] = ()
) -> tuple[LoadedRule, ...]:
    """The rules to run: those of ``select`` (all where it is empty) without those of ``ignore``.

    ``company`` are rules of the company's own, beside guardlint's. Raises UsageError for an id that is no
    rule's.
    """
    chosen, left_out = list(select), set(ignore)
    known = (*rule_ids(), *(rule.id for rule in company))
    for name in (*chosen, *left_out):
        if name not in known:
            meant = closest(name, known)
            raise UsageError(
                f"no rule is named `{name}`",
                help=f"did you mean `{meant}`?" if meant else "`guardlint rules` lists them",
            )
    return tuple(
        rule
        for rule in (*all_rules(), *company)
        if (not chosen or rule.id in chosen) and rule.id not in left_out
    )


def check(
    targets: Sequence[Target],
    rules: Sequence[LoadedRule] | None = None,
    today: date | None = None,
    *,
    heed_comments: bool = True,
    done: Callable[[], object] = bool,
) -> Report:
    """Check every target; one that cannot be read has findings and does not stop the others.

    ``today`` and ``heed_comments`` are those of :func:`check_one`; ``done`` is called after each target.
    """
    chosen = select_rules() if rules is None else rules
    checked: list[CheckedConfiguration] = []
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    said: set[tuple[str, Place, str]] = set()
    pins: Folders = {}
    forget_folders()
    for first in range(0, len(targets), _TOGETHER):
        together = targets[first : first + _TOGETHER]
        ahead = _read_ahead(together)
        subjects = [_subject(target, pins, ahead.pop(target.root, None)) for target in together]
        results = check_all(subjects, chosen, today, read_target, heed_comments=heed_comments)
        for subject, (summary, found) in zip(subjects, results, strict=True):
            if subject.target.embedded is not None or subject.target.altered:
                # One file can be part of several: a lone YAML file of its directory, a text of many calls,
                # what the team has vendored.
                found = [item for item in found if (item.rule, item.place, item.message) not in said]
            said.update((item.rule, item.place, item.message) for item in found)
            checked.append(summary)
            findings.extend(found)
            named = {item.place.file for item in found} | {
                related.place.file for item in found for related in item.related
            }
            texts = subject.configuration.texts
            sources.update((name, text) for name, text in texts.items() if name in named)
            done()
    return Report(tuple(checked), tuple(findings), sources)


def check_one(
    configuration: Configuration,
    target: Target,
    rules: Sequence[LoadedRule],
    today: date | None = None,
    *,
    heed_comments: bool = True,
) -> tuple[CheckedConfiguration, list[Finding]]:
    """Run ``rules`` over one configuration that has been read; findings are sorted by place.

    What only a newer NeMo finds fault with becomes a note about the upgrade. ``today`` is the day for which
    suppressions are judged; without ``heed_comments`` they suppress nothing.
    """
    subject = Subject(configuration, target, target.version or target_version(target.root))
    (result,) = check_all([subject], rules, today, read_target, heed_comments=heed_comments)
    return result


def _read_ahead(targets: Sequence[Target]) -> dict[Path, ReadAhead]:
    """What can be read of several targets at once, by their directories."""
    roots = [target.root for target in targets if target.embedded is None]
    if len(roots) < 2:
        return {}
    from guardlint.nemo.reading_ahead import read_ahead

    return read_ahead(roots)


def _subject(target: Target, pins: Folders, ahead: ReadAhead | None) -> Subject:
    version = target.version or target_version(target.root, pins)
    target = replace(target, version=version)
    return Subject(read_target(target, ahead=ahead), target, version)


def read_target(
    target: Target, version: str | None = None, *, ahead: ReadAhead | None = None
) -> Configuration:
    """The effective configuration under ``version``, else the target's own, else the one pinned.

    ``ahead``: what has been read of its directory.
    """
    version = version or target.version or target_version(target.root)
    if target.embedded is not None:
        from guardlint.nemo.embedded_reading import read_embedded

        return read_embedded(target.embedded, version=version)
    return read_configuration(target.root, version=version, ahead=ahead)
