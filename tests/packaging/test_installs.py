"""guardlint installed in four ways with the core's requirements only, and used away from a checkout."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guardlint import __version__

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000
HEAVY = {"nemoguardrails", "presidio_analyzer", "presidio_anonymizer", "spacy", "numpy", "cryptography"}

LOOK = """
import json, guardlint, guardlint.errors
from guardlint.resources import examples_dir, resource_dir
print(json.dumps({
    "package": guardlint.__file__,
    "examples": str(examples_dir()),
    **{kind: str(resource_dir(kind)) for kind in ("policies", "rails", "schemas")},
}))
"""


@dataclass(frozen=True)
class Installed:
    """One way to install, its environment, and a folder to work in that holds the examples only."""

    way: str
    venv: Any
    work: Path
    source: Path | None  # where an editable install points


@pytest.fixture(scope="module", params=["wheel", "sdist", "source", "editable"])
def installed(request, built, new_venv, copy_checkout, tmp_path_factory) -> Installed:
    way: str = request.param
    folder = tmp_path_factory.mktemp(way)
    venv = new_venv(folder / "venv", with_build_tools=way in {"sdist", "editable"})
    source = copy_checkout(folder / "source") if way in {"source", "editable"} else None
    offline = ("install", "-q", "--no-index", "--no-deps", "--no-build-isolation")
    if way == "wheel":
        venv.pip(*offline, built.wheel)
    elif way == "sdist":
        venv.pip(*offline, built.sdist)
    elif way == "editable":
        venv.pip(*offline, "-e", source)
    else:
        # As a stranger does it: pip fetches the build tools by itself.
        venv.pip("install", "-q", source)
    work = folder / "work"
    shutil.copytree(ROOT / "examples", work / "examples")
    return Installed(way, venv, work, source if way == "editable" else None)


def test_says_its_version(installed: Installed):
    """The console script and ``python -m`` both start."""
    expected = f"guardlint, version {__version__}\n"
    assert expected == installed.venv.run("guardlint", "--version", cwd=installed.work)
    assert expected == installed.venv.run("python", "-m", "guardlint", "--version", cwd=installed.work)


def test_checks_the_examples(installed: Installed):
    """The broken configuration has errors, the mended one has none, and NeMo is not there to help."""
    run = installed.venv.run
    example = Path("examples", "claims-and-cards")
    report = json.loads(
        run("guardlint", "check", example, "--format", "json", cwd=installed.work, codes=(1,))
    )
    assert {"broken", "mended"} == {Path(entry["path"]).name for entry in report["configurations"]}
    assert {"examples/claims-and-cards/broken"} == {
        entry["configuration"] for entry in report["findings"] if entry["severity"] == "error"
    }
    assert "no findings" in run("guardlint", "check", example / "mended", cwd=installed.work)


def test_finds_policies_rails_and_schemas(installed: Installed):
    """They are the installed ones: those of site-packages, or those an editable install points at."""
    found = json.loads(installed.venv.run("python", "-I", "-c", LOOK, cwd=installed.work))
    home = installed.source or installed.venv.site
    assert [] == [place for place in found.values() if not Path(place).is_relative_to(home.resolve())]
    for kind in ("policies", "rails", "schemas", "examples"):
        # What CI gets is for a checkout only.
        written = [path for path in (ROOT / kind).rglob("*.yml") if path.parent.name != "ci"]
        expected = {path.relative_to(ROOT / kind) for path in written}
        there = [path for path in Path(found[kind]).rglob("*.yml") if path.parent.name != "ci"]
        assert expected == {path.relative_to(found[kind]) for path in there}
    assert (Path(found["schemas"]) / "nemo" / "0.24.1.json").is_file()


def test_is_typed(installed: Installed):
    """Type checkers read our types (PEP 561)."""
    found = json.loads(installed.venv.run("python", "-I", "-c", LOOK, cwd=installed.work))
    assert (Path(found["package"]).parent / "py.typed").is_file()


def test_core_is_light(installed: Installed):
    """Neither NeMo nor spaCy, nothing that the core lock does not name, at most 25 MB, and no conflict."""
    installed.venv.pip("check")
    names = {_normal(path.name.partition("-")[0]) for path in installed.venv.site.glob("*.dist-info")}
    assert names & {_normal(name) for name in HEAVY} == set()
    locks = ["core.lock"] + (["build.lock"] if installed.way in {"sdist", "editable"} else [])
    locked = {
        _normal(name)
        for lock in locks
        for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
    }
    assert names - locked == {"guardlint"}
    size = sum(path.stat().st_size for path in installed.venv.site.rglob("*") if path.is_file())
    assert size <= 25 * MEGABYTE


def test_says_which_extra_is_missing(installed: Installed):
    """The demo needs the runtime: one line that names the extra, exit code 2, no traceback."""
    command = [installed.venv.folder / "bin" / "guardlint", "demo"]
    done = subprocess.run(
        command,
        cwd=installed.work,
        env=installed.venv.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "guardlint[" in done.stderr


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
