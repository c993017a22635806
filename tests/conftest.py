"""What tests of several parts share: the files a commit made now would hold, and a quiet environment."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """A shell leaves SIGINT ignored in what it starts in the background; a test sends it to a child."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def loggers() -> list[tuple[str, logging.Logger]]:
    """Every logger there is, by its name."""
    known = logging.root.manager.loggerDict.items()
    return [(name, logger) for name, logger in known if isinstance(logger, logging.Logger)]


@pytest.fixture(scope="module", autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A guard withholds NeMo's log lines for the rest of its process; here the process goes on without it."""
    factory, level = logging.getLogRecordFactory(), logging.getLogger("nemoguardrails").level
    filters = {name: list(logger.filters) for name, logger in loggers()}
    yield
    logging.setLogRecordFactory(factory)
    logging.getLogger("nemoguardrails").setLevel(level)
    for name, logger in loggers():
        logger.filters = filters.get(name, [])
    if (quiet := sys.modules.get("guardlint.engines.quiet")) is not None:
        quiet._KNOWN = 0  # it has to look at the loggers again


@pytest.fixture(scope="session")
def checkout_files() -> list[Path]:
    """Every file that git tracks or would add, relative to the root: no junk, uncommitted work included."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a git checkout knows which files belong to it")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted({name for name in listed.split("\0") if name})
    return [Path(name) for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def copy_checkout(
    checkout_files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Path]:
    """Copies those files into a folder that does not exist yet, and gives the folder back.

    All copies of a run show the same moment, whatever is edited meanwhile.
    """
    moment = tmp_path_factory.mktemp("checkout")
    for name in checkout_files:
        (moment / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, moment / name)

    def copy(destination: Path) -> Path:
        return shutil.copytree(moment, destination)

    return copy


@pytest.fixture(scope="session")
def outside_environment() -> dict[str, str]:
    """The environment without what git, Python or guardlint of the surrounding run left in it."""
    ours = ("GIT_", "PYTHON", "GUARDLINT_", "PRE_COMMIT", "VIRTUAL_ENV", "COV_", "SOURCE_DATE_EPOCH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
