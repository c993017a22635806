"""One look at a folder for several patterns."""

from __future__ import annotations

from pathlib import Path

from guardlint.source.listing import names_like


def test_names_that_fit_one_of_the_patterns(tmp_path: Path) -> None:
    """Sorted, folders too; the whole name must fit, and letters keep their case."""
    for name in ("requirements.txt", "requirements-dev.txt", "Requirements.txt", "setup.py", "setup.pyc"):
        (tmp_path / name).write_text("")
    (tmp_path / "requirements").mkdir()
    found = names_like(tmp_path, "requirements*.txt", "setup.py", "requirements")
    assert ["requirements", "requirements-dev.txt", "requirements.txt", "setup.py"] == found


def test_no_folder_has_no_names(tmp_path: Path) -> None:
    assert [] == names_like(tmp_path / "absent", "*")
    (tmp_path / "file").write_text("")
    assert [] == names_like(tmp_path / "file", "*")
