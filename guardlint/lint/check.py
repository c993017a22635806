"""Runs the rules over configurations and makes the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import NothingToCheck, UsageError
from guardlint.lint.finding import CheckedConfiguration, Finding, Report, fingerprint
from guardlint.lint.identity import identity_of
from guardlint.lint.suppressing import suppressed
from guardlint.lint.target import Folders, is_older, target_version
from guardlint.lint.upgrade import faults_of_upgrade
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.discover import find_roots
from guardlint.nemo.embedded import EmbeddedConfiguration, embedded_below, find_embedded
from guardlint.nemo.embedded_reading import read_embedded
from guardlint.nemo.installation import forget_folders
from guardlint.nemo.loading import loads
from guardlint.nemo.serving import guardrails_engine, llm_calls, llmrails_engine
from guardlint.rules.registry import all_rules, concerned, rule_ids
from guardlint.rules.rule import Fix, Found, LoadedRule, Project, Related, Severity, dotted
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.record import field, record, replace
from guardlint.source.redact import redact

if TYPE_CHECKING:
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
        inside = find_embedded(path) if path.is_file() else embedded_below(path)
        embedded.update(((item.name, item.place), item) for item in inside)
        if path.is_file():
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
        found = find_roots(path)
        if not found and not inside:
            problems.append(
                NothingToCheck(
                    "no NeMo Guardrails configuration here",
                    place=str(path),
                    help="name a directory whose config.yml has `models:`, `rails:` or `colang_version:`",
                )
            )
        roots.update(dict.fromkeys(root.resolve() for root in found))
    return Discovered(sorted(roots), sorted(embedded.values(), key=lambda item: item.place), problems)


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
    for target in targets:
        inside = target.embedded
        target = replace(target, version=target.version or target_version(target.root, pins))
        configuration = read_target(target)
        summary, found = check_one(configuration, target, chosen, today, heed_comments=heed_comments)
        if inside is not None or target.altered:
            # One file can be part of several: a lone YAML file of its directory, a text of many calls, what
            # the team has vendored.
            found = [item for item in found if (item.rule, item.place, item.message) not in said]
        said.update((item.rule, item.place, item.message) for item in found)
        checked.append(summary)
        findings.extend(found)
        named = {item.place.file for item in found} | {
            related.place.file for item in found for related in item.related
        }
        sources.update((name, text) for name, text in configuration.texts.items() if name in named)
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
    version = target.version or target_version(target.root)
    company = frozenset(rule.id for rule in rules) - frozenset(rule_ids())
    project = Project(configuration, target.policy, today, company, target.altered)
    findings = [
        _finding(rule, found, project, target, version)
        for rule in concerned(rules, project)
        for found in rule.check(project)
    ]
    findings += [
        _finding(rule, found, newest, target, version)
        for rule, found, newest in faults_of_upgrade(
            project, rules, lambda newer: Project(read_target(target, newer), target.policy)
        )
    ]
    if target.embedded is None and heed_comments:
        findings, about = suppressed(configuration, findings, target.policy, today, rules)
        findings += [_finding(rule, found, project, target, version) for rule, found in about]
    if target.waivers:
        from guardlint.lint.waiving import waived

        lifted = waived(findings, target.waivers, target.policy, today, rules)
        findings = lifted.findings + [
            _finding(rule, found, project, target, version) for rule, found in lifted.about
        ]
    findings.sort(key=lambda item: (item.place, item.rule, item.message))
    verdict = loads(configuration)
    broken = verdict == "no"
    summary = CheckedConfiguration(
        configuration.name,
        version,
        verdict,
        {"LLMRails": llmrails_engine(configuration), "Guardrails": guardrails_engine(configuration)},
        None if broken else llm_calls(configuration),
        target.policy.label if target.policy else None,
        target.tier,
    )
    return summary, findings


def read_target(target: Target, version: str | None = None) -> Configuration:
    """The effective configuration under ``version``, else the target's own, else the one pinned."""
    version = version or target.version or target_version(target.root)
    if target.embedded is not None:
        return read_embedded(target.embedded, version=version)
    return read_configuration(target.root, version=version)


def _finding(rule: LoadedRule, found: Found, project: Project, target: Target, version: str) -> Finding:
    configuration, inside = project.configuration, target.embedded
    severity = _severity(rule, found, project.policy)
    message = found.message
    if found.since_nemo and is_older(version, found.since_nemo):
        # STYLE of the house: what only a newer NeMo does is a note about the upgrade, never an error.
        severity = "note"
        message = f"breaks on upgrade to NeMo {found.since_nemo}: {message}"
    return Finding(
        rule.id,
        severity,
        found.confidence or rule.rule.confidence,
        redact(message),
        configuration.name,
        inside.true_place(found.place) if inside is not None else found.place,
        redact(_named_path(configuration, found)) if found.path else None,
        redact(found.at_run_time),
        redact(found.help),
        fingerprint(rule.id, target.known_as(configuration), found.path, found.value),
        tuple(
            Related(inside.true_place(item.place) if inside is not None else item.place, redact(item.label))
            for item in found.related
        ),
        found.policy,
        requirement=found.requirement,
        waivable=found.waivable and (project.policy is None or project.policy.waivable(rule.id)),
        # What is embedded stands in a text of another language, with escapes of its own.
        fix=found.fix if inside is None and severity != "note" and _is_clean(found.fix) else None,
    )


def _is_clean(fix: Fix | None) -> bool:
    """Whether reports can show what the fix would write: one that writes a secret anew is none."""
    texts = [] if fix is None else [fix.title, *(edit.text for edit in fix.edits)]
    return all(redact(text) == text for text in texts)


def _severity(rule: LoadedRule, found: Found, policy: ComposedPolicy | None) -> Severity:
    ordered = policy.severity.get(rule.id) if policy is not None else None
    if ordered is not None:
        level: Severity = "error" if ordered.value == "error" else (
            "warning" if ordered.value == "warning" else "note"
        )  # fmt: skip
        return level
    return found.severity or rule.rule.severity


def _named_path(configuration: Configuration, found: Found) -> str:
    """The path with the last list entry by its name: ``rails.input.flows[self check input]``."""
    path = found.path or ()
    value = configuration.value(path)
    if path and isinstance(path[-1], int) and isinstance(value, str):
        return f"{dotted(path[:-1])}[{value}]"
    return dotted(path)
