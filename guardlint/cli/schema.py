"""``guardlint schema``."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint schema                         the documents that have one
  guardlint schema team > .guardlint/team.schema.json
  guardlint schema config --nemo 0.24 > config.schema.json
  guardlint schema --into .guardlint/schemas
                                           all of them as files, for an editor
  guardlint schema --vscode                settings that complete keys in Visual Studio Code from there

\b
An editor with the YAML language server also takes a first line in the file itself:
  # yaml-language-server: $schema=config.schema.json"""

# Which files of a repository each schema is for.
_FILES = {
    "config": ["**/config.yml", "**/config.yaml", "**/prompts.yml", "**/rails.yml"],
    "controls": ["policies/controls.yml"],
    "lock": ["guardlint.lock"],
    "policy": ["policies/*/policy.yml"],
    "policy-tests": ["policies/*/tests/*.yml"],
    "prices": ["policies/prices.yml"],
    "prompts": ["rails/*/prompts.yml"],
    "rail": ["rails/*/rail.yml"],
    "reviews": ["policies/reviews.yml"],
    "rail-tests": ["rails/*/tests.yml"],
    "team": ["guardlint.yml"],
    "team-tests": ["**/guardlint-tests.yml"],
    "tiers": ["policies/tiers.yml"],
    "traffic": ["policies/traffic.yml"],
    "trust": ["**/trust.yml"],
    "waiver": ["policies/waivers/*.yml"],
}


@click.command("schema", epilog=_EPILOG)
@click.argument("name", required=False)
@click.option("--nemo", metavar="VERSION", help="The NeMo release that `config` speaks of [default: newest].")
@click.option("--vscode", is_flag=True, help="Print `yaml.schemas` for .vscode/settings.json.")
@click.option(
    "--into", metavar="DIR", type=click.Path(path_type=Path), help="Write every schema into this folder."
)
def command(name: str | None, nemo: str | None, vscode: bool, into: Path | None) -> int:
    """Print the JSON Schema of a document, so that editors complete and check it.

    NAME is `config` for NeMo's own config.yml, else one of guardlint's documents.
    """
    from guardlint.errors import UsageError
    from guardlint.resources import resource_dir
    from guardlint.source.names import closest

    folder = resource_dir("schemas")
    names = sorted({"config", *(path.stem for path in folder.glob("*.json"))})
    if vscode:
        kept = (into or Path(".guardlint/schemas")).as_posix()
        listed = {f"{kept}/{item}.json": files for item, files in sorted(_FILES.items())}
        click.echo(json.dumps({"yaml.schemas": listed}, indent=2))
        return 0
    if name is None and into is None:
        width = max(map(len, names))
        for item in names:
            click.echo(f"{item:{width}}  {_title(_path(folder, item, None))}")
            if item in _FILES:
                click.echo(f"{'':{width}}    {', '.join(_FILES[item])}")
        return 0
    if name is not None and name not in names:
        meant = closest(name, names)
        mend = f"did you mean `{meant}`?" if meant else f"one of {', '.join(names)}"
        raise UsageError(f"no schema is named `{name}`", help=mend)
    if nemo is not None and name not in (None, "config"):
        raise UsageError("--nemo is for `config`", help="leave it out")
    if into is None:
        assert name is not None
        click.echo(_path(folder, name, nemo).read_text(encoding="utf-8"), nl=False)
        return 0
    from guardlint.source.files import write_atomic

    into.mkdir(parents=True, exist_ok=True)
    wanted = names if name is None else [name]
    for item in wanted:
        write_atomic(into / f"{item}.json", _path(folder, item, nemo).read_bytes())
    click.echo(f"{len(wanted)} schema{'' if len(wanted) == 1 else 's'} written to {into.as_posix()}")
    return 0


def _path(folder: Path, name: str, nemo: str | None) -> Path:
    """Where a schema lies; that of NeMo's own files is one for each release."""
    if name != "config":
        return folder / f"{name}.json"
    from guardlint.nemo.catalogue import catalogued_version, latest_version

    return folder / "nemo" / f"{catalogued_version(nemo) if nemo else latest_version()}.json"


def _title(path: Path) -> str:
    return str(json.loads(path.read_text(encoding="utf-8")).get("title", ""))
