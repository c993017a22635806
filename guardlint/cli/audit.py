"""``guardlint audit``."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardlint.errors import GuardlintError, UsageError, VerificationError

if TYPE_CHECKING:
    from guardlint.guard.audit_verify import ChainReport

__all__ = ["command"]

_VERIFY = """\b
Examples:
  guardlint audit verify audit.jsonl                 and its full files, audit.000001.jsonl …
  guardlint audit verify logs/ --head 5f0c…          is this the last record?
  guardlint audit verify logs/ --includes 5f0c…      is this one among them, such as the head of yesterday?
  guardlint audit verify logs/ --seal nov.seal --trust auditors.pub
  guardlint audit verify audit.jsonl --key-file audit.key
                                                     was each record written by who has the key?
  guardlint audit verify audit.000007.jsonl audit.jsonl --after 77ab…
                                                     when the older files were put away

\b
Exit codes: 0 whole, 1 broken, 2 wrong arguments, 3 no audit file, 4 a file that cannot be read."""

_STATS = """\b
Examples:
  guardlint audit stats audit.jsonl
  guardlint audit stats logs/ --since 2026-11-01 --until 2026-12-01
  guardlint audit stats logs/ --format csv > november.csv

\b
Counts what the files say; `verify` tells whether they are whole.
A percentile is at most 2 % beside the exact one.
Exit codes: 0, 2 wrong arguments, 3 no audit file, 4 a file that cannot be read."""

_FIND = """\b
Examples:
  guardlint audit find audit.jsonl --key-file audit.key --text question.txt
  pbpaste | guardlint audit find logs/ --key-file audit.key --text -
  guardlint audit find logs/ --key-file audit.key --user jane@example.com

\b
A text is a whole message (or one part of it), to the letter; a line end after it does not matter.
Exit codes: 0 found, 1 nothing found, 2 wrong arguments, 3 no audit file, 4 a file that cannot be read."""

_HEAD = """\b
Examples:
  guardlint audit head audit.jsonl                   once a day, to where nobody writes from here

\b
Exit codes: 0, 2 wrong arguments, 4 a file that cannot be read or holds no record."""

_SEAL = """\b
Examples:
  guardlint audit seal logs/ --key auditors.key -o november.seal
  guardlint audit seal logs/ --key env:SEALING_KEY -o november.seal
  guardlint audit verify logs/ --seal november.seal --trust auditors.pub

\b
Keys are those of `guardlint keygen`. Nothing is sealed that is not whole.
Exit codes: 0 sealed, 1 broken, 2 wrong arguments or key, 3 no audit file, 4 a file that cannot be read."""

_HASH = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]+Z?)?)?)?")
_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
_key_file = click.option(
    "--key-file", metavar="FILE", type=click.Path(path_type=Path), help="The key of the AuditLog."
)
_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group("audit", epilog="\b\nExamples:\n  guardlint audit verify logs/\n  guardlint audit stats logs/")
def command() -> None:
    """Read audit records: whether they are whole, what they say, who saw a text."""


@command.command("verify", epilog=_VERIFY)
@_paths
@click.option("--head", metavar="HASH", help="What the last record must be: `guardlint audit head`.")
@click.option("--after", metavar="HASH", help="What the first record must follow.")
@click.option("--includes", metavar="HASH", multiple=True, help="A record that must be there (repeatable).")
@click.option(
    "--seal",
    "seals",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A seal that must hold (repeatable).",
)
@click.option("--trust", metavar="PATH", type=click.Path(path_type=Path), help="Whose seals count.")
@_key_file
@_form
def verify(
    paths: tuple[Path, ...],
    head: str | None,
    after: str | None,
    includes: tuple[str, ...],
    seals: tuple[Path, ...],
    trust: Path | None,
    key_file: Path | None,
    form: str,
) -> int:
    """Check every record, and that none is missing between the first and the last.

    PATHS are files, or folders of them. A file that is written to stands for its full ones too.
    """
    from guardlint.guard.audit import read_audit_key
    from guardlint.guard.audit_verify import verify_chains

    hashes = [("--head", head), ("--after", after), *(("--includes", value) for value in includes)]
    for name, value in hashes:
        if value is not None and not _HASH.fullmatch(value):
            raise UsageError(f"{name} is a hash of 64 hexadecimal digits")
    if (trust is None) != (not seals):
        raise UsageError("--seal and --trust go together")
    key = None if key_file is None else read_audit_key(key_file)
    broken: VerificationError | None = None
    chains: list[ChainReport] = []
    try:
        sealed = _sealed(seals, trust)
        chains = verify_chains(paths, after=after, key=key, includes=[*includes, *sealed])
        _end_at(chains, head)
    except VerificationError as error:
        broken = error
    from guardlint.cli._audit_text import chain_lines, verified_data

    if form == "json":
        click.echo(json.dumps(verified_data(chains, broken, key is not None), indent=2))
        return 0 if broken is None else 1
    if broken is not None:
        raise broken
    for chain in chains:
        click.echo("\n".join(chain_lines(chain)))
    if key is not None:
        click.echo("  key    every record was written by who has it")
    for seal in seals:
        click.echo(f"  seal   {seal.as_posix()} holds")
    return 0


@command.command("stats", epilog=_STATS)
@_paths
@click.option("--since", metavar="TIME", default="", help="Count from this day or time on (UTC).")
@click.option("--until", metavar="TIME", default="", help="Count up to this day or time, without it.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
def stats(paths: tuple[Path, ...], since: str, until: str, form: str) -> int:
    """Count calls, verdicts, reasons, personal data, milliseconds, model calls and their cost.

    PATHS are files, or folders of them. A file that is written to stands for its full ones too.
    """
    from guardlint.cli._audit_text import stats_csv, stats_lines
    from guardlint.guard.audit_read import records_of
    from guardlint.guard.audit_stats import stats_of

    for name, value in (("--since", since), ("--until", until)):
        if value and not _DAY.fullmatch(value):
            raise UsageError(f"{name} is a day such as 2026-11-30, or a time such as 2026-11-30T12:00Z")
    data = stats_of(records_of(paths), since=since.removesuffix("Z"), until=until.removesuffix("Z")).data()
    if form == "json":
        click.echo(json.dumps(data, indent=2))
    elif form == "csv":
        click.echo(stats_csv(data), nl=False)
    else:
        click.echo("\n".join(stats_lines(data)))
    return 0


@command.command("find", epilog=_FIND)
@_paths
@click.option(
    "--key-file",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The key of the AuditLog.",
)
@click.option("--text", metavar="FILE", type=click.Path(), help="The text; - is standard input.")
@click.option("--user", metavar="USER", help="A user, as the host names them to the guard.")
@_form
def find(paths: tuple[Path, ...], key_file: Path, text: str | None, user: str | None, form: str) -> int:
    """Say which calls had this text in them, or were of this user, for who has the key.

    PATHS are files, or folders of them. A file that is written to stands for its full ones too.
    """
    from guardlint.guard.audit import read_audit_key
    from guardlint.guard.audit_find import find_records

    if text is None and user is None:
        raise UsageError("what is to be found?", help="--text FILE, --user USER or both")
    key = read_audit_key(key_file)
    found = 0
    rows = []
    for record in find_records(paths, key, text=None if text is None else _text(text), user=user):
        found += 1
        row = {name: record.get(name) for name in ("time", "id", "hook", "verdict", "reason", "rail")}
        row |= {name: record.get(name) for name in ("app", "request_id")}
        if form == "json":
            rows.append(row)
        else:
            told = [str(row[name]) for name in ("time", "id", "hook", "verdict")]
            told += [str(row[name]) for name in ("reason", "rail", "request_id") if row[name]]
            click.echo("  ".join(told))
    if form == "json":
        click.echo(json.dumps({"schema": "guardlint/audit-found/v1", "records": rows}, indent=2))
    elif not found:
        click.echo("no record")
    return 0 if found else 1


@command.command("head", epilog=_HEAD)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def head(path: Path) -> int:
    """Print the hash of the last record: kept elsewhere, it shows later that the end is not cut off."""
    from guardlint.guard.audit_open import head_of, opened

    with opened([path]) as files:
        shown = files[-1].path.as_posix()
        try:
            click.echo(head_of(files))
        except OSError as error:
            raise GuardlintError(f"no head: {error.strerror or error}", place=shown) from None
    return 0


@command.command("seal", epilog=_SEAL)
@_paths
@click.option("--key", "keys", metavar="FILE", multiple=True, required=True, help="Private key, or env:NAME.")
@click.option("--after", metavar="HASH", help="What the first record must follow.")
@_key_file
@click.option("-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path))
def seal(
    paths: tuple[Path, ...], keys: tuple[str, ...], after: str | None, key_file: Path | None, output: Path
) -> int:
    """Check a log and sign its head, so that it can be shown later that nothing before it was changed.

    PATHS are the files of one log. A file that is written to stands for its full ones too.
    """
    from guardlint.bundle.keys import read_private
    from guardlint.cli.options import now
    from guardlint.guard.audit import read_audit_key
    from guardlint.guard.audit_seal import seal_log
    from guardlint.guard.audit_verify import verify_chain
    from guardlint.source.files import write_atomic

    signers = [read_private(source, environ=os.environ) for source in keys]
    report = verify_chain(*paths, after=after, key=None if key_file is None else read_audit_key(key_file))
    if not report.records:
        raise UsageError("there is no record to seal")
    write_atomic(output, seal_log(report, signers, now()))
    click.echo(f"{output.as_posix()}  {report.records:,} records sealed, head {report.head}")
    return 0


def _sealed(seals: tuple[Path, ...], trust: Path | None) -> list[str]:
    """The heads that seals vouch for.  Raises VerificationError for one that must not be trusted."""
    if trust is None:
        return []
    from guardlint.bundle.trust import load_trust
    from guardlint.cli.options import now
    from guardlint.guard.audit_seal import open_seal

    trusted, heads = load_trust(trust), []
    for path in seals:
        try:
            heads.append(open_seal(path.read_bytes(), trusted, now()).head)
        except OSError as error:
            raise UsageError(f"cannot read the seal: {error.strerror}", place=path.as_posix()) from None
        except VerificationError as error:
            raise VerificationError(error.message, place=path.as_posix(), help=error.help) from None
    return heads


def _end_at(chains: list[ChainReport], head: str | None) -> None:
    """Raises VerificationError when no chain ends with ``head``."""
    if head is None or any(chain.head == head for chain in chains):
        return
    place = chains[-1].files[-1].as_posix() if chains and chains[-1].files else None
    raise VerificationError("the last record is not the expected one: the end is missing", place=place)


def _text(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the text: {error.strerror}", place=name) from None
    except UnicodeDecodeError:
        raise UsageError("the text is not UTF-8", place=name) from None
