"""``guardlint init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guardlint.cli._init_team import TeamSetup
    from guardlint.policy.central_source import CentralSource

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint init                                    a team's repository, from the configurations in it
  guardlint init --team payments --tier customer-facing --ci github
  guardlint init --from https://git.example.com/standards.git@v1.2.0
  guardlint init --from ../standards-1.2.0.tar --key standards.pub
  guardlint init --central standards --company harbour-bank

\b
Nothing is asked and no file is ever overwritten: what is there is kept, and what would stand in it is shown.
Exit codes: 0 done, 2 wrong arguments, 3 no configuration to begin from."""


@click.command("init", epilog=_EPILOG)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--central", is_flag=True, help="Set up a company's own central repository in FOLDER.")
@click.option("--company", metavar="NAME", help="With --central: the company's name [default: FOLDER's].")
@click.option(
    "--extends", metavar="ID", multiple=True, help="With --central: policies to tighten [baseline]."
)
@click.option("--team", metavar="NAME", help="The team's name [default: FOLDER's].")
@click.option(
    "--from", "source", metavar="WHERE", help="The central repository: a folder, GIT@TAG or an archive."
)
@click.option("--key", metavar="FILE", help="The public key that signs the archive.")
@click.option("--digest", metavar="SHA256", help="The digest of the archive.")
@click.option("--tier", metavar="NAME", help="The tier, where the central repository assigns none.")
@click.option("--policy", metavar="ID", help="The policy, instead of a tier.")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    multiple=True,
    help="[default: those whose files are there]",
)
@click.option("--hook/--no-hook", default=True, help="Write a hook for pre-commit.  [default: write it]")
@click.option(
    "--editor/--no-editor", default=None, help="Write schemas and settings  [default: with .vscode/]"
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(
    folder: Path,
    central: bool,
    company: str | None,
    extends: tuple[str, ...],
    team: str | None,
    source: str | None,
    key: str | None,
    digest: str | None,
    tier: str | None,
    policy: str | None,
    ci: tuple[str, ...],
    hook: bool,
    editor: bool | None,
    dry_run: bool,
) -> int:
    """Set up a team's repository, or with --central a company's central repository.

    A team gets a team file, a hook, a CI step and schemas for the editor, for the NeMo Guardrails
    configurations that are in FOLDER.
    """
    from guardlint.cli._central_option import named_source
    from guardlint.cli._init_team import ci_of, kebab
    from guardlint.errors import UsageError

    systems = tuple(name for name in ci if name != "none") if ci else ci_of(folder)
    if central:
        if any((team, source, key, digest, tier, policy)):
            raise UsageError(
                "--central sets up no team", help="leave --team, --from, --tier and the like out"
            )
        from guardlint.cli._init_central import central_files

        files = central_files(kebab(company or folder.resolve().name), extends or ("baseline",), systems)
        _write(folder, files, dry_run)
        click.echo("next: write your own into policies/, then `git add` and commit")
        return 0
    if company is not None or extends:
        raise UsageError("--company and --extends are for --central", help="add --central, or leave them out")
    if tier is not None and policy is not None:
        raise UsageError("a tier names its policy", help="give --tier or --policy")
    named = named_source(source, key, digest, "--from", folder)
    return _team(
        folder, team, named, (tier, policy), systems, hook, editor, dry_run=dry_run, ci_asked=bool(ci)
    )


def _team(
    folder: Path,
    team: str | None,
    source: CentralSource | None,
    standard: tuple[str | None, str | None],
    systems: tuple[str, ...],
    hook: bool,
    editor: bool | None,
    *,
    dry_run: bool,
    ci_asked: bool,
) -> int:
    from guardlint.cli._init_team import TeamSetup, kebab, team_files
    from guardlint.cli.update import update
    from guardlint.errors import NothingToCheck, UsageError
    from guardlint.lint.target import target_version
    from guardlint.nemo.discover import find_roots
    from guardlint.policy.team import load_team_file
    from guardlint.policy.team_location import find_team_file

    if not folder.is_dir():
        raise UsageError("there is no such folder", place=str(folder))
    top = folder.resolve()
    roots = sorted(root.resolve() for root in find_roots(folder))
    if not roots:
        raise NothingToCheck(
            "no NeMo Guardrails configuration here",
            place=str(folder),
            help="name the repository that holds one: its config.yml has `models:`, `rails:` or the like",
        )
    setup = TeamSetup(
        team=kebab(team or top.name),
        configurations=tuple(root.relative_to(top).as_posix() for root in roots),
        central=source,
        tier=standard[0],
        policy=standard[1],
        ci=systems,
        hook=hook,
        editor=(folder / ".vscode").is_dir() if editor is None else editor,
        nemo=target_version(roots[0]),
    )
    files = team_files(setup)
    there = find_team_file(top)
    kept = there if there is not None and there.parent == top else None
    if kept is not None and kept.name != "guardlint.yml":
        click.echo(f"kept   the team file in {kept.name}; as a file of its own it would say:")
        click.echo(_indented(files.pop("guardlint.yml")))
    _write(folder, files, dry_run)
    if dry_run:
        return 0
    if source is not None and source.vendored:
        written = load_team_file(kept or folder / "guardlint.yml")
        if written.central != source:
            click.echo("the team file names another central repository: write this one into it, and update")
        elif code := update(written):
            return code
    for line in _left_out(setup, asked=ci_asked):
        click.echo(line)
    click.echo("next: `guardlint check`; what it finds today can wait in `guardlint baseline`")
    return 0


def _left_out(setup: TeamSetup, *, asked: bool) -> Iterator[str]:
    """What the repository shows no sign of using, and how to have it all the same."""
    if not setup.ci and not asked:
        yield "no CI step: no .github/, no .gitlab-ci.yml is here; `--ci github` or `--ci gitlab` writes it"
    if not setup.editor:
        yield "no schemas for the editor: there is no .vscode/; `--editor` writes them"


def _write(folder: Path, files: dict[str, str], dry_run: bool) -> None:
    """Write what is not there. What is there is kept, and what would have been written is shown."""
    from guardlint.source.files import write_atomic

    for name, text in files.items():
        path = folder / name
        if path.exists() or path.is_symlink():
            same = path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text
            click.echo(f"kept   {name}" + ("" if same else ", which is there already; it would say:"))
            if not same:
                click.echo(_indented(text))
            continue
        click.echo(f"{'would write' if dry_run else 'wrote'}  {name}")
        if dry_run:
            click.echo(_indented(text))
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())


def _indented(text: str) -> str:
    lines = text.splitlines()
    more = [f"... and {len(lines) - 40} more lines"] if len(lines) > 42 else []
    return "\n".join(f"    {line}".rstrip() for line in [*(lines[:40] if more else lines), *more])
