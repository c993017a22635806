"""Which configurations to check, under which policy: paths, team file and central repository together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import GuardlintError, NothingToCheck
from guardlint.lint.check import Discovered, Target, discover_all
from guardlint.nemo.embedded import EmbeddedConfiguration
from guardlint.policy.team_location import find_team_file
from guardlint.rules.registry import company_rules
from guardlint.rules.rule import LoadedRule
from guardlint.source.record import replace

if TYPE_CHECKING:
    from guardlint.lint.standard import Standard
    from guardlint.policy.team import TeamFile

__all__ = ["Targets", "find_targets"]


class Targets:
    """What to check and what went wrong on the way; a problem does not stop the other targets.

    ``disabled`` maps rule ids that the team file switches off to the reason. ``skipped`` are configurations
    that Python computes when it runs, so that nothing can be said of them. ``company_rules`` are those of
    the packages that the team file, or whoever asks, names.
    """

    __slots__ = ("company_rules", "disabled", "problems", "skipped", "targets", "team")

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.problems: list[GuardlintError] = []
        self.disabled: dict[str, str] = {}
        self.team: TeamFile | None = None
        self.skipped: list[EmbeddedConfiguration] = []
        self.company_rules: tuple[LoadedRule, ...] = ()


def find_targets(
    paths: Sequence[Path],
    *,
    policy: str | None = None,
    central: Path | None = None,
    embedded: bool = True,
    packages: Sequence[str] = (),
) -> Targets:
    """The targets for ``paths``; without paths, what the team file declares, else the working directory.

    ``policy`` names one for every target, whatever the team file says; ``central`` is where it is looked
    up (default: the team file's central repository, else the reference one). With ``embedded=False`` only
    directories are targets. ``packages`` name the company's rules, beside those of the team file.
    """
    found = Targets()
    start = paths[0] if paths and paths[0].exists() else Path.cwd()
    standard = _standard(find_team_file(start), policy, central, found)
    declared = standard.declared(found.problems) if standard is not None and not paths else None
    if declared is not None:
        below = Discovered(declared)
    else:
        below = discover_all(list(paths) or [Path.cwd()])
        found.problems.extend(below.problems)
    for root in below.roots:
        found.targets.append(_target(root, standard, found))
    for item in below.embedded if embedded else ():
        if item.unknown:
            found.skipped.append(item)
        else:
            found.targets.append(replace(_target(item.path, standard, found), embedded=item))
    if standard is not None:
        found.team = standard.team
        found.disabled = standard.disabled(found.targets, found.problems)
    named = tuple(dict.fromkeys((*packages, *(found.team.rules if found.team is not None else ()))))
    try:
        found.company_rules = company_rules(named)
    except GuardlintError as error:
        found.problems.append(error)
    if not found.targets:
        found.problems.extend(_computed(item) for item in found.skipped)
    return found


def _computed(item: EmbeddedConfiguration) -> NothingToCheck:
    return NothingToCheck(
        f"this configuration is computed when the application runs ({item.unknown})",
        place=item.name,
        help="write it as literals, or in files and give `from_path` their directory",
    )


def _standard(
    team_file: Path | None, policy: str | None, central: Path | None, found: Targets
) -> Standard | None:
    if team_file is None and policy is None and central is None:
        return None
    from guardlint.lint.standard import open_standard

    return open_standard(team_file, policy, central, found.problems)


def _target(root: Path, standard: Standard | None, found: Targets) -> Target:
    return standard.target(root, found.problems) if standard is not None else Target(root)
