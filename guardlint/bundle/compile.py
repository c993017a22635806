"""Policy + rails + a team's configuration → the files and the manifest of a bundle (DESIGN §6).

NeMo is not imported. The two halves never share an engine, so nothing that a team writes can switch a
company rail off: the company half holds no byte of the team's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from guardlint import __version__
from guardlint.bundle.halves import configuration_of
from guardlint.bundle.ingredients import HOOKS, policy_data, rails_data, tool_digests
from guardlint.bundle.keys import Signer
from guardlint.bundle.manifest import time_text
from guardlint.bundle.plain_tree import refuse_imports, refuse_odd_files
from guardlint.bundle.predicted import cost_data, engine_data, llm_calls_data, prices_data, profiles_of
from guardlint.bundle.running import has_code, refuse_unrun
from guardlint.bundle.seal import seal
from guardlint.bundle.source import source_of
from guardlint.bundle.steps import plan_bytes, plan_of
from guardlint.bundle.team_half import team_files
from guardlint.errors import BundleError
from guardlint.lint.check import Target as CheckTarget
from guardlint.lint.check import check, select_rules
from guardlint.lint.finding import Report
from guardlint.nemo.catalogue import latest_version
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.walk import walk
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration, configs_by_use
from guardlint.policy.digest import digest_of
from guardlint.policy.economy import read_economy
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.slow_patterns import refuse_slow_settings
from guardlint.policy.waivers import Waiver
from guardlint.rules.rule import LoadedRule

__all__ = ["CheckFailed", "Compiled", "Standing", "checked", "compile_bundle"]


class CheckFailed(BundleError):
    """The configuration has findings of level error; ``report`` holds them."""

    def __init__(self, message: str, report: Report, *, help: str) -> None:
        super().__init__(message, help=help)
        self.report = report


@dataclass(frozen=True, slots=True)
class Compiled:
    """A bundle and what went into it. ``shortened_by``: the waiver that ends before the bundle would have."""

    data: bytes
    manifest: dict[str, Any]
    plan: dict[str, Any]
    shortened_by: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the team's repository says beside the configuration, as ``guardlint check`` heeds it.

    ``disabled`` are the rules that the team file switches off, with the reasons; ``company_rules`` those of
    the company's own packages; ``files`` decide with the configuration whether the tree is clean.
    """

    waivers: tuple[Waiver, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    company_rules: tuple[LoadedRule, ...] = ()
    files: tuple[Path, ...] = ()


def compile_bundle(
    root: Path,
    policy: ComposedPolicy,
    central: Central,
    *,
    name: str,
    tier: str | None = None,
    created: datetime,
    revision: int | None = None,
    not_before: datetime | None = None,
    expires: datetime | None = None,
    signers: Sequence[Signer] = (),
    standing: Standing | None = None,
) -> Compiled:
    """Compile the configuration at ``root`` under ``policy``.

    ``created`` is the only time that goes in; ``revision`` defaults to it in seconds since 1970, which
    grows from release to release. The manifest lists the waivers without which there would be errors, and
    the bundle expires with the first of them. Same input, same bytes.

    Raises CheckFailed when ``check`` has errors, BundleError when a requirement cannot be enforced or the
    configuration cannot be carried, ConfigError for a policy without a judge model for its rails.
    """
    standing = standing or Standing()
    refuse_odd_files(root)  # before anything walks it
    before = _stamps(root)
    lifting = checked(root, policy, standing, created.date())
    _refuse_unenforceable(policy)
    team = read_configuration(root, version=latest_version())
    refuse_unrun(policy, team)
    refuse_slow_settings(policy, configs_by_use(policy, central))
    company_files = company_configuration(policy, central)
    theirs = team_files(team)
    if _stamps(root) != before:
        raise BundleError("files changed while they were compiled", place=str(root), help="compile again")
    plan = plan_of(policy, central, team)
    files = {
        "plan.yml": plan_bytes(plan),
        **{f"company/{path}": data for path, data in company_files.items()},
        **{f"team/{path}": data for path, data in theirs.items()},
    }
    company = configuration_of(company_files, latest_version())
    economy = read_economy(tuple(dict.fromkeys((central.path, Central.open().path))), created.date())
    end, shortened_by = _end(expires, lifting)
    manifest: dict[str, Any] = {
        "name": name,
        "guardlint": __version__,
        "nemo": team.catalogue.nemo,
        "digests": dict(tool_digests()),
        "revision": int(created.timestamp()) if revision is None else revision,
        "not_before": None if not_before is None else time_text(not_before),
        "expires": None if end is None else time_text(end),
        "policy": policy_data(policy),
        "tier": tier,
        "rails": rails_data(policy, central),
        "configuration": {"path": _path_in_repository(root), "digest": digest_of(theirs)},
        "source": dict(source_of(root, standing.files)),
        "waivers": [waiver.data() for waiver in lifting],
        "disabled": dict(standing.disabled),
        "company_rules": sorted(rule.id for rule in standing.company_rules),
        "engines": {"company": engine_data(company), "team": engine_data(team)},
        "llm_calls": llm_calls_data((company, team)),
        "cost": cost_data((company, team), economy, profiles_of(economy, policy.budgets)),
        "prices": prices_data((company, team), economy),
        "team_code": "isolated" if has_code(team) else "none",
    }
    return Compiled(seal(files, manifest, signers=signers, created=created), manifest, plan, shortened_by)


def checked(root: Path, policy: ComposedPolicy, standing: Standing, today: date) -> list[Waiver]:
    """The waivers that lift errors of what stands at ``root``. Raises CheckFailed where errors are left."""
    refuse_odd_files(root)
    refuse_imports(root)
    # What the team pins does not count: the bundle runs on the NeMo that guardlint's guard runs on.
    target = CheckTarget(root, policy, version=latest_version(), waivers=standing.waivers)
    rules = select_rules(company=standing.company_rules)
    report = check([target], [rule for rule in rules if rule.id not in standing.disabled], today)
    errors = report.count("error")
    if errors:
        raise CheckFailed(
            f"`{report.configurations[0].path}` has {errors} error{'s' if errors > 1 else ''}, "
            f"and {policy.label} compiles none",
            report,
            help="mend what `guardlint check` says",
        )
    said = {found.waived_by for found in report.findings if found.severity == "error"}
    return sorted((waiver for waiver in standing.waivers if waiver.said in said), key=lambda item: item.id)


def _stamps(root: Path) -> dict[str, tuple[int, int, int]]:
    """Size, time and identity of every file, to see that what was checked is what is packed."""
    found = {}
    for file in walk(root):
        try:
            status = file.path.stat()
        except OSError:
            continue  # whatever is wrong with it, reading it will say
        found[file.relative] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def _refuse_unenforceable(policy: ComposedPolicy) -> None:
    """The guard of this version runs rails on input and output; a requirement beyond is refused, not lost."""
    for direction, uses in policy.rails.items():
        if uses and direction not in HOOKS:
            raise BundleError(
                f"`{uses[0].ref}` on {direction} cannot be enforced: the guard checks input and output",
                place=str(uses[0].origin.place),
            )
    if policy.on_error.value != "block":
        raise BundleError(
            f"on_error `{policy.on_error.value}` cannot be enforced: this guard always blocks",
            place=str(policy.on_error.origin.place),
        )


def _end(wanted: datetime | None, lifting: Sequence[Waiver]) -> tuple[datetime | None, Waiver | None]:
    """When the bundle expires, and the waiver that makes it sooner: no exception outlives its last day."""
    first = min(lifting, key=lambda waiver: (waiver.expires, waiver.id), default=None)
    if first is None:
        return wanted, None
    end = datetime.combine(first.expires + timedelta(days=1), time.min, UTC)
    return (wanted, None) if wanted is not None and wanted <= end else (end, first)


def _path_in_repository(root: Path) -> str:
    """The path from the top of the git repository; outside of one the directory's name."""
    for folder in root.parents:
        if (folder / ".git").exists():
            return root.relative_to(folder).as_posix()
    return root.name
