"""The demo, run as a stranger runs it, with every address but the loopback interface out of reach."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Imported by every Python process that finds it on its path, the guard's workers included.
_WATCHER = """
import os, socket

_LOG = os.environ["GUARDLINT_TEST_EGRESS"]
_connect, _getaddrinfo = socket.socket.connect, socket.getaddrinfo


def _note(target):
    with open(_LOG, "a") as log:
        log.write(f"{target}\\n")


def connect(self, address):
    host = address[0] if isinstance(address, tuple) else "unix"
    if host not in ("unix", "localhost", "::1") and not str(host).startswith("127."):
        _note(host)
        raise OSError("no network in this test")
    return _connect(self, address)


def getaddrinfo(host, *rest, **more):
    if host not in (None, "localhost", "::1", b"localhost") and not str(host).startswith("127."):
        _note(host)
        raise socket.gaierror("no network in this test")
    return _getaddrinfo(host, *rest, **more)


socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], float, Path]:
    """One run: what it printed, the seconds that it took, and the log of forbidden connections."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "sitecustomize.py").write_text(_WATCHER)
    log = folder / "egress.log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "GUARDLINT_TEST_EGRESS": str(log),
        "TLDEXTRACT_CACHE": str(folder / "cache"),
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "guardlint", "demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done, time.monotonic() - started, log


def test_every_step_shows_what_it_is_there_to_show(
    demo: tuple[subprocess.CompletedProcess[str], float, Path],
) -> None:
    """Exit code 0 means that each step looked at its own result and found it right."""
    done, _, _ = demo
    assert (0, "") == (done.returncode, done.stderr)
    assert [f"{number}." for number in range(1, 8)] == [
        line.split()[0] for line in done.stdout.splitlines() if line[:1].isdigit()
    ]


def test_the_model_sees_masked_text_and_no_injection(
    demo: tuple[subprocess.CompletedProcess[str], float, Path],
) -> None:
    """What the scripted server received is printed, and holds no personal data."""
    done, _, _ = demo
    saw = [line.split(None, 3)[3] for line in done.stdout.splitlines() if "the model saw" in line]
    assert ["I lost my card <CREDIT_CARD>, write to <EMAIL_ADDRESS> please", "nothing"] == saw
    assert "refused: archive is not the one that was signed" in done.stdout


def test_it_takes_less_than_ninety_seconds_and_leaves_the_machine_alone(
    demo: tuple[subprocess.CompletedProcess[str], float, Path],
) -> None:
    """No process of the demo so much as asked for an address beyond the loopback interface."""
    _, seconds, log = demo
    assert seconds < 90
    assert "" == (log.read_text() if log.exists() else "")
