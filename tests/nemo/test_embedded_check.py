"""``guardlint check`` finds configurations in Python files and ConfigMaps, and points into them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from guardlint.errors import NothingToCheck, UsageError
from guardlint.lint.check import check
from guardlint.lint.finding import Report
from guardlint.lint.targets import find_targets
from guardlint.source.place import Place

APP = dedent('''
    from nemoguardrails import RailsConfig

    def build():
        return RailsConfig.from_content(yaml_content="""
            models: []
            rails:
              input:
                flows:
                  - check nothing
        """)
''')
MAP = dedent("""
    kind: ConfigMap
    metadata: {name: rails}
    data:
      config.yml: |
        models: []
        rails:
          output:
            flows: [check nothing]
""")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with one of each; the tests' own is no one's business."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "app/main.py": APP,
        "k8s/rails.yaml": MAP,
        "tests/test_main.py": APP,
        "tests/data/rails.yaml": MAP,
        "app/computed.py": APP.replace('"""', "x", 1).replace('"""', ""),
        "app/other.py": "from nemoguardrails import LLMRails\n",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


def report(*names: str) -> Report:
    """What is said of some paths, which must be fine themselves."""
    found = find_targets([Path(name) for name in names])
    assert [] == found.problems
    return check(found.targets)


def said(checked: Report) -> list[tuple[str, str, Place]]:
    """The findings without their words."""
    return [(item.rule, item.configuration, item.place) for item in checked.findings]


IN_APP = ("unknown-flow", "app/main.py:5", Place("app/main.py", 10, 17, 10, 30))
IN_MAP = ("unknown-flow", "k8s/rails.yaml:4", Place("k8s/rails.yaml", 9, 17, 9, 30))


def test_a_tree() -> None:
    """Tests are left out, and so are files without a configuration that can be read."""
    checked = report(".")
    assert [IN_APP, IN_MAP] == said(checked)
    assert ["app/main.py:5", "k8s/rails.yaml:4"] == [item.path for item in checked.configurations]
    assert {"app/main.py", "k8s/rails.yaml"} == set(checked.sources)
    assert [IN_APP] == said(report("app"))


def test_a_file() -> None:
    """A file that is named is looked into, be it a test; the same configuration counts once."""
    assert [IN_APP] == said(report("app/main.py"))
    assert [IN_APP, IN_MAP] == said(report("k8s/rails.yaml", "app", "app/main.py"))
    (finding,) = report("tests/test_main.py").findings
    assert "tests/test_main.py:5" == finding.configuration


def test_a_file_with_nothing_in_it() -> None:
    """The old answer: NeMo loads directories."""
    (problem,) = find_targets([Path("app/other.py")]).problems
    assert isinstance(problem, UsageError)


def test_what_is_computed_is_said_where_there_is_nothing_else() -> None:
    """Nothing to check, and why."""
    Path("app/computed.py").write_text(APP.replace('"""', 'f"""{x}', 1), encoding="utf-8")
    (problem,) = find_targets([Path("app/computed.py")]).problems
    assert isinstance(problem, NothingToCheck)
    assert "app/computed.py:5" in str(problem)
    assert "an f-string with values" in str(problem)
    found = find_targets([Path("app")])
    assert [] == found.problems
    assert ["app/computed.py:5"] == [item.name for item in found.skipped]


def test_only_directories_where_that_is_asked_for() -> None:
    """A bundle is made of a directory."""
    Path("rails").mkdir()
    Path("rails/config.yml").write_text("models: []\n", encoding="utf-8")
    found = find_targets([Path()], embedded=False)
    assert [Path("rails").resolve()] == [target.root for target in found.targets]


def test_a_fault_of_one_file_is_said_once() -> None:
    """The directory and the file in it that Python loads alone."""
    Path("rails").mkdir()
    Path("rails/config.yml").write_text("models: []\nrals: {}\n", encoding="utf-8")
    Path("app/main.py").write_text(
        "from nemoguardrails import RailsConfig\nRailsConfig.from_path('rails/config.yml')\n",
        encoding="utf-8",
    )
    checked = report("rails", "app")
    assert [("unknown-key", "rails", Place("rails/config.yml", 2, 1, 2, 5))] == said(checked)
    assert ["rails", "app/main.py:2"] == [item.path for item in checked.configurations]


def test_fingerprints_survive_edits_above() -> None:
    """The name moves with the line, the identity does not."""
    before = [item.fingerprint for item in report("app").findings]
    Path("app/main.py").write_text("# a new line\n" + APP, encoding="utf-8")
    after = report("app").findings
    assert ["app/main.py:6"] == [item.configuration for item in after]
    assert before == [item.fingerprint for item in after]


def test_the_command(here: Path) -> None:
    """In a process of its own: exit code, frame and JSON."""
    command = [sys.executable, "-m", "guardlint", "check", "app/main.py"]
    text = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert (1, "") == (text.returncode, text.stderr)
    assert "--> app/main.py:10:17" in text.stdout
    assert "              - check nothing" in text.stdout
    machine = subprocess.run([*command, "--format", "json"], cwd=here, capture_output=True, check=False)
    (finding,) = json.loads(machine.stdout)["findings"]
    assert ("app/main.py", 10, 17) == (finding["file"], finding["line"], finding["column"])
