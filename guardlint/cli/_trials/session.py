"""One run of ``guardlint test``, or one after the other while somebody works."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import click

from guardlint.cli._trials.outcome import Outcome, Settings, Suite, Tried
from guardlint.cli._trials.running import try_all, workers_for
from guardlint.cli._trials.suites import count_of, find_suites, holds_standard
from guardlint.cli._trials.summary import Summary, summary
from guardlint.cli._trials.telling import FORMATS, as_json, as_junit, line_of, tables, verdict_lines
from guardlint.errors import GuardlintError, NothingToCheck, UsageError
from guardlint.policy.central import Central
from guardlint.source.files import shown_path, write_atomic

__all__ = ["Session", "destinations"]

_MOST_JOBS = 8  # each holds NeMo, and some 200 MB with it


class Session:
    """What was asked for on the command line."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        only_policies: bool = False,
        jobs: int | None = None,
        verbose: bool = False,
        coverage: bool = False,
        all_ways: bool = False,
        form: str = "text",
        where: Sequence[tuple[str, Path]] = (),
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.only_policies = only_policies
        self.jobs = jobs or min(os.cpu_count() or 1, _MOST_JOBS)
        self.verbose = verbose
        self.coverage = coverage
        self.all_ways = all_ways
        self.form = form
        self.where = tuple(where)

    def run(self) -> int:
        """Try everything, tell it, and return the exit code. Raises ConfigError and NothingToCheck."""
        central = self._central()
        suites = find_suites(self.folder, policies_only=self.only_policies, rails=self.settings.rails)
        return self._try(suites, central)

    def watch(self) -> int:
        """Run, and again what a change may change, until Ctrl-C; the exit code of the last run."""
        from guardlint.cli._trials.watching import affected, changed, stamps

        before = stamps(self.folder)
        code, only = 0, None
        try:
            while True:
                code = self._try_again(only)
                click.echo("waiting for a change; Ctrl-C ends", err=True)
                before, files = changed(self.folder, before)
                suites = find_suites(self.folder, policies_only=self.only_policies, rails=self.settings.rails)
                only = affected(suites, self.folder, files) or None
                named = ", ".join(sorted(shown_path(Path(name)) for name in files)[:3])
                click.echo(f"changed: {named}", err=True)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            return code

    def _try_again(self, only: list[Suite] | None) -> int:
        """A run whose errors are told and do not end the watch."""
        try:
            return self.run() if only is None else self._try(only, self._central())
        except GuardlintError as error:
            click.echo(f"error: {error}", err=True)
            return error.exit_code

    def _central(self) -> Central | None:
        """The central repository, every document of it right, and the rails that were named known."""
        from guardlint.cli._vendoring import must_compose
        from guardlint.source.names import closest

        if not holds_standard(self.folder):
            if self.settings.rails or self.only_policies:
                raise UsageError("there is no central repository", place=shown_path(self.folder))
            return None
        central = must_compose(self.folder)
        for name in self.settings.rails:
            if name not in central.rails():
                near = closest(name, central.rails())
                raise UsageError(
                    f"there is no rail `{name}`",
                    help=f"did you mean `{near}`?" if near else f"rails: {', '.join(central.rails())}",
                )
        return central

    def _try(self, suites: Sequence[Suite], central: Central | None) -> int:
        started = perf_counter()
        text = self.form == "text"
        bar = _Bar(suites)

        def ended(tried: Tried) -> None:
            for outcome in tried.outcomes:
                if text and (self.verbose or outcome.bad or outcome.status == "overblocked"):
                    bar.clear()
                    click.echo(line_of(outcome))

        try:
            tried = try_all(suites, self.settings, central, jobs=self.jobs, done=bar.done, ended=ended)
        finally:
            bar.clear()
        found = summary(tried, self.settings, all_ways=self.all_ways)
        if not found.outcomes and not found.errors:
            raise NothingToCheck(
                "no case here",
                place=shown_path(self.folder),
                help="no case has this name"
                if self.settings.partial
                else "policies/*/tests/*.yml, rails/*/tests.yml and guardlint-tests.yml hold some",
            )
        seconds = perf_counter() - started
        self._tell(found, seconds, max(1, workers_for(suites, self.jobs)))
        return found.exit_code

    def _tell(self, found: Summary, seconds: float, processes: int) -> None:
        if self.form == "text":
            for line in tables(found) if self.coverage else ():
                click.echo(line)
            *lines, last = verdict_lines(found)
            for line in lines:
                click.echo(line)
            click.echo(f"{seconds:.1f} s in {processes} process{'' if processes == 1 else 'es'}")
            click.echo(last)
        else:
            click.echo(_rendered(self.form, found, seconds), nl=False)
        for name, path in self.where:
            write_atomic(path, _rendered(name, found, seconds).encode())


class _Bar:
    """How far it is, on a terminal and nowhere else."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._on = sys.stderr.isatty()
        self._done = self._bad = self._width = 0
        self._all = 0
        if self._on:
            for suite in suites:
                try:
                    self._all += count_of(suite)
                except GuardlintError:  # told when the suite is tried
                    continue

    def done(self, outcome: Outcome) -> None:
        """One more."""
        self._done += 1
        self._bad += outcome.bad
        if self._on:
            text = f"{self._done} of {max(self._all, self._done)}, {self._bad} failed  {outcome.suite}"
            text = text[:78]
            sys.stderr.write(f"\r{text.ljust(self._width)}")
            sys.stderr.flush()
            self._width = len(text)

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._on and self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()
            self._width = 0


def destinations(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """``FORMAT=PATH`` taken apart. Raises UsageError."""
    found = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in FORMATS or not path:
            raise UsageError(
                f"`--output {text}` is not FORMAT=PATH", help=f"FORMAT is one of {', '.join(FORMATS)}"
            )
        if not Path(path).absolute().parent.is_dir():
            raise UsageError("there is no such directory", place=str(Path(path).absolute().parent))
        found.append((name, Path(path)))
    return found


def _rendered(name: str, found: Summary, seconds: float) -> str:
    if name == "json":
        return as_json(found, seconds)
    if name == "junit":
        return as_junit(found)
    return "\n".join([*map(line_of, found.outcomes), *tables(found), *verdict_lines(found), ""])
