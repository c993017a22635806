"""Finding the team file: light, so that a check without one starts without the policies' modules."""

from __future__ import annotations

from pathlib import Path

from guardlint.source.files import read_text

__all__ = ["TEAM_FILES", "find_team_file"]

TEAM_FILES = ("guardlint.yml", "pyproject.toml")
"""Names of the team file, the first one preferred in a folder."""


def find_team_file(start: Path) -> Path | None:
    """The nearest team file in ``start`` or a folder above it, or None.

    A ``pyproject.toml`` without ``[tool.guardlint]`` is no team file, and neither is one that is no TOML.
    """
    folder = start.resolve()
    if not folder.is_dir():
        folder = folder.parent
    for above in (folder, *folder.parents):
        for name in TEAM_FILES:
            path = above / name
            if path.is_file() and (name != "pyproject.toml" or _has_table(path)):
                return path
    return None


def _has_table(path: Path) -> bool:
    try:
        text = read_text(path).lstrip("\ufeff")
    except (OSError, UnicodeDecodeError):
        return False
    if "guardlint" not in text:
        return False
    import tomllib

    try:
        return tomllib.loads(text).get("tool", {}).get("guardlint") is not None
    except tomllib.TOMLDecodeError:
        return False
