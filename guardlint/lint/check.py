"""Runs the rules over configurations and makes the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guardlint.errors import NothingToCheck, UsageError
from guardlint.lint.finding import CheckedConfiguration, Finding, Report, ShownRelated, fingerprint
from guardlint.lint.redact import redact
from guardlint.lint.target import is_older, target_version
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.discover import find_roots
from guardlint.nemo.loading import loads
from guardlint.nemo.serving import guardrails_engine, llm_calls, llmrails_engine
from guardlint.policy.model import ComposedPolicy
from guardlint.rules.registry import all_rules, rule_ids
from guardlint.rules.rule import Found, LoadedRule, Project, Severity, dotted
from guardlint.source.files import shown_path
from guardlint.source.names import closest

__all__ = ["Target", "check", "check_one", "discover", "select_rules"]


@dataclass(frozen=True, slots=True)
class Target:
    """A configuration to check, with the policy and tier that hold for it."""

    root: Path
    policy: ComposedPolicy | None = None
    tier: str | None = None


def discover(paths: Sequence[Path]) -> tuple[list[Path], list[UsageError | NothingToCheck]]:
    """The configurations at or below ``paths``, and what is wrong with the paths themselves."""
    roots: dict[Path, None] = {}
    problems: list[UsageError | NothingToCheck] = []
    for path in paths:
        if not path.exists():
            problems.append(UsageError("no such file or directory", place=str(path), help="check the path"))
            continue
        if path.is_file():
            problems.append(
                UsageError(
                    "is a file; NeMo loads directories",
                    place=str(path),
                    help=f"name its directory, {path.parent}",
                )
            )
            continue
        found = find_roots(path)
        if not found:
            problems.append(
                NothingToCheck(
                    "no NeMo Guardrails configuration here",
                    place=str(path),
                    help="name a directory whose config.yml has `models:`, `rails:` or `colang_version:`",
                )
            )
        roots.update(dict.fromkeys(root.resolve() for root in found))
    return sorted(roots), problems


def select_rules(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[LoadedRule, ...]:
    """The rules to run: those of ``select`` (all where it is empty) without those of ``ignore``.

    Raises UsageError for an id that is no rule's.
    """
    chosen, left_out = list(select), set(ignore)
    for name in (*chosen, *left_out):
        if name not in rule_ids():
            meant = closest(name, rule_ids())
            raise UsageError(
                f"no rule is named `{name}`",
                help=f"did you mean `{meant}`?" if meant else "see guardlint rules",
            )
    return tuple(
        rule for rule in all_rules() if (not chosen or rule.id in chosen) and rule.id not in left_out
    )


def check(targets: Sequence[Target], rules: Sequence[LoadedRule] | None = None) -> Report:
    """Check every target; one that cannot be read has findings and does not stop the others."""
    chosen = select_rules() if rules is None else rules
    checked: list[CheckedConfiguration] = []
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    for target in targets:
        configuration = read_configuration(target.root)
        summary, found = check_one(configuration, target, chosen)
        checked.append(summary)
        findings.extend(found)
        named = {item.place.file for item in found} | {
            related.place.file for item in found for related in item.related
        }
        sources.update((name, text) for name, text in configuration.texts.items() if name in named)
    return Report(tuple(checked), tuple(findings), sources)


def check_one(
    configuration: Configuration, target: Target, rules: Sequence[LoadedRule]
) -> tuple[CheckedConfiguration, list[Finding]]:
    """Run ``rules`` over one configuration that has been read; findings are sorted by place."""
    version = target_version(target.root)
    project = Project(configuration, target.policy)
    findings = [finding for rule in rules for finding in _findings(rule, project, configuration, version)]
    findings.sort(key=lambda item: (item.place, item.rule, item.message))
    verdict = loads(configuration)
    broken = verdict == "no"
    summary = CheckedConfiguration(
        shown_path(target.root),
        version,
        verdict,
        {"LLMRails": llmrails_engine(configuration), "Guardrails": guardrails_engine(configuration)},
        None if broken else llm_calls(configuration),
        target.policy.label if target.policy else None,
        target.tier,
    )
    return summary, findings


def _findings(
    rule: LoadedRule, project: Project, configuration: Configuration, version: str
) -> Iterator[Finding]:
    for found in rule.check(project):
        severity = _severity(rule, found, project.policy)
        message = found.message
        if found.since_nemo and is_older(version, found.since_nemo):
            # STYLE of the house: what only a newer NeMo does is a note about the upgrade, never an error.
            severity = "note"
            message = f"breaks on upgrade to NeMo {found.since_nemo}: {message}"
        yield Finding(
            rule.id,
            severity,
            found.confidence or rule.rule.confidence,
            redact(message),
            configuration.name,
            found.place,
            redact(_named_path(configuration, found)) if found.path else None,
            redact(found.at_run_time),
            redact(found.help),
            fingerprint(rule.id, configuration.name, found.path, found.value),
            tuple(ShownRelated(item.place, redact(item.label)) for item in found.related),
            found.policy,
        )


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
