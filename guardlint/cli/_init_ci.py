"""CI steps that ``guardlint init`` writes."""

from __future__ import annotations

from guardlint import __version__
from guardlint.policy.central_source import CentralSource
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = [
    "GITHUB_FILE",
    "GITLAB_FILE",
    "GITLAB_INCLUDE",
    "github_central",
    "github_gate",
    "gitlab_central",
    "gitlab_gate",
]

GITHUB_FILE = ".github/workflows/guardlint.yml"
GITLAB_FILE = ".gitlab/guardlint.yml"
GITLAB_INCLUDE = f"include:\n  - local: {GITLAB_FILE}\n"

_ON_GITHUB = lazy_pattern(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def github_gate(team: str, central: CentralSource | None) -> str:
    """The workflow of a team: the gate, against the published standard where GitHub can check that out."""
    steps = _GITHUB_STEPS
    given = [f"team: {team}", "sarif: guardlint.sarif"]
    found = _ON_GITHUB.fullmatch(central.git or "") if central is not None else None
    if found is not None and central is not None:
        # Below .guardlint/, which no check looks for configurations in.
        steps += _GITHUB_STANDARD.format(repository=found[1], tag=central.tag)
        folder = ".guardlint/standard" + (f"/{central.subfolder}" if central.subfolder else "")
        given.insert(0, f"central: {folder}")
    return f"{_GITHUB_TOP}{steps}{_GITHUB_GATE.format(version=__version__, given=_indented(given, 10))}"


def gitlab_gate(team: str, central: CentralSource | None) -> str:
    """The job of a team; ``GUARDLINT_CENTRAL`` of the group or project says where the standard is."""
    fetch = "    - guardlint update --check\n" if central is not None and central.vendored else ""
    return _GITLAB.format(version=__version__, team=team, fetch=fetch)


def github_central() -> str:
    """The workflow of a central repository: its own test."""
    return _GITHUB_CENTRAL.format(version=__version__)


def gitlab_central() -> str:
    """The job of a central repository: its own test."""
    return _GITLAB_CENTRAL.format(version=__version__)


def _indented(lines: list[str], by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines)


_GITHUB_TOP = """\
name: guardlint
on: [pull_request, merge_group]
permissions: {contents: read, security-events: write}
jobs:
  gate:
    runs-on: ubuntu-latest
"""
_GITHUB_STEPS = """\
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
"""
_GITHUB_STANDARD = """\
      - uses: actions/checkout@v4
        with: {{repository: {repository}, ref: {tag}, path: .guardlint/standard}}
"""
_GITHUB_GATE = """\
      - uses: guardlint/guardlint@v{version}
        with:
{given}      - uses: github/codeql-action/upload-sarif@v3
        if: always()
        with: {{sarif_file: guardlint.sarif}}
"""
_GITLAB = """\
# GUARDLINT_CENTRAL, set for the group, is the company's central repository: a folder on the runner, or its
# address at a tag (https://host/standard.git@v1.2.0). Policy and tier come from there, whatever is said here.
guardlint:
  image: python:3.12-slim
  stage: test
  variables:
    GIT_DEPTH: "0"
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  before_script:
    - command -v git > /dev/null || (apt-get update -qq && apt-get install -qq --no-install-recommends git)
    - python -m pip install --quiet "guardlint[bundle]=={version}"
  script:
{fetch}    - >-
      guardlint gate --base "${{CI_MERGE_REQUEST_DIFF_BASE_SHA:-$CI_COMMIT_BEFORE_SHA}}" --team {team}
      --output gitlab=gl-code-quality-report.json --output junit=guardlint.xml --summary guardlint.md
  artifacts:
    when: always
    paths: [guardlint.md]
    reports:
      codequality: gl-code-quality-report.json
      junit: guardlint.xml
"""
_TESTS = "guardlint test . && guardlint waivers --check --central ."
_GITHUB_CENTRAL = (
    """\
name: standard
on:
  push:
  pull_request:
  # Waivers end on a day, not on a push.
  schedule: [{{cron: "17 5 * * *"}}]
permissions: {{contents: read}}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: python -m pip install --quiet "guardlint[runtime]=={version}"
      - run: """
    + _TESTS
    + "\n"
)
_GITLAB_CENTRAL = (
    """\
# Run it every day from a schedule too: waivers end on a day, not on a push.
standard:
  image: python:3.12-slim
  script:
    - python -m pip install --quiet "guardlint[runtime]=={version}"
    - """
    + _TESTS
    + "\n"
)
