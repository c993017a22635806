"""The command as a function: arguments in, exit code and both streams out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str
    err: str


@pytest.fixture
def guardlint(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the command in this process; no traceback may reach a user."""
    from guardlint.cli.main import _main

    monkeypatch.delenv("GUARDLINT_TRACEBACK", raising=False)

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = _main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return run
