"""What is in the sdist and in the wheel, and that the same sources give the same bytes."""

from __future__ import annotations

import os
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
CARRIED = {
    "policies": "guardlint/_central/policies",
    "rails": "guardlint/_central/rails",
    "schemas": "guardlint/_central/schemas",
    "docs/rules": "guardlint/_pages",
    "examples/central": "guardlint/_examples/central",
    "examples/claims-and-cards": "guardlint/_examples/claims-and-cards",
}


@pytest.fixture(scope="module")
def in_wheel(built) -> set[str]:
    with zipfile.ZipFile(built.wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def in_sdist(built) -> set[str]:
    with tarfile.open(built.sdist) as archive:
        return {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix() for name in archive.getnames()}


def _below(folder: str, files: list[Path]) -> list[str]:
    return [path.as_posix() for path in files if path.is_relative_to(folder)]


@pytest.mark.parametrize("folder", sorted(CARRIED))
def test_wheel_carries_the_reference_documents(folder: str, in_wheel: set[str], checkout_files: list[Path]):
    """Every file of the folder is in the wheel, below the package, and nothing else is there."""
    expected = {name.replace(folder, CARRIED[folder], 1) for name in _below(folder, checkout_files)}
    assert expected
    assert expected == {name for name in in_wheel if name.startswith(f"{CARRIED[folder]}/")}


def test_wheel_holds_the_package_and_nothing_beside_it(in_wheel: set[str], checkout_files: list[Path]):
    """The package with its data and py.typed, reference documents and metadata: no tests, no bytecode."""
    package = set(_below("guardlint", checkout_files))
    assert {"guardlint/py.typed", "guardlint/nemo/data/0.24.1.json"} <= package
    carried = tuple(f"{place}/" for place in CARRIED.values())
    others = {name for name in in_wheel if not name.startswith(carried) and ".dist-info/" not in name}
    assert package == others


def test_wheel_metadata_says_what_pyproject_says(built):
    """Name, licence, Python versions, extras and the command."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(built.wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith("/METADATA")).rpartition("/")[0]
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        commands = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE").decode()
    assert metadata["Name"] == "guardlint"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata["Requires-Python"].split(",")) == set(project["requires-python"].split(","))
    assert metadata.get_all("Provides-Extra") == sorted(project["optional-dependencies"])
    assert "guardlint = guardlint.cli.main:run" in commands
    assert licence == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_sdist_holds_the_whole_checkout(in_sdist: set[str], checkout_files: list[Path]):
    """Tests, benchmarks, lock files and hooks too: who has the sdist can do all that a clone can."""
    assert {path.as_posix() for path in checkout_files} - in_sdist == set()
    assert in_sdist - {path.as_posix() for path in checkout_files} == {"PKG-INFO"}


def test_same_sources_give_the_same_bytes(built, build, copy_checkout, tmp_path: Path):
    """Built anew in another folder, with other file times, rights and order, and junk that git ignores.

    The junk is what lies about in a working folder; `company.key` is what must never leave it.
    """
    source = copy_checkout(tmp_path / "elsewhere")
    for path in sorted(source.rglob("*"), reverse=True):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for junk in (
        "guardlint/__pycache__/errors.cpython-311.pyc",
        "examples/claims-and-cards/mended/__pycache__/actions.cpython-311.pyc",
        "policies/company.key",
        "rails/build/left-over.txt",
        "schemas/app.glbundle",
        "dist/old.whl",
    ):
        (source / junk).parent.mkdir(exist_ok=True)
        (source / junk).write_bytes(b"junk")
    again = build(source, tmp_path / "dist", "--sdist", "--wheel")
    assert again.wheel.name == built.wheel.name
    with zipfile.ZipFile(built.wheel) as one, zipfile.ZipFile(again.wheel) as other:
        assert one.namelist() == other.namelist()
    assert again.wheel.read_bytes() == built.wheel.read_bytes()
    assert again.sdist.read_bytes() == built.sdist.read_bytes()
