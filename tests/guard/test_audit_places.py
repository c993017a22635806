"""What `audit=` may be: no guard starts whose records cannot go anywhere."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from guardlint.errors import ConfigError, UsageError
from guardlint.guard import AuditLog, Guard
from guardlint.guard.audit import Audit


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    "sink",
    [5, True, False, io.StringIO(), [], {}, b"audit.jsonl", object()],
    ids=lambda sink: type(sink).__name__,
)
def test_what_is_no_place(workshop: Any, shared_configs: Any, sink: Any, required: bool) -> None:
    """Whether the bundle requires records or not."""
    plan = shared_configs.plan(audit="required") if required else shared_configs.plan()
    with pytest.raises(UsageError, match="cannot put audit records into") as caught:
        workshop.guard(audit=sink, plan_data=plan)
    assert type(sink).__name__ in caught.value.message
    assert "audit=PATH" in (caught.value.help or "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "it is a folder"),
        ("missing/audit.jsonl", "no such folder"),
        ("file/audit.jsonl", "no such folder"),
    ],
)
def test_a_place_where_nothing_can_be_written(workshop: Any, tmp_path: Path, name: str, said: str) -> None:
    """Is one error when the guard is loaded, and nothing is made there."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    for sink in (tmp_path / name, str(tmp_path / name), AuditLog(tmp_path / name)):
        with pytest.raises(ConfigError, match=said) as caught:
            workshop.guard(audit=sink)
        assert caught.value.place == str(tmp_path / name)
    assert [tmp_path / "file"] == list(tmp_path.iterdir())


@pytest.mark.parametrize("there", [False, True])
def test_a_place_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """The system says whether this process may write there."""
    log = tmp_path / "audit.jsonl"
    if there:
        log.write_text("", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(
        ConfigError, match="must not be read and written" if there else "no file must be made"
    ):
        Audit(AuditLog(log)).check_place()


def test_a_pipe_is_not_rotated(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    Audit(AuditLog(pipe)).check_place()
    with pytest.raises(ConfigError, match="cannot be rotated"):
        Audit(AuditLog(pipe, rotate_daily=True)).check_place()


@pytest.mark.parametrize("trust", [None, 5, b"key", [None]], ids=repr)
def test_nobody_to_trust(workshop: Any, trust: Any) -> None:
    """Is a mistake of who calls, and is told in one line."""
    with pytest.raises(UsageError, match="nobody's signature counts"):
        Guard.load(workshop.bundle(), trust=trust)
