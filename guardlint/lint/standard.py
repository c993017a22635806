"""The company's standard for what is checked: team file, central repository and policy together.

Imported only where a team file stands or a policy is named: most checks start sooner without it.
"""

from __future__ import annotations

from pathlib import Path

from guardlint import __version__
from guardlint.errors import ConfigError, GuardlintError
from guardlint.lint.check import Target
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.names import check_rule_ids
from guardlint.policy.team import (
    TeamFile,
    altered_files,
    central_of,
    load_team_file,
    policy_for,
    tier_for,
    waivers_for,
)
from guardlint.policy.vendor import Altered
from guardlint.rules.registry import company_rules, rule_ids
from guardlint.source.names import closest
from guardlint.source.record import record, replace

__all__ = ["Standard", "open_standard"]


_KEPT = frozenset({"changed-central-file", "ending-waiver", "policy-violation"})


@record
class Standard:
    """What holds; each part is None where it is not there or could not be read."""

    team: TeamFile | None
    central: Central | None
    forced: ComposedPolicy | None
    altered: tuple[Altered, ...] = ()

    def declared(self, problems: list[GuardlintError]) -> list[Path] | None:
        """The configurations that the team file declares; None where it declares none."""
        if self.team is None or not self.team.configurations:
            return None
        roots = []
        for entry in self.team.configurations:
            root = self.team.root / entry.path
            if root.is_dir():
                roots.append(root.resolve())
            else:
                problems.append(
                    ConfigError(
                        f"there is no directory `{entry.path}`", place=str(entry.place), help="mend the path"
                    )
                )
        return roots

    def target(self, root: Path, problems: list[GuardlintError]) -> Target:
        """The configuration at ``root`` with the policy, the tier and the waivers that hold for it."""
        target = Target(root, self.forced, altered=self.altered)
        if self.team is None or self.central is None:
            return target
        try:
            if self.forced is None:
                policy = policy_for(self.team, root, self.central)
                if policy is not None:
                    check_rule_ids(policy, _known(self.team))
                target = replace(target, policy=policy, tier=tier_for(self.team, root, self.central))
            target = replace(target, policy=self._settled(target.policy, root))
            return replace(target, waivers=waivers_for(self.team, root, self.central))
        except ConfigError as error:
            if str(error) not in {str(problem) for problem in problems}:
                problems.append(error)
            return target

    def _settled(self, policy: ComposedPolicy | None, root: Path) -> ComposedPolicy | None:
        """The policy with what the team chooses of its rails. Raises ConfigError."""
        entry = self.team.entry(root) if self.team is not None else None
        if policy is None or entry is None or not entry.settings or self.central is None:
            return policy
        from guardlint.policy.team_settings import with_settings

        return with_settings(policy, entry.settings, self.central)

    def disabled(self, targets: list[Target], problems: list[GuardlintError]) -> dict[str, str]:
        """The rules that the team file switches off, with the reason; what a policy keeps on stays on."""
        if self.team is None:
            return {}
        kept = dict(self.team.disable)
        for target in targets:
            for name in list(kept):
                if name in _KEPT:
                    del kept[name]
                    problems.append(
                        ConfigError(
                            f"`{name}` is about the company's standard, and no team switches it off",
                            place=self.team.place("disable"),
                            help="take it out of `disable`",
                        )
                    )
                elif target.policy is not None and not target.policy.waivable(name):
                    del kept[name]
                    problems.append(
                        ConfigError(
                            f"{target.policy.label} does not let a team switch off `{name}`",
                            place=self.team.place("disable"),
                            help="take it out of `disable`",
                        )
                    )
        return kept


def open_standard(
    team_file: Path | None, policy: str | None, central: Path | None, problems: list[GuardlintError]
) -> Standard:
    """Read the team file and the central repository, and compose the policy that was named.

    What is wrong goes into ``problems``, so that the configurations are checked all the same.
    """
    team = _team(team_file, problems) if team_file is not None else None
    changed: tuple[Altered, ...] = ()
    try:
        if central is None:
            changed = altered_files(team)
        repository = Central.open(central) if central is not None else central_of(team)
        forced = None
        if policy is not None:
            forced = repository.policy(policy)
            check_rule_ids(forced, _known(team))
    except ConfigError as error:
        problems.append(error)
        return Standard(team, None, None, changed)
    return Standard(team, repository, forced, changed)


def _known(team: TeamFile | None) -> tuple[str, ...]:
    """The ids of guardlint's rules and of those that the team's packages bring. Raises ConfigError."""
    more = company_rules(team.rules) if team is not None else ()
    return (*rule_ids(), *(rule.id for rule in more))


def _team(path: Path, problems: list[GuardlintError]) -> TeamFile | None:
    try:
        team = load_team_file(path, version=__version__)
        for name in team.disable:
            if name not in _known(team):
                meant = closest(name, _known(team))
                raise ConfigError(
                    f"no rule is named `{name}`",
                    place=team.place("disable"),
                    help=f"did you mean `{meant}`?" if meant else None,
                )
    except ConfigError as error:
        problems.append(error)
        return None
    return team
