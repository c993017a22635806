"""``guardlint new-rule``."""

from __future__ import annotations

from pathlib import Path

import click

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["command"]

_EPILOG = """\b
Examples:
  guardlint new-rule retail-limits missing-limit --into acme_rules
  guardlint new-rule prompts vague-question        in a checkout of guardlint itself

\b
A company's package becomes known by an entry point in its pyproject.toml,
  [project.entry-points."guardlint.rules"]
  acme_rules = "acme_rules"
and is used where the team file has `rules: [acme_rules]`, or with `--rules acme_rules`."""

_WORD = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*")

_RULE = '''\
"""What is wrong, in one sentence.

What it does: says what it looks at.

Why it matters: says what NeMo does at run time with what it finds.

How to fix: says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="warning", confidence="high", since="{version}", status="preview")


def check(project: Project) -> Iterator[Found]:
    """One finding for each output rail that is called like this rule; look for something real."""
    for rail in project.configuration.rails("output"):
        if rail.flow == "{words}":
            yield Found(
                f"`{{rail.flow}}` is only an example",
                rail.place,
                "nothing: the rule that says so is not written yet",
                "write the rule",
                path=rail.path,
                value=rail.text,
            )
'''
_PAGE = """\
# {id}

Why somebody should care.

## It is there

NeMo: loads

```yaml file=config.yml
models: []
rails:
  output:
    flows:
      - {words} # warning: [{id}] @9 is only an example
```

```colang file=rails.co
define subflow {words}
  $checked = True
```

## It is not there

NeMo: loads

```yaml file=config.yml
models: []
```
"""
_TEST = '''\
"""Every rule of the package does what its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.lint.rule_pages import check_case, parse_page, write_case

PAGES = sorted(Path(__file__).parent.glob("*.md"))
CASES = [case for page in PAGES for case in parse_page(page)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_those_of_the_page(case, tmp_path):
    """Rule, severity, file, line and words; and nothing besides."""
    write_case(case, tmp_path)
    assert [] == check_case(case, tmp_path, packages=["{name}"])[1]
'''


@click.command("new-rule", epilog=_EPILOG)
@click.argument("family")
@click.argument("id")
@click.option(
    "--into",
    metavar="PACKAGE",
    type=click.Path(path_type=Path),
    help="The folder of a company's package of rules; left out, this is a checkout of guardlint.",
)
def command(family: str, id: str, into: Path | None) -> int:
    """Write a rule that runs and its page that tests it, to begin from.

    FAMILY is the folder, ID the name of the rule: kebab-case words that say the fault.
    """
    from guardlint import __version__
    from guardlint.errors import UsageError
    from guardlint.rules.registry import rule_ids
    from guardlint.source.files import shown_path, write_atomic

    for name in (family, id):
        if not _WORD.fullmatch(name):
            raise UsageError(f"`{name}` is not written in kebab-case", help="such as `missing-limit`")
    if id in rule_ids():
        raise UsageError(f"there is a rule named `{id}`", help=f"guardlint explain {id}")
    package, pages = _folders(into)
    module = package / family.replace("-", "_")
    texts = {
        module / f"{id.replace('-', '_')}.py": _RULE.format(version=__version__, words=id.replace("-", " ")),
        pages / f"{id}.md": _PAGE.format(id=id, words=id.replace("-", " ")),
    }
    there = next((path for path in texts if path.exists()), None)
    if there is not None:
        raise UsageError("the file is there already", place=shown_path(there), help="choose another id")
    beside = {module / "__init__.py": f'"""Rules about {family.replace("-", " ")}."""\n'}
    if into is not None:
        beside[package / "__init__.py"] = f'"""The rules of {package.name}."""\n'
        beside[pages / "test_rules.py"] = _TEST.format(name=package.name)
    for path, text in {**texts, **{path: text for path, text in beside.items() if not path.exists()}}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
        click.echo(f"wrote {shown_path(path)}")
    return 0


def _folders(into: Path | None) -> tuple[Path, Path]:
    """Where modules go, and where pages go."""
    from guardlint.errors import UsageError

    if into is not None:
        if not _WORD.fullmatch(into.name.replace("_", "-")):
            raise UsageError(f"`{into.name}` is no name of a package", help="such as `acme_rules`")
        return into, into.parent / "tests"
    root = Path.cwd()
    if not (root / "guardlint" / "rules" / "registry.py").is_file():
        raise UsageError("this is no checkout of guardlint", help="name a package: --into acme_rules")
    return root / "guardlint" / "rules", root / "tests" / "rules"
