"""The repository itself: one command each for demo, tests and checks, no address or path of the builder's."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import warnings
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# Too common to say anything about whose machine it is.
COMMON = {"/", "/app", "/builds", "/home", "/opt", "/src", "/srv", "/tmp", "/usr/src", "/workspace"}

ABOUT_300 = 300
CLEARLY_LONGER = 330
LONGER_WITH_A_REASON: dict[str, int] = {}


def _dry_run(target: str, folder: Path, environment: dict[str, str]) -> str:
    """What make would do for a target in an environment that does not exist yet."""
    done = subprocess.run(
        ["make", "-n", target, f"VENV={folder / 'fresh'}", "PYTHON=python3"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("target", "lock", "command"),
    [
        ("demo", "all", "guardlint demo"),
        ("test", "dev", "python -m pytest"),
        ("checks", "dev", "mypy"),
    ],
)
def test_make_installs_from_the_lock_and_runs(
    target: str, lock: str, command: str, tmp_path: Path, outside_environment: dict[str, str]
):
    """A fresh environment, build tools, the target's own lock, our package without any index, the command."""
    said = _dry_run(target, tmp_path, outside_environment)
    steps = [
        f"-m venv {tmp_path}/fresh",
        "--require-hashes -r requirements/build.lock",
        f"--require-hashes -r requirements/{lock}.lock",
        "--no-deps --no-build-isolation --no-index -e .",
        f"{tmp_path}/fresh/bin/{command}",
    ]
    assert sorted(places := [said.find(step) for step in steps]) == places
    assert -1 not in places
    named = set(re.findall(r"-r requirements/(\w+)\.lock", said))
    assert named == {"build", lock}


def test_make_refuses_a_python_that_nemo_does_not_support(
    tmp_path: Path, outside_environment: dict[str, str]
):
    """One line that says which Pythons will do, and no half-made environment."""
    fake = tmp_path / "python3.9"
    fake.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["make", "test", f"VENV={tmp_path / 'fresh'}", f"PYTHON={fake}"],
        cwd=ROOT,
        env=outside_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "guardlint needs Python 3.11, 3.12 or 3.13" in done.stdout
    assert not (tmp_path / "fresh").exists()


def test_ci_runs_the_tests_and_then_the_checks():
    """`.ci/run` is executable, stops at the first failure, and calls the README's own commands."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make test", "make checks"]
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_checks_are_those_of_the_plan():
    """ruff twice, mypy, import-linter and the generated files, each a failure of its own."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("\nchecks:")[1].split("\n\n")[0].splitlines()[1:]
    commands = [line.strip().lstrip("@-").removeprefix("$(BIN)/") for line in recipe]
    assert [line for line in recipe if line.strip().lstrip("@").startswith("-")] == []
    for wanted in ("ruff check .", "ruff format --check .", "mypy", "lint-imports", "--check"):
        assert any(wanted in command for command in commands), wanted


def test_hook_is_that_of_the_plan():
    """DESIGN §4; `guardlint-fix` comes with `check --fix`."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (hook,) = [hook for hook in hooks if hook["id"] == "guardlint"]
    assert hook["language"] == "python"
    assert hook["files"] == (
        r"\.(co|ya?ml|py|md)$|(^|/)\.railsignore$|(^|/)(guardlint\.(yml|lock)|pyproject\.toml)$"
    )
    assert hook["pass_filenames"] is False
    assert hook["require_serial"] is True
    assert "additional_dependencies" not in hook


def _texts(files: list[Path]) -> dict[str, str]:
    return {name.as_posix(): (ROOT / name).read_bytes().decode("utf-8", errors="replace") for name in files}


def test_no_file_names_this_machine(checkout_files: list[Path]):
    """Where the repository lies here, and whose home it is, is nobody else's business."""
    places = {str(ROOT), str(ROOT.parent), str(Path.home())} - COMMON - {tempfile.gettempdir()}
    pattern = re.compile("|".join(rf"(?<![\w./-]){re.escape(place)}(?=/)" for place in sorted(places)))
    found = [name for name, text in _texts(checkout_files).items() if pattern.search(text)]
    assert found == []


def test_no_file_names_a_package_index(checkout_files: list[Path]):
    """Which index serves the packages is for each machine to say; the hashes say what is accepted."""
    options = ("index-url", "extra-index-url", "find-links", "trusted-host", "default-index")
    names = ("PIP", "UV")
    settings = ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "TRUSTED_HOST", "INDEX", "DEFAULT_INDEX")
    words = [rf"--{option}\b" for option in options]
    words += [rf"\b{tool}_{setting}\b" for tool in names for setting in settings]
    words += [r"https?://[^\s\"']+/simple\b", r"https?://[^\s\"']+\.whl\b"]
    pattern = re.compile("|".join(words))
    found = [
        f"{name}: {match[0]}"
        for name, text in _texts(checkout_files).items()
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_modules_stay_short(checkout_files: list[Path]):
    """About 300 lines (STYLE 9): a little more is a warning, clearly more needs a reason in the list."""
    lengths = {
        name.as_posix(): len((ROOT / name).read_bytes().splitlines())
        for name in checkout_files
        if name.parts[0] == "guardlint" and name.suffix == ".py"
    }
    for name, lines in sorted(lengths.items()):
        if ABOUT_300 < lines <= CLEARLY_LONGER:
            warnings.warn(f"{name} has {lines} lines", stacklevel=1)
    allowed = {name: LONGER_WITH_A_REASON.get(name, CLEARLY_LONGER) for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > allowed[name]} == {}
    assert [name for name in LONGER_WITH_A_REASON if lengths.get(name, 0) <= ABOUT_300] == []
