"""Builds once, resolves once: one sdist, one wheel, and one folder with what the core lock installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EPOCH = "1760000000"


@dataclass(frozen=True)
class Built:
    """What one ``python -m build`` gives."""

    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Venv:
    """A virtual environment without pip; the pip of the running Python installs into it."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def site(self) -> Path:
        return self.folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"

    def pip(self, *arguments: str | Path) -> str:
        """What pip says while it does `arguments` to this environment."""
        python = self.folder / "bin" / "python"
        tool = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
        return self._run([*tool, *arguments], self.folder, (0,))

    def run(self, command: str, *arguments: str | Path, cwd: Path, codes: Collection[int] = (0,)) -> str:
        """The output of a command of this environment, which must end with one of `codes`."""
        return self._run([self.folder / "bin" / command, *arguments], cwd, codes)

    def _run(self, command: list[str | Path], cwd: Path, codes: Collection[int]) -> str:
        done = subprocess.run(
            command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False
        )
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode in codes, f"{[str(part) for part in command]}: {done.returncode}\n{said}"
        return done.stdout


@pytest.fixture(scope="session")
def build(outside_environment: dict[str, str]) -> Callable[..., Built]:
    """Builds a source folder into an output folder with the dev lock's hatchling."""

    def run(source: Path, output: Path, *options: str) -> Built:
        done = subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", output, *options, source],
            env={**outside_environment, "SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return Built(sdist=next(output.glob("*.tar.gz")), wheel=next(output.glob("*.whl")))

    return run


@pytest.fixture(scope="session")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    copy_checkout: Callable[[Path], Path],
    build: Callable[..., Built],
) -> Built:
    """The sdist of this moment's files, and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("built")
    return build(copy_checkout(folder / "source"), folder / "dist")


@pytest.fixture(scope="session")
def new_venv(
    tmp_path_factory: pytest.TempPathFactory, outside_environment: dict[str, str]
) -> Callable[..., Venv]:
    """Makes environments that hold exactly what ``core.lock`` installs, or that and ``build.lock``.

    Each lock is installed once, hashes required; every further environment gets a copy of the files.
    """

    def empty(folder: Path) -> Venv:
        venv.create(folder, with_pip=False, symlinks=True)
        return Venv(folder, outside_environment)

    @cache
    def locked(name: str) -> Path:
        made = empty(tmp_path_factory.mktemp("locked") / "venv")
        made.pip("install", "-q", "--require-hashes", "-r", ROOT / "requirements" / f"{name}.lock")
        return made.site

    def new(folder: Path, *, with_build_tools: bool = False) -> Venv:
        made = empty(folder)
        for name in ("core", "build") if with_build_tools else ("core",):
            shutil.copytree(locked(name), made.site, dirs_exist_ok=True)
        return made

    return new
