"""``guardlint test``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardlint.harness.endpoint import Endpoint

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint test                     the central repository here, or a team's tests
  guardlint test ../standards --policies
  guardlint test team/ --coverage    which rail and branch some case exercises
  guardlint test --rail block-secrets -k pem --verbose
  guardlint test --watch             again whenever a file changes, until Ctrl-C
  guardlint test --model https://llm.example.com/v1 --model-name gpt-4o-mini --key-env OPENAI_API_KEY
  guardlint test --output junit=tests.xml --output json=tests.json

\b
Rails are tried in a real guard, configurations in real NeMo, without a model: it says what the case
scripts. That needs pip install "guardlint[runtime]"; --policies needs nothing more.
Exit codes: 0 all as the cases say, 1 some are not, a constraint that no case makes fire, or over-blocking,
2 wrong documents, 3 no case, 4 guardlint itself failed."""

_FORMATS = ("text", "json", "junit")


@click.command("test", epilog=_EPILOG)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path()
)
@click.option("--policies", "only_policies", is_flag=True, help="Policies only.")
@click.option("--rail", "rails", metavar="ID", multiple=True, help="This rail only (repeatable).")
@click.option("-k", "words", metavar="WORD", multiple=True, help="Cases whose name holds this (repeatable).")
@click.option("--verbose", "-v", is_flag=True, help="Name every case.")
@click.option("--coverage", is_flag=True, help="Show what is exercised, and over-blocking by rail.")
@click.option("--fail-uncovered", is_flag=True, help="Fail for a branch or verdict that no case takes.")
@click.option(
    "--repeat",
    metavar="N",
    type=click.IntRange(1, 100),
    help="Try each case N times; one that differs is flaky [default: twice what fails or a model decides].",
)
@click.option(
    "--jobs", "-j", metavar="N", type=click.IntRange(1, 64), help="Processes [default: one for each core]."
)
@click.option("--model", "url", metavar="URL", help="Ask this OpenAI-compatible endpoint, not a script.")
@click.option("--model-name", metavar="NAME", default="gpt-4o-mini", show_default=True, help="Its model.")
@click.option("--key-env", metavar="VARIABLE", help="The environment variable that holds its key.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option(
    "--output", "outputs", metavar="FORMAT=PATH", multiple=True, help="Also write a file (repeatable)."
)
@click.option("--watch", is_flag=True, help="Try again what a change of a file may change.")
def command(
    folder: Path,
    only_policies: bool,
    rails: tuple[str, ...],
    words: tuple[str, ...],
    verbose: bool,
    coverage: bool,
    fail_uncovered: bool,
    repeat: int | None,
    jobs: int | None,
    url: str | None,
    model_name: str,
    key_env: str | None,
    form: str,
    outputs: tuple[str, ...],
    watch: bool,
) -> int:
    """Try rails, policies and configurations on the cases that stand beside them.

    FOLDER is a central repository (policies/ and rails/, every document of which is read), a folder with
    guardlint-tests.yml in or below it, or both.
    """
    from guardlint.cli._trials.outcome import Settings
    from guardlint.cli._trials.session import Session, destinations

    endpoint = _endpoint(url, model_name, key_env)
    session = Session(
        folder,
        Settings(endpoint, repeat, words, rails),
        only_policies=only_policies,
        jobs=jobs,
        verbose=verbose,
        coverage=coverage,
        all_ways=fail_uncovered,
        form=form,
        where=destinations(outputs),
    )
    return session.watch() if watch else session.run()


def _endpoint(url: str | None, name: str, key_env: str | None) -> Endpoint | None:
    """Raises UsageError for an address that is none, and a variable that is not set."""
    import os

    from guardlint.errors import UsageError
    from guardlint.harness.endpoint import Endpoint

    if url is None:
        if key_env is not None:
            raise UsageError("--key-env is for --model", help="name the endpoint: --model URL")
        return None
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"`--model {url}` is no address", help="such as https://llm.example.com/v1")
    if key_env is not None and not os.environ.get(key_env):
        raise UsageError(
            f"the environment variable {key_env} is not set", help="set it to the endpoint's key"
        )
    return Endpoint(url, name, key_env)
