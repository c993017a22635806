"""Which configurations of teams a change of policy would make fail, with the waivers that they have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from guardlint import __version__
from guardlint.lint.check import Target, check, discover_all
from guardlint.lint.finding import Report
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.team import load_team_file
from guardlint.policy.team_location import find_team_file
from guardlint.policy.waivers import Waiver
from guardlint.report.policy import NewlyFailing, TeamsFailing

__all__ = ["Version", "teams_failing"]

Version = tuple[Central, ComposedPolicy]
"""A policy and the repository that it was read from, whose waivers count."""


def teams_failing(teams: Sequence[Path], old: Version, new: Version, today: date) -> TeamsFailing:
    """Those with errors under the new policy and none under the old; and those that fail already.

    Raises GuardlintError where a folder holds no configuration, or a team file is wrong.
    """
    below = discover_all(teams)
    if below.problems:
        raise below.problems[0]
    newly, already = [], []
    for root in below.roots:
        was = _checked(root, old, today)
        if was.count("error"):
            already.append(was.configurations[0].path)
            continue
        now = _checked(root, new, today)
        errors = tuple(
            (f"{item.place.file}:{item.place.line}", f"{item.message} [{item.rule}]")
            for item in now.findings
            if item.severity == "error" and item.counts
        )
        if errors:
            newly.append(NewlyFailing(now.configurations[0].path, errors))
    return TeamsFailing(len(below.roots), tuple(newly), tuple(already))


def _checked(root: Path, version: Version, today: date) -> Report:
    central, policy = version
    return check([Target(root, policy, waivers=_waivers(root, central))], today=today)


def _waivers(root: Path, central: Central) -> tuple[Waiver, ...]:
    file = find_team_file(root)
    if file is None:
        return ()
    team = load_team_file(file, version=__version__)
    name = root.resolve().relative_to(team.root.resolve()).as_posix()
    return central.waivers_of(team.team, name, root)
