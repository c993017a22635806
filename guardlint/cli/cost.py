"""``guardlint cost``."""

from __future__ import annotations

from pathlib import Path

import click

from guardlint.errors import ConfigError, UsageError

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint cost guardrails/
  guardlint cost guardrails/ --profile customer-chat
  guardlint cost guardrails/ --central ../central --profile retail --format json

\b
Prices and traffic are the central repository's: policies/prices.yml and policies/traffic.yml."""


@click.command("cost", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--central", type=click.Path(path_type=Path), help="The central repository; else the reference one."
)
@click.option("--profile", metavar="NAME", help="The traffic profile; needed where there are several.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(path: Path, central: Path | None, profile: str | None, form: str) -> int:
    """Predict what one query to PATH costs: model calls, tokens, money and time, rail by rail."""
    import json

    from guardlint.cli.options import now
    from guardlint.lint.check import Target, discover_all, read_target
    from guardlint.nemo.loading import loads
    from guardlint.nemo.spending import spending
    from guardlint.policy.central import Central
    from guardlint.policy.economy import read_economy
    from guardlint.report.spending import SHOWN, render_spending, spending_data

    opened = Central.open(central)
    folders = dict.fromkeys((opened.path, Central.open().path))
    economy = read_economy(tuple(folders), now().date())
    if profile is None:
        if len(economy.profiles) != 1:
            known = (
                ", ".join(sorted(economy.profiles))
                or "none: the central repository has no policies/traffic.yml"
            )
            raise UsageError("which traffic?", help=f"give --profile NAME: {known}")
        profile = next(iter(economy.profiles))
    try:
        traffic = economy.profile(profile)
    except ConfigError as error:
        raise UsageError(error.message, help=error.help) from None
    found = discover_all([path])
    for problem in found.problems:
        raise problem
    targets = [Target(root) for root in found.roots]
    targets += [Target(item.path, embedded=item) for item in found.embedded]
    shown = []
    for target in targets:
        configuration = read_target(target)
        if loads(configuration) == "no":
            click.echo(f"{configuration.name}: NeMo does not load it", err=True)
            continue
        result = spending(configuration, traffic, economy.prices)
        if form == "json":
            shown.append(spending_data(configuration.name, result))
        else:
            click.echo(
                render_spending(configuration.name, traffic, economy, result), nl=target is not targets[-1]
            )
    if form == "json":
        data = {
            "schema": SHOWN,
            "profile": traffic.name,
            "currency": economy.currency,
            "examples": economy.examples,
            "configurations": shown,
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    return 0
