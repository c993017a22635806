"""A word planted in every place of a call is afterwards nowhere: not in logs, traces, audit, errors, on disk.

The host (``canary_host.py``) runs in folders of its own with everything turned up that can be turned up;
this test then looks for the word in each file that it left, spelled in several ways.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.keys import public_pem
from guardlint.guard import verify_chain

HOST = Path(__file__).with_name("canary_host.py")
TIMEOUT = 2
TEAM_RAILS = """
rails:
  input: {flows: [team input]}
  output: {flows: [team output]}
"""
TEAM_COLANG = """
define bot refuse to respond
  "no"

define subflow team input
  $text = execute act_on(text=$user_message)
  if $text == "blocked"
    bot refuse to respond
    stop

define subflow team output
  $text = execute act_on(text=$bot_message)
"""
TEAM_ACTIONS = """
import logging, os, sys, time, warnings
from nemoguardrails.actions import action

@action(name="act_on")
async def act_on(text: str):
    print(text, flush=True)
    print(text, file=sys.stderr, flush=True)
    logging.getLogger("team").error(text)
    warnings.warn(text)
    if "raise" in text:
        raise RuntimeError(text)
    if "hang" in text:
        time.sleep(60)
    if "die" in text:
        os._exit(3)
    return "blocked" if "block" in text else text
"""


class _Judge(BaseHTTPRequestHandler):
    """A model that says no, breaks while it says what it was asked, says nonsense, or hangs."""

    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "hang" in asked:
            time.sleep(TIMEOUT + 1)
        message = {"role": "assistant", "content": "No"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = json.dumps(
            {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        )
        if "error500" in asked or "garbage" in asked:
            body = json.dumps({"error": {"message": f"cannot answer {asked}"}})
        self.send_response(500 if "error500" in asked else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked may have given up
            self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Judge)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bundles(workshop: Any, shared_configs: Any, model: str) -> list[str]:
    """The fast engine with personal data found, LLM judges, the Colang engine with a loud team."""
    plan = shared_configs.plan
    team = {
        "config.yml": shared_configs.main_model % model + TEAM_RAILS,
        "rails.co": TEAM_COLANG,
        "actions.py": TEAM_ACTIONS,
    }
    colang = {"uses": "llmrails", "reason": "test"}
    return [
        str(path)
        for path in (
            workshop.bundle(plan_data=plan(pii=True, timeout=TIMEOUT)),
            workshop.bundle(company=shared_configs.self_check(model), plan_data=plan(timeout=TIMEOUT)),
            workshop.bundle(
                company=shared_configs.self_check(model),
                team=team,
                plan_data=plan(timeout=TIMEOUT),
                engines={"company": colang, "team": colang},
            ),
        )
    ]


def spellings(word: str) -> dict[str, bytes]:
    """How a word may stand in a file."""
    raw = word.encode()
    found = {
        "plain": raw,
        "upper case": raw.upper(),
        "backwards": raw[::-1],
        "hexadecimal": raw.hex().encode(),
        "UTF-16": word.encode("utf-16-le"),
    }
    for shift in range(3):
        # What base64 makes of it wherever it begins; the ends depend on its neighbours.
        found[f"base64 {shift}"] = base64.b64encode(b"\0" * shift + raw)[4:-4]
    return found


def leaks(folder: Path, word: str) -> list[str]:
    """Every file below ``folder`` that holds the word, with the place that it was planted in."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        for how, spelled in spellings(word).items():
            at = data.find(spelled)
            if at >= 0:
                around = (
                    data[max(0, at - 200) : at + 80].replace(spelled, b"CANARY").decode("utf-8", "replace")
                )
                found.append(f"{path.relative_to(folder)} ({how}): {around}")
        if word in path.name:
            found.append(f"the name {path.name.replace(word, 'CANARY')}")
    return found


def test_the_test_would_see_it(tmp_path: Path) -> None:
    """A word in a file is found, however it is spelled and wherever it stands."""
    word = "quiddlebonk"
    for number, text in enumerate(
        [
            f"x{word}y".encode(),
            *(base64.b64encode(f"{'x' * shift}{word}yy".encode()) for shift in range(3)),
            f"..{word}".encode().hex().encode(),
            f"{word}"[::-1].encode(),
            gzip.compress(word.encode()),
        ]
    ):
        (tmp_path / f"{number}{'.gz' if text[:2] == bytes((31, 139)) else ''}").write_bytes(text)
    seen = {leak.split(" ")[0].removesuffix(".gz") for leak in leaks(tmp_path, word)}
    assert {str(number) for number in range(7)} == seen


def test_no_canary_sings(tmp_path: Path, bundles: list[str], workshop: Any) -> None:
    """Blocked, failing, hanging, streamed, cancelled and killed calls, with every logger turned up."""
    canary = "quiddle" + "".join(secrets.choice("bdfgklmnprst") for _ in range(12))
    left = tmp_path / "left"
    folders = {name: left / name for name in ("heard", "work", "tmp", "home", "cache", "config")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    trust = tmp_path / "release.pub"
    trust.write_bytes(public_pem(workshop.key.public))
    environment = {
        **os.environ,
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "XDG_CACHE_HOME": str(folders["cache"]),
        "XDG_CONFIG_HOME": str(folders["config"]),
        "PYTHONPYCACHEPREFIX": str(folders["cache"] / "python"),
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONPATH": str(HOST.parents[2]),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    order = {"canary": canary, "heard": str(folders["heard"]), "bundles": bundles, "trust": str(trust)}
    with (folders["heard"] / "stdout").open("wb") as out, (folders["heard"] / "stderr").open("wb") as err:
        started = time.time()
        ran = subprocess.run(
            [sys.executable, "-X", "dev", str(HOST)],
            input=json.dumps(order).encode(),
            stdout=out,
            stderr=err,
            cwd=folders["work"],
            env=environment,
            timeout=400,
            check=False,
        )
    heard = {path.name: path.read_text(errors="replace") for path in folders["heard"].iterdir()}
    assert ran.returncode == 0, heard["stderr"].replace(canary, "CANARY")[-3000:]
    assert "done.txt" in heard
    assert [] == leaks(left, canary)
    assert [] == elsewhere(canary, started)
    assert "" == heard.get("memory.txt", "")
    assert "" == heard.get("unraisable.txt", "")

    # And it was all there to be heard: the logs are loud, and each call has its record.
    assert len(heard["logs.txt"]) > 10_000
    assert "guardlint.errors.UsageError" in heard["raised.txt"]
    for number in range(3):
        report = verify_chain(folders["work"] / f"audit{number}.jsonl", key=b"k" * 32)
        assert report.records > 60


def elsewhere(canary: str, since: float) -> list[str]:
    """New files in the places for temporary files that the environment does not move."""
    found = []
    for folder in map(Path, ("/tmp", "/var/tmp", "/dev/shm")):
        for path in folder.iterdir() if folder.is_dir() else ():
            try:
                new = path.is_file() and path.stat().st_mtime >= since and path.stat().st_size < 20_000_000
                if new and any(spelled in path.read_bytes() for spelled in spellings(canary).values()):
                    found.append(str(path))
            except OSError:  # somebody else's, or gone
                continue
    return found
