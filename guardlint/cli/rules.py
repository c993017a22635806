"""``guardlint rules``."""

from __future__ import annotations

import json

import click

from guardlint.cli._outputs import coloured

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint rules
  guardlint rules --family pii
  guardlint rules --format json | jq -r '.rules[] | select(.fix != null) | .id'"""


@click.command("rules", epilog=_EPILOG)
@click.option("--family", metavar="NAME", help="The rules of one family only.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(family: str | None, form: str) -> int:
    """List every rule: what it finds, how severe, and whether it can be mended."""
    from guardlint.errors import UsageError
    from guardlint.rules.registry import all_rules

    families = sorted({rule.family for rule in all_rules()})
    if family is not None and family not in families:
        raise UsageError(f"no family is named `{family}`", help=f"one of {', '.join(families)}")
    rules = [rule for rule in all_rules() if family in (None, rule.family)]
    if form == "json":
        data = {"schema": "guardlint/rules/v1", "rules": [_as_data(rule) for rule in rules]}
        click.echo(json.dumps(data, indent=2))
        return 0
    width = max(len(rule.id) for rule in rules)
    bold = coloured()
    for name in families:
        own = [rule for rule in rules if rule.family == name]
        if own:
            click.echo(click.style(name, bold=True) if bold else name)
        for rule in own:
            mark = {"safe": "fix", "unsafe": "fix?", None: ""}[rule.rule.fix]
            click.echo(f"  {rule.id:{width}}  {rule.rule.severity:7}  {mark:4}  {rule.title}")
    click.echo(f"\n{len(rules)} rules; `guardlint explain RULE` tells more")
    click.echo("fix: `guardlint check --fix` mends it; fix?: `--unsafe-fixes` does, and wants a look after")
    return 0


def _as_data(rule: object) -> dict[str, object]:
    from guardlint.rules.rule import LoadedRule

    assert isinstance(rule, LoadedRule)
    return {
        "id": rule.id,
        "family": rule.family,
        "title": rule.title,
        "severity": rule.rule.severity,
        "confidence": rule.rule.confidence,
        "status": rule.rule.status,
        "since": rule.rule.since,
        "fix": rule.rule.fix,
        "aliases": list(rule.rule.aliases),
        "controls": list(rule.rule.controls),
        "documentation": rule.documentation.strip(),
    }
