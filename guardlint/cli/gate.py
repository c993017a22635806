"""``guardlint gate``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from guardlint.cli._outputs import FORMATS, destinations, for_terminal, on_actions, progress, write_all
from guardlint.cli.options import now
from guardlint.errors import ConfigError, GuardlintError, NothingToCheck
from guardlint.source.record import replace

if TYPE_CHECKING:
    from datetime import date

    from guardlint.lint.base_tree import Base
    from guardlint.lint.check import Target
    from guardlint.lint.gate import Judged
    from guardlint.lint.targets import Targets
    from guardlint.rules.rule import LoadedRule

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint gate --base origin/main
  guardlint gate --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --central ../standards --team payments
  guardlint gate --base origin/main --central https://git.example.com/standards.git@v1.2.0 --team payments
  guardlint gate --base origin/main --summary gate.md --output sarif=gate.sarif

\b
With --central the policy and the tier come from there (its policies/tiers.yml), whatever the team's
repository says; a repository without a team file, or whose team file claims less, fails.

\b
Exit codes: 0 nothing new, 1 new findings at or above --fail-on, 2 wrong arguments, reference, team
file or policy, 3 nothing to check, 4 guardlint itself failed."""


@click.command("gate", epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--base", "ref", metavar="REF", required=True, help="What the change is compared with.")
@click.option(
    "--central",
    "where",
    metavar="WHERE",
    envvar="GUARDLINT_CENTRAL",
    help="The company's central repository: a folder, GIT@TAG or an archive [env: GUARDLINT_CENTRAL].",
)
@click.option(
    "--central-key",
    "key",
    metavar="FILE",
    envvar="GUARDLINT_CENTRAL_KEY",
    help="The public key that signs the archive [env: GUARDLINT_CENTRAL_KEY].",
)
@click.option("--central-digest", "digest", metavar="SHA256", help="The digest of the archive.")
@click.option("--team", metavar="NAME", help="The team that the repository belongs to, as CI knows it.")
@click.option(
    "--rules", "packages", metavar="PACKAGE", multiple=True, help="A company's package of rules (repeatable)."
)
@click.option("--policy", metavar="ID", help="Hold against this policy, whatever anything else says.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    show_default=True,
    help="The least severity of a new finding that makes the exit code 1.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--output", "outputs", metavar="FORMAT=PATH", multiple=True, help="Also write a file (repeatable)."
)
@click.option(
    "--summary", metavar="FILE", type=click.Path(path_type=Path), help="A markdown summary for reviewers."
)
def command(
    paths: tuple[Path, ...],
    ref: str,
    where: str | None,
    key: str | None,
    digest: str | None,
    team: str | None,
    policy: str | None,
    packages: tuple[str, ...],
    fail_on: Literal["error", "warning", "note"],
    form: str,
    outputs: tuple[str, ...],
    summary: Path | None,
) -> int:
    """Say what a change brings: new findings, removed rails, and what the policy never allows.

    PATHS are those of `guardlint check`. Baselines are not heeded: what stood in the base is known.
    """
    from guardlint.cli._central_option import fetched_central
    from guardlint.lint.base_tree import base_of, changed_paths, top_of, write_tree
    from guardlint.lint.check import select_rules
    from guardlint.lint.targets import find_targets
    from guardlint.report.gate import render_gate_markdown, render_gate_text

    files = destinations(outputs)
    # Fetched, it lies there for as long as the command runs.
    central = click.get_current_context().with_resource(fetched_central(where, key, digest))
    start = paths[0] if paths and paths[0].is_dir() else Path.cwd()
    top = top_of(start)
    base = base_of(top, ref)
    head = find_targets(paths, policy=policy, central=central, packages=packages)
    _must_be_the_teams(head, team, central)
    with tempfile.TemporaryDirectory(prefix="guardlint-base-") as folder:
        old = Path(folder).resolve()
        if base.commit is not None:
            write_tree(top, base.commit, old)
        before = _before(old, top, paths)
        today = now().date()
        # What only the new state switches off is judged all the same.
        off = set(head.disabled) & set(before.disabled) if base.commit is not None else set(head.disabled)
        # And what it names no more runs all the same.
        company = {rule.id: rule for rule in (*before.company_rules, *head.company_rules)}
        rules = tuple(rule for rule in select_rules(company=tuple(company.values())) if rule.id not in off)
        now_there = [*head.targets, *_left_out(head, before, old, top)]
        if not now_there and not before.targets:
            raise head.problems[0] if head.problems else NothingToCheck("no configuration here")
        changed = changed_paths(top, base.commit) if base.commit is not None else None
        judged = _judge(
            _under_the_same_policy(before, now_there, old, base), now_there, rules, today, changed, top
        )
    for problem in head.problems:
        if not isinstance(problem, NothingToCheck):
            click.echo(f"error: {problem}", err=True)
    fails = judged.report.fails(fail_on)
    codes = {item.exit_code for item in head.problems if not isinstance(item, NothingToCheck)}
    passed = not fails and not codes
    notices = [base.notice] if base.notice else []
    for notice in notices:
        click.echo(f"note: {notice}", err=True)
    click.echo(for_terminal(judged.report, form), nl=False)
    shown = f"{ref} ({base.commit[:10]})" if base.commit else ref
    if form == "text":
        click.echo(render_gate_text(judged, shown, passed=passed), nl=False)
        if on_actions():
            click.echo(for_terminal(judged.report, "github"), nl=False)
    write_all(judged.report, files)
    _summarise(render_gate_markdown(judged, shown, passed=passed, notices=notices), summary)
    return max(codes, default=1 if fails else 0)


def _judge(
    before: list[Target],
    after: list[Target],
    rules: tuple[LoadedRule, ...],
    today: date,
    changed: frozenset[str] | None,
    top: Path,
) -> Judged:
    """Compare what the change touches; what it leaves as it was is checked where a policy may forbid it."""
    from guardlint.lint.gate import compare, examine, with_same
    from guardlint.lint.identity import identity_of
    from guardlint.lint.unchanged import unchanged

    same: set[str] = set()
    free: set[str] = set()
    if changed is not None:
        roots = unchanged(after, changed, top.resolve())
        same = {identity_of(root) for root in roots} & {target.identity for target in before}
        free = {
            identity_of(target.root)
            for target in after
            if target.policy is None and not target.waivers and not target.altered
        } & same
    heads = [item for item in after if item.embedded or identity_of(item.root) not in free]
    bases = [item for item in before if item.identity not in same]
    with progress(len(heads) + len(bases)) as done:
        head = examine(heads, rules, today, done)
        base = examine(bases, rules, today, done)
    judged = compare(with_same(base, head, same - free), head)
    return replace(judged, unchanged=len(same))


def _must_be_the_teams(head: Targets, team: str | None, central: Path | None) -> None:
    """With a central repository, a team file must stand there and say whose it is."""
    if (
        central is not None
        and head.team is None
        and not any(isinstance(problem, ConfigError) for problem in head.problems)
    ):
        raise ConfigError(
            "the repository has no team file", place="guardlint.yml", help="write one: `team: NAME`"
        )
    if team is not None and head.team is not None and head.team.team != team:
        raise ConfigError(
            f"the team file says `team: {head.team.team}`, and this is a repository of `{team}`",
            place=head.team.place("team"),
            help=f"write `team: {team}`",
        )


def _before(old: Path, top: Path, paths: tuple[Path, ...]) -> Targets:
    """What was checked in the base. Its policy is not asked for: both states are held against today's."""
    from guardlint.lint.targets import Targets, find_targets

    asked = [old / (Path.cwd() / path).resolve().relative_to(top.resolve()) for path in paths]
    there = [path for path in asked if path.exists()]
    return Targets() if asked and not there else find_targets(there or [old])


def _under_the_same_policy(before: Targets, now: list[Target], old: Path, base: Base) -> list[Target]:
    from guardlint.lint.identity import identity_of

    by_name = {identity_of(target.root): target for target in now}
    found = []
    for target in before.targets:
        name = _name_now(target.root.resolve().relative_to(old).as_posix(), base)
        same = by_name.get(name)
        if target.embedded is not None:
            name = f"{name}::{target.embedded.identity.rpartition('::')[2]}"
        policy, tier = (same.policy, same.tier) if same is not None else (None, None)
        waivers = same.waivers if same is not None else ()
        found.append(replace(target, identity=name, policy=policy, tier=tier, waivers=waivers, altered=()))
    return found


def _name_now(name: str, base: Base) -> str:
    """The name that a path of the base has after the change."""
    for before in sorted(base.moved, key=len, reverse=True):
        if name == before or name.startswith(f"{before}/"):
            return base.moved[before] + name[len(before) :]
    return name


def _left_out(head: Targets, before: Targets, old: Path, top: Path) -> list[Target]:
    """Configurations that the base checked, that are still there and that the team file names no more."""
    from guardlint.nemo.discover import find_roots

    known = {target.root.resolve() for target in head.targets}
    found = []
    for target in before.targets:
        there = top / target.root.resolve().relative_to(old)
        if target.embedded is not None or there.resolve() in known or not there.is_dir():
            continue
        if there.resolve() in {root.resolve() for root in find_roots(there)}:
            found.append(replace(target, root=there.resolve()))
    return found


def _summarise(text: str, path: Path | None) -> None:
    from guardlint.source.files import write_atomic

    if path is not None:
        write_atomic(path, text.encode())
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        try:
            with Path(page).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise GuardlintError(
                f"cannot write the step's summary: {error.strerror or error}", place=page
            ) from None
