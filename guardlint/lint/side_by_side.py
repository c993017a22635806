"""Runs the rules over several configurations at once, one rule after the other.

A rule that has just looked at one directory is still in the processor's memory for the next. With a hundred
rules in turn for each directory none of them is, and a run takes a quarter longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from guardlint.lint.finding import CheckedConfiguration, Finding, fingerprint
from guardlint.lint.suppressing import suppressed
from guardlint.lint.target import is_older
from guardlint.lint.upgrade import faults_of_upgrade
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import loads
from guardlint.nemo.serving import guardrails_engine, llm_calls, llmrails_engine
from guardlint.rules.registry import concerned_each, rule_ids
from guardlint.rules.rule import Fix, Found, LoadedRule, Project, Related, Severity, dotted
from guardlint.source.record import record
from guardlint.source.redact import redact

if TYPE_CHECKING:
    from guardlint.lint.check import Target

__all__ = ["Read", "Subject", "check_all"]

Read = Callable[["Target", str], Configuration]
"""Reads a target as another version of NeMo would."""


@record
class Subject:
    """A configuration that has been read, its target, and the version of NeMo that the check speaks of."""

    configuration: Configuration
    target: Target
    version: str

    def project(self, today: date | None, company: frozenset[str]) -> Project:
        """What the rules look at."""
        return Project(self.configuration, self.target.policy, today, company, self.target.altered)


def check_all(
    subjects: Sequence[Subject],
    rules: Sequence[LoadedRule],
    today: date | None,
    read: Read,
    *,
    heed_comments: bool,
) -> list[tuple[CheckedConfiguration, list[Finding]]]:
    """What is known of each subject, and its findings sorted by place."""
    company = frozenset(rule.id for rule in rules) - frozenset(rule_ids())
    projects = [subject.project(today, company) for subject in subjects]
    raw = _found(projects, rules)
    findings = [
        _findings(subject, project, found, rules, read, heed_comments=heed_comments)
        for subject, project, found in zip(subjects, projects, raw, strict=True)
    ]
    return list(zip(_summaries(subjects), findings, strict=True))


def _found(projects: Sequence[Project], rules: Sequence[LoadedRule]) -> list[list[tuple[LoadedRule, Found]]]:
    """What the rules say of each project, in their order."""
    found: list[list[tuple[LoadedRule, Found]]] = [[] for _ in projects]
    for rule, numbers in concerned_each(rules, projects):
        check = rule.check
        for number in numbers:
            found[number] += [(rule, item) for item in check(projects[number])]
    return found


def _findings(
    subject: Subject,
    project: Project,
    found: Sequence[tuple[LoadedRule, Found]],
    rules: Sequence[LoadedRule],
    read: Read,
    *,
    heed_comments: bool,
) -> list[Finding]:
    target, today = subject.target, project.today
    findings = [_finding(rule, item, project, subject) for rule, item in found]
    findings += [
        _finding(rule, item, newest, subject)
        for rule, item, newest in faults_of_upgrade(
            project, rules, lambda newer: Project(read(target, newer), target.policy)
        )
    ]
    if target.embedded is None and heed_comments:
        findings, about = suppressed(subject.configuration, findings, target.policy, today, rules)
        findings += [_finding(rule, item, project, subject) for rule, item in about]
    if target.waivers:
        from guardlint.lint.waiving import waived

        lifted = waived(findings, target.waivers, target.policy, today, rules)
        findings = lifted.findings + [_finding(rule, item, project, subject) for rule, item in lifted.about]
    findings.sort(key=lambda item: (item.place, item.rule, item.message))
    return findings


def _summaries(subjects: Sequence[Subject]) -> list[CheckedConfiguration]:
    """What is known of each; one question after the other, as the rules."""
    configurations = [subject.configuration for subject in subjects]
    verdicts = [loads(configuration) for configuration in configurations]
    engines = [
        {"LLMRails": llmrails_engine(configuration), "Guardrails": guardrails_engine(configuration)}
        for configuration in configurations
    ]
    calls = [
        None if verdict == "no" else llm_calls(configuration)
        for configuration, verdict in zip(configurations, verdicts, strict=True)
    ]
    return [
        CheckedConfiguration(
            subject.configuration.name,
            subject.version,
            verdict,
            engine,
            asked,
            subject.target.policy.label if subject.target.policy else None,
            subject.target.tier,
        )
        for subject, verdict, engine, asked in zip(subjects, verdicts, engines, calls, strict=True)
    ]


def _finding(rule: LoadedRule, found: Found, project: Project, subject: Subject) -> Finding:
    configuration, target = project.configuration, subject.target
    inside = target.embedded
    severity = _severity(rule, found, project)
    message = found.message
    if found.since_nemo and is_older(subject.version, found.since_nemo):
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
    return all(redact(text) == text for text in _texts_of(fix))


def _texts_of(fix: Fix | None) -> Iterator[str]:
    if fix is not None:
        yield fix.title
        yield from (edit.text for edit in fix.edits)


def _severity(rule: LoadedRule, found: Found, project: Project) -> Severity:
    ordered = project.policy.severity.get(rule.id) if project.policy is not None else None
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
