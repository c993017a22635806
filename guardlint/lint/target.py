"""The NeMo version that a check speaks of: the team's pin, else the newest catalogue."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from guardlint.nemo.catalogue import latest_version

__all__ = ["is_older", "target_version"]

_PIN = re.compile(
    r"^\s*nemoguardrails(?:\[[^\]]*\])?\s*(?:===?|~=|<=)\s*(\d+(?:\.\d+)*)", re.MULTILINE | re.IGNORECASE
)
_UV_OR_POETRY = re.compile(r'name = "nemoguardrails"\s+version = "([^"]+)"')


def target_version(root: Path) -> str:
    """The pinned version in the nearest requirements, lock or project file above ``root``.

    The search ends at the top of the git repository. Ranges without an upper bound pin nothing.
    """
    for folder in (root, *root.parents):
        found = _pinned_in(folder)
        if found:
            return found
        if (folder / ".git").exists():
            break
    return latest_version()


def is_older(version: str, than: str) -> bool:
    """Whether ``version`` is before ``than`` (``0.9.1`` is before ``0.24``)."""
    return _key(version) < _key(than)


def _key(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _pinned_in(folder: Path) -> str | None:
    candidates = [folder / "uv.lock", folder / "poetry.lock", *sorted(folder.glob("requirements*.txt"))]
    for path in candidates:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        match = (_UV_OR_POETRY if path.suffix == ".lock" else _PIN).search(text)
        if match is not None:
            return match[1]
    return _pinned_in_project(folder / "pyproject.toml")


def _pinned_in_project(path: Path) -> str | None:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    listed = data.get("project", {}).get("dependencies", [])
    for requirement in listed if isinstance(listed, list) else []:
        match = _PIN.match(str(requirement))
        if match is not None:
            return match[1]
    return None
