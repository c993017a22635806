"""A bar where somebody waits and watches, and nothing of it anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("guardlint")


def many(folder: Path, count: int) -> Path:
    for number in range(count):
        (folder / f"c{number}").mkdir()
        (folder / f"c{number}" / "config.yml").write_text("models: []\n", encoding="utf-8")
    return folder


def on_a_terminal(folder: Path) -> tuple[int, str]:
    """Exit code, and what the terminal showed: standard error is one, standard output is a pipe."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "check", "--no-cache", "."],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=end,
        env=os.environ,
    )
    os.close(end)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    return process.wait(60), shown.decode()


@pytest.mark.parametrize(("count", "bar"), [(51, True), (50, False)])
def test_more_than_fifty_have_a_bar(tmp_path: Path, count: int, bar: bool) -> None:
    """With the number done."""
    code, shown = on_a_terminal(many(tmp_path, count))
    assert (0, bar) == (code, "checking" in shown and f"{count}/{count}" in shown)


def test_a_file_holds_no_bar(tmp_path: Path) -> None:
    """Neither does a log."""
    done = subprocess.run(
        [PROGRAM, "check", "--no-cache", "."],
        cwd=many(tmp_path, 51),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "checking" not in done.stdout
