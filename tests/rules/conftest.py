"""What the truth tests of the rules share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def team(tmp_path: Path) -> Callable[..., Path]:
    """Write a configuration: file names with ``__`` for the slash of a folder."""
    count = iter(range(10))

    def write(**files: str) -> Path:
        folder = tmp_path / f"team{next(count)}"
        for name, text in files.items():
            stem, _, ending = name.rpartition("_")
            path = folder / f"{stem.replace('__', '/')}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write
