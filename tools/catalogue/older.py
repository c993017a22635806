"""The catalogue of an older NeMo series, read by its own Python and written as a difference to the newest.

The release is installed from its wheel into an environment of its own, where ``assemble`` asks it as it asks
the newest one. What is left out of the wheel's digest is what LangChain the environment has: up to 0.21 NeMo
asks LangChain which engines there are, and 0.19 to 0.21 break with LangChain 1, which they allow.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from guardlint.nemo.differences import apply_difference, difference

__all__ = ["LANGCHAIN", "older_file", "read_release"]

LANGCHAIN = ("langchain<1", "langchain-core<1", "langchain-community<0.4")
"""What the releases that need LangChain are installed with."""

_FIRST_WITHOUT_LANGCHAIN = (0, 22)
_TELLS = "import nemoguardrails, pathlib; print(pathlib.Path(nemoguardrails.__file__).resolve().parent)"


def older_file(series: str, wheel: Path, python: Path | None, newest: dict[str, Any]) -> dict[str, Any]:
    """The content of the data file of ``series``.

    ``python``: an interpreter that has this very wheel installed; None makes a throw-away environment, which
    needs a package index. Raises ValueError when wheel, interpreter and series do not belong together.
    """
    release = wheel.name.split("-")[1]
    if not release.startswith(f"{series}."):
        raise ValueError(f"{wheel.name} is no release of {series}")
    if python is None:
        with tempfile.TemporaryDirectory() as folder:
            return older_file(series, wheel, _installed(wheel, Path(folder)), newest)
    _refuse_other_files(wheel, python)
    read = read_release(python, newest)
    changes = difference(newest, read)
    head = {name: read[name] for name in ("schema", "nemo", "series")}
    if apply_difference(newest, changes) | head != read:
        raise ValueError(f"the difference of {release} does not lead back to what was read")
    return {
        "schema": "guardlint/catalogue-difference/v1",
        "nemo": read["nemo"],
        "series": read["series"],
        "newer": newest["nemo"],
        "wheel": {"name": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
        "changes": changes,
    }


def read_release(python: Path, newest: dict[str, Any]) -> dict[str, Any]:
    """The whole catalogue of the release that an interpreter has installed."""
    generator = Path(__file__).resolve().parent.parent / "generate_catalogue.py"
    done = subprocess.run(
        [python, generator, "--dump"], input=json.dumps(newest), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"{python} cannot read its NeMo: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _installed(wheel: Path, folder: Path) -> Path:
    release = wheel.name.split("-")[1]
    numbers = tuple(int(number) for number in release.split(".")[:2])
    with_langchain = LANGCHAIN if numbers < _FIRST_WITHOUT_LANGCHAIN else ()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel, *with_langchain)
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{wheel.name} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return python


def _refuse_other_files(wheel: Path, python: Path) -> None:
    """The interpreter must have every file of the package as the wheel has it."""
    done = subprocess.run([python, "-c", _TELLS], capture_output=True, text=True, check=True, env=_quiet())
    installed = Path(done.stdout.strip().splitlines()[-1]).parent
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("nemoguardrails/") and name.endswith((".py", ".co", ".yml")):
                path = installed / name
                if not path.is_file() or path.read_bytes() != archive.read(name):
                    raise ValueError(f"{python} has another {name} than {wheel.name}")


def _quiet() -> dict[str, str]:
    return {**os.environ, "NEMO_GUARDRAILS_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
