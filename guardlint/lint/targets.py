"""Which configurations to check, under which policy: paths, team file and central repository together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from guardlint import __version__
from guardlint.errors import ConfigError, GuardlintError, NothingToCheck
from guardlint.lint.check import Discovered, Target, discover_all
from guardlint.nemo.embedded import EmbeddedConfiguration
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.names import check_rule_ids
from guardlint.policy.team import TeamFile, central_of, find_team_file, load_team_file, policy_for, tier_for
from guardlint.rules.registry import rule_ids
from guardlint.source.names import closest

__all__ = ["Targets", "find_targets"]


@dataclass(slots=True)
class Targets:
    """What to check and what went wrong on the way; a problem does not stop the other targets.

    ``disabled`` maps rule ids that the team file switches off to the reason. ``skipped`` are configurations
    that Python computes when it runs, so that nothing can be said of them.
    """

    targets: list[Target] = field(default_factory=list)
    problems: list[GuardlintError] = field(default_factory=list)
    disabled: dict[str, str] = field(default_factory=dict)
    team: TeamFile | None = None
    skipped: list[EmbeddedConfiguration] = field(default_factory=list)


def find_targets(
    paths: Sequence[Path], *, policy: str | None = None, central: Path | None = None, embedded: bool = True
) -> Targets:
    """The targets for ``paths``; without paths, what the team file declares, else the working directory.

    ``policy`` names one for every target, whatever the team file says; ``central`` is where it is looked
    up (default: the team file's central repository, else the reference one). With ``embedded=False`` only
    directories are targets.
    """
    found = Targets()
    start = paths[0] if paths and paths[0].exists() else Path.cwd()
    found.team = _team_file(start, found)
    team = found.team
    if not paths and team is not None and team.configurations:
        below = Discovered(_declared(team, found))
    else:
        below = discover_all(list(paths) or [Path.cwd()])
        found.problems.extend(below.problems)
    repository = _central(central, team, found)
    forced = _forced(policy, repository, found)
    for root in below.roots:
        found.targets.append(_target(root, team, repository, forced, found))
    for item in below.embedded if embedded else ():
        if item.unknown:
            found.skipped.append(item)
        else:
            target = _target(item.path, team, repository, forced, found)
            found.targets.append(replace(target, embedded=item))
    if not found.targets:
        found.problems.extend(_computed(item) for item in found.skipped)
    return found


def _computed(item: EmbeddedConfiguration) -> NothingToCheck:
    return NothingToCheck(
        f"this configuration is computed when the application runs ({item.unknown})",
        place=item.name,
        help="write it as literals, or in files and give `from_path` their directory",
    )


def _team_file(start: Path, found: Targets) -> TeamFile | None:
    path = find_team_file(start)
    if path is None:
        return None
    try:
        team = load_team_file(path, version=__version__)
        for name in team.disable:
            if name not in rule_ids():
                meant = closest(name, rule_ids())
                raise ConfigError(
                    f"no rule is named `{name}`",
                    place=team.place("disable"),
                    help=f"did you mean `{meant}`?" if meant else None,
                )
    except ConfigError as error:
        found.problems.append(error)
        return None
    found.disabled.update(team.disable)
    return team


def _declared(team: TeamFile, found: Targets) -> list[Path]:
    roots = []
    for entry in team.configurations:
        root = team.root / entry.path
        if root.is_dir():
            roots.append(root.resolve())
        else:
            found.problems.append(
                ConfigError(
                    f"there is no directory `{entry.path}`", place=str(entry.place), help="mend the path"
                )
            )
    return roots


def _central(central: Path | None, team: TeamFile | None, found: Targets) -> Central | None:
    try:
        return Central.open(central) if central is not None else central_of(team)
    except ConfigError as error:
        found.problems.append(error)
        return None


def _known_rules(policy: ComposedPolicy) -> ComposedPolicy:
    """The policy, whose severities name rules that exist. Raises ConfigError."""
    check_rule_ids(policy, rule_ids())
    return policy


def _forced(policy: str | None, central: Central | None, found: Targets) -> ComposedPolicy | None:
    if policy is None or central is None:
        return None
    try:
        return _known_rules(central.policy(policy))
    except ConfigError as error:
        found.problems.append(error)
        return None


def _target(
    root: Path, team: TeamFile | None, central: Central | None, forced: ComposedPolicy | None, found: Targets
) -> Target:
    if forced is not None or team is None or central is None:
        return Target(root, forced)
    try:
        policy = policy_for(team, root, central)
        return Target(
            root, _known_rules(policy) if policy is not None else None, tier_for(team, root, central)
        )
    except ConfigError as error:
        if str(error) not in {str(problem) for problem in found.problems}:
            found.problems.append(error)
        return Target(root)
