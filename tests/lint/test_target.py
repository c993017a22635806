"""The NeMo version that a check speaks of follows what the team's files ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.lint.target import target_version
from guardlint.nemo.catalogue import latest_version

NEWEST = latest_version()
LOCKED = (
    '[[package]]\nname = "other"\nversion = "1"\n\n[[package]]\nname = "nemoguardrails"\nversion = "{}"\n'
)


def target(folder: Path, files: dict[str, str], inside: str = "config") -> str:
    (folder / ".git").mkdir()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    root = folder / inside
    root.mkdir(parents=True, exist_ok=True)
    return target_version(root)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nemoguardrails==0.21.0", "0.21.0"),
        ("nemoguardrails===0.21.0", "0.21.0"),
        ("NeMoGuardrails [sdd, openai] == 0.19.0 ; python_version < '3.12'  # later", "0.19.0"),
        ("nemoguardrails==0.20.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb", "0.20.0"),
        ("nemoguardrails==0.18.0 --hash=sha256:aa", "0.18.0"),
        ("nemoguardrails==0.9.1.1", "0.9.1.1"),
        ("nemoguardrails>=0.20,<0.22", "0.21.0"),
        ("nemoguardrails <0.23, >=0.18", "0.22.0"),
        ("nemoguardrails(>=0.20,<0.21)", "0.20.0"),
        ("nemoguardrails~=0.21.0", "0.21.0"),
        ("nemoguardrails~=0.21.4", "0.21"),
        ("nemoguardrails==0.21.*", "0.21.0"),
        ("nemoguardrails!=0.24.*", "0.23.0"),
        ("nemoguardrails<=0.22", "0.22.0"),
        ("nemoguardrails<0.24.1", "0.24"),
        ("nemoguardrails>0.20,<0.21.5", "0.21.0"),
        ("nemoguardrails<0.17", "0.17.0"),
        ("nemoguardrails @ git+https://example.org/nemo@v0.21.0", "0.21.0"),
        ("nemoguardrails @ file:wheels/nemoguardrails-0.20.0-py3-none-any.whl", "0.20.0"),
        ("-e git+https://example.org/nemo@v0.20.0#egg=nemoguardrails", "0.20.0"),
        ("nemoguardrails", NEWEST),
        ("nemoguardrails>=0.17", NEWEST),
        ("nemoguardrails~=0.20", NEWEST),
        ("nemoguardrails>=0.30", NEWEST),
        ("nemoguardrails==main", NEWEST),
        ("# nemoguardrails==0.18.0", NEWEST),
        ("nemoguardrails-extra==0.18.0", NEWEST),
        ("my-nemoguardrails==0.18.0", NEWEST),
    ],
)
def test_a_line_of_a_requirements_file(tmp_path: Path, line: str, expected: str) -> None:
    assert expected == target(tmp_path, {"requirements.txt": f"click\n{line}\npyyaml==6\n"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("uv.lock", LOCKED.format("0.21.0"), "0.21.0"),
        ("poetry.lock", LOCKED.format("0.20.0"), "0.20.0"),
        ("pdm.lock", LOCKED.format("0.19.0"), "0.19.0"),
        ("pylock.toml", LOCKED.format("0.22.0").replace("package", "packages"), "0.22.0"),
        ("Pipfile.lock", '{"default": {"nemoguardrails": {"version": "==0.22.0"}}}', "0.22.0"),
        ("Pipfile.lock", '{"develop": {"nemoguardrails": {"version": "==0.18.0"}}}', "0.18.0"),
        ("Pipfile", '[packages]\nnemoguardrails = "==0.19"\n', "0.19"),
        ("Pipfile", '[packages]\nnemoguardrails = "*"\n', NEWEST),
        ("pyproject.toml", '[project]\ndependencies = ["nemoguardrails[sdd]>=0.20,<0.22"]\n', "0.21.0"),
        ("pyproject.toml", '[project.optional-dependencies]\nx = ["nemoguardrails==0.20.0"]\n', "0.20.0"),
        (
            "pyproject.toml",
            '[dependency-groups]\nx = [{include-group = "y"}, "nemoguardrails<0.19"]\n',
            "0.18.0",
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\nnemoguardrails = "^0.21"\n', "0.21.0"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nnemoguardrails = "0.21.0"\n', "0.21.0"),
        (
            "pyproject.toml",
            '[tool.poetry.group.x.dependencies]\nnemoguardrails = {version = "~0.20.0", extras = ["sdd"]}\n',
            "0.20.0",
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nnemoguardrails = [{version = "<0.19", python = "<3.12"}]\n',
            "0.18.0",
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nnemoguardrails = {git = "https://x.test", tag = "v0.21.0"}\n',
            "0.21.0",
        ),
        ("pyproject.toml", '[tool.pdm.dev-dependencies]\nx = ["nemoguardrails==0.22.0"]\n', "0.22.0"),
        ("setup.cfg", "[options]\ninstall_requires =\n  click\n  nemoguardrails<0.22\n", "0.21.0"),
        ("setup.cfg", "[options.extras_require]\nx =\n  nemoguardrails==0.18.0\n", "0.18.0"),
        ("setup.py", 'setup(install_requires=["click", "nemoguardrails>=0.20,<0.21"])', "0.20.0"),
        ("requirements-dev.txt", "nemoguardrails==0.20.0", "0.20.0"),
        ("requirements/base.txt", "nemoguardrails==0.20.0", "0.20.0"),
        ("constraints.txt", "nemoguardrails==0.20.0", "0.20.0"),
        ("requirements.txt", "\ufeffnemoguardrails==0.20.0\r\n", "0.20.0"),
        ("pyproject.toml", "[project\n", NEWEST),
        ("pyproject.toml", 'project = 1\ntool = []\ndependency-groups = "x"\n', NEWEST),
        ("Pipfile.lock", "[]", NEWEST),
        ("Pipfile.lock", "{", NEWEST),
        ("setup.cfg", "no section", NEWEST),
        ("setup.py", "def (", NEWEST),
    ],
)
def test_a_file_of_the_team(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert expected == target(tmp_path, {name: text})


def test_nothing_asked_for_is_the_newest(tmp_path: Path) -> None:
    assert NEWEST == target(tmp_path, {})


def test_a_lock_file_goes_before_the_range_that_it_was_made_of(tmp_path: Path) -> None:
    project = '[project]\ndependencies = ["nemoguardrails>=0.18,<0.22"]\n'

    assert "0.19.0" == target(tmp_path, {"pyproject.toml": project, "uv.lock": LOCKED.format("0.19.0")})


@pytest.mark.parametrize(("locked", "expected"), [("0.19.0", "0.19.0"), ("0.23.0", "0.20.0")])
def test_a_lock_file_of_a_workspace_counts_where_the_member_allows_it(
    tmp_path: Path, locked: str, expected: str
) -> None:
    files = {
        "member/pyproject.toml": '[project]\ndependencies = ["nemoguardrails>=0.18,<0.21"]\n',
        "uv.lock": LOCKED.format(locked),
    }

    assert expected == target(tmp_path, files, "member/config")


def test_the_nearest_folder_wins(tmp_path: Path) -> None:
    files = {"requirements.txt": "nemoguardrails==0.22.0", "app/requirements.txt": "nemoguardrails==0.20.0"}

    assert "0.20.0" == target(tmp_path, files, "app/config")


def test_the_search_ends_at_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("nemoguardrails==0.18.0", encoding="utf-8")
    repository = tmp_path / "repository"
    repository.mkdir()

    assert NEWEST == target(repository, {})


def test_requirements_that_include_others(tmp_path: Path) -> None:
    """Also in a circle, and when the other file is not there."""
    files = {
        "requirements.txt": "-r missing.txt\n-r deps/base.in\n",
        "deps/base.in": "-r ../requirements.txt\nnemoguardrails==0.17.0\n",
    }

    assert "0.17.0" == target(tmp_path, files)
