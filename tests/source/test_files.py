"""Reading as NeMo reads, writing whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.errors import GuardlintError
from guardlint.source.files import read_bytes, read_text, shown_path, write_atomic


def test_line_ends_are_one_character_and_the_mark_stays(tmp_path: Path) -> None:
    """Universal newlines; the byte order mark is part of NeMo's text too."""
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert "\ufeffa\nb\nc\n" == read_text(path)


def test_a_written_file_is_whole(tmp_path: Path) -> None:
    """The content is there, the mode too, and nothing else is left in the folder."""
    path = tmp_path / "out.json"
    write_atomic(path, b"{}")
    write_atomic(path, b"{}\n", mode=0o600)
    assert (b"{}\n", 0o600) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert ["out.json"] == [entry.name for entry in tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["absent/out.json", "folder"])
def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    """An absent folder and a folder in the way are one clear error."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(GuardlintError, match="cannot write"):
        write_atomic(tmp_path / name, b"x")
    assert ["folder"] == [entry.name for entry in tmp_path.iterdir()]


def test_paths_are_shown_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of it they are absolute."""
    monkeypatch.chdir(tmp_path)
    assert "a/b.yml" == shown_path(tmp_path / "a" / "b.yml")
    assert "a/b.yml" == shown_path(Path("a/b.yml"))
    assert tmp_path.parent.as_posix() == shown_path(tmp_path.parent)


def test_what_is_too_large_or_no_file_is_not_read(tmp_path: Path) -> None:
    """And what says that it is empty is read to its end, as the files of the system are."""
    path = tmp_path / "text"
    path.write_bytes(b"four")
    assert read_bytes(path, 4) == b"four"
    with pytest.raises(OSError, match="too large"):
        read_bytes(path, 3)
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path)
    own = Path("/proc/self/status")
    if own.exists():
        assert read_bytes(own).endswith(b"\n")
