"""``guardlint schema``."""

from __future__ import annotations

import json

import click

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint schema                         the documents that have one
  guardlint schema team > .guardlint/team.schema.json
  guardlint schema config --nemo 0.24 > config.schema.json
  guardlint schema --vscode                settings that complete keys in Visual Studio Code

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
    "tiers": ["policies/tiers.yml"],
    "traffic": ["policies/traffic.yml"],
    "trust": ["**/trust.yml"],
    "waiver": ["policies/waivers/*.yml"],
}


@click.command("schema", epilog=_EPILOG)
@click.argument("name", required=False)
@click.option("--nemo", metavar="VERSION", help="The NeMo release that `config` speaks of [default: newest].")
@click.option("--vscode", is_flag=True, help="Print `yaml.schemas` for .vscode/settings.json.")
def command(name: str | None, nemo: str | None, vscode: bool) -> int:
    """Print the JSON Schema of a document, so that editors complete and check it.

    NAME is `config` for NeMo's own config.yml, else one of guardlint's documents.
    """
    from guardlint.errors import UsageError
    from guardlint.resources import resource_dir
    from guardlint.source.names import closest

    folder = resource_dir("schemas")
    names = sorted({"config", *(path.stem for path in folder.glob("*.json"))})
    if vscode:
        listed = {f".guardlint/schemas/{item}.json": files for item, files in sorted(_FILES.items())}
        click.echo(json.dumps({"yaml.schemas": listed}, indent=2))
        return 0
    if name is None:
        click.echo("\n".join(f"{item:16}  {', '.join(_FILES.get(item, ()))}".rstrip() for item in names))
        return 0
    if name not in names:
        meant = closest(name, names)
        mend = f"did you mean `{meant}`?" if meant else f"one of {', '.join(names)}"
        raise UsageError(f"no schema is named `{name}`", help=mend)
    if nemo is not None and name != "config":
        raise UsageError("--nemo is for `config`", help="leave it out")
    if name == "config":
        from guardlint.nemo.catalogue import catalogued_version, latest_version

        path = folder / "nemo" / f"{catalogued_version(nemo) if nemo else latest_version()}.json"
    else:
        path = folder / f"{name}.json"
    click.echo(path.read_text(encoding="utf-8"), nl=False)
    return 0
