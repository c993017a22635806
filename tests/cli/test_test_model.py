"""``guardlint test --model``: a real endpoint over HTTP decides; and ``--watch``, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guardlint.harness.brain import ScriptedBrain, SeenPrompt
from guardlint.harness.openai_server import ScriptedServer

KEY = "not-a-real-key-7"


def honest(prompt: SeenPrompt) -> str:
    return "Yes" if "example-word-to-block" in prompt.turns[-1].text else "No"


class Endpoint:
    """A server that says yes where its prompt holds a word, or what ``answer`` says."""

    def __init__(self) -> None:
        self.answer: Callable[[SeenPrompt], str] = honest
        self.server = ScriptedServer(ScriptedBrain(judge=self._answer))

    def _answer(self, prompt: SeenPrompt) -> str:
        return self.answer(prompt)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    with made.server:
        yield made


@pytest.fixture
def central(tmp_path: Path, guardlint: Any) -> Path:
    (tmp_path / "rails").mkdir()
    guardlint("new-rail", "no-herons", "--into", tmp_path, "--judge")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_model_decides(
    central: Path, guardlint: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what no script can say: benign texts. What a script plays is left out, with the reason."""
    monkeypatch.setenv("TRIAL_KEY", KEY)
    ran = guardlint(
        *("test", central, "-v", "--model", endpoint.server.base_url),
        *("--model-name", "judge-9", "--key-env", "TRIAL_KEY"),
    )
    assert (0, "") == (ran.code, ran.err)
    assert "- no-herons@0.1.0  judge-refuses: left out: a script plays the outage" in ran.out
    assert "✓ no-herons@0.1.0  benign-1" in ran.out
    assert "0 of 2 benign texts are stopped or changed (0.0%)" in ran.out
    assert "1 left out\n" in ran.out
    assert ran.out.endswith("3 cases, 0 failed\n")
    assert {"judge-9"} == {request["model"] for request in endpoint.server.requests}
    # Twice each: blocked, passed, benign.
    assert 6 == len(endpoint.server.seen)
    assert KEY not in ran.out + ran.err


def test_a_model_that_changes_its_mind_is_flaky(central: Path, guardlint: Any, endpoint: Endpoint) -> None:
    """Unless the case says how often it must be right."""
    said: list[str] = []

    def in_turn(_: SeenPrompt) -> str:
        said.append("x")
        return "Yes" if len(said) % 2 else "No"

    endpoint.answer = in_turn
    ran = guardlint("test", central, "--model", endpoint.server.base_url, "-k", "example-blocked")
    assert 1 == ran.code
    assert (
        "flaky: 2 runs differ: blocked by no-herons" in ran.out or "flaky: 2 runs differ: blocked" in ran.out
    )
    tests = central / "rails" / "no-herons" / "tests.yml"
    change(tests, 'judge: ["Yes"]\n', 'judge: ["Yes"]\n    with_model: {tries: 4, at_least: 2}\n')
    said.clear()
    ran = guardlint("test", central, "--model", endpoint.server.base_url, "-k", "example-blocked")
    assert (0, 4) == (ran.code, len(said))
    change(tests, "at_least: 2", "at_least: 3")
    ran = guardlint("test", central, "--model", endpoint.server.base_url, "-k", "example-blocked")
    assert 1 == ran.code
    assert "2 of 4 runs go right, not 3: is passed, not blocked" in ran.out
    change(tests, "at_least: 3", "at_least: 5")
    ran = guardlint("test", central, "-k", "example-blocked")
    assert (2, True) == (ran.code, "'at_least' is more than the 4 tries" in ran.out)
    change(tests, "{tries: 4, at_least: 5}", "{skip: it needs another model}")
    ran = guardlint("test", central, "--model", endpoint.server.base_url, "-k", "example-blocked")
    assert "0 cases, 0 failed" in ran.out
    assert "1 left out" in ran.out


def test_an_endpoint_that_fails_is_no_block(central: Path, guardlint: Any, endpoint: Endpoint) -> None:
    """The guard blocks, and the case says why instead of passing."""

    def fail(_: SeenPrompt) -> str:
        raise RuntimeError("down")

    endpoint.answer = fail
    ran = guardlint("test", central, "--model", endpoint.server.base_url, "-k", "example-blocked")
    assert 1 == ran.code
    assert "example-blocked: the endpoint answers HTTP 500" in ran.out
    ran = guardlint("test", central, "--model", "http://127.0.0.1:9/v1", "-k", "example-blocked")
    assert "the endpoint cannot be asked (URLError)" in ran.out


def test_arguments(central: Path, guardlint: Any) -> None:
    """An address that is none; a key that is not there; a key for nobody."""
    for options, said in (
        (["--model", "llm.example.com"], "is no address"),
        (["--model", "http://127.0.0.1:9", "--key-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (["--key-env", "PATH"], "--key-env is for --model"),
    ):
        ran = guardlint("test", central, *options)
        assert (2, True) == (ran.code, said in ran.err)


def test_a_configuration_asks_the_model(tmp_path: Path, guardlint: Any, endpoint: Endpoint) -> None:
    """In NeMo, with its own prompts; what compares a reply of a script is left out."""
    team = tmp_path / "team"
    (team / "guardrails").mkdir(parents=True)
    (team / "guardrails" / "config.yml").write_text(
        "models:\n  - {type: main, engine: openai, model: gpt-4o-mini}\n"
        "rails:\n  input: {flows: [self check input]}\n"
    )
    (team / "guardrails" / "prompts.yml").write_text(
        'prompts:\n  - task: self_check_input\n    content: "Block it, yes or no? {{ user_input }}"\n'
    )
    (team / "guardlint-tests.yml").write_text(
        "schema: guardlint/team-tests/v1\nconfiguration: guardrails\n"
        'answers: {self_check_input: "No", general: Hello.}\ncases:\n'
        "  - {id: good, user: good day, expect: passed, sees: [good day]}\n"
        "  - {id: bad, user: example-word-to-block, expect: blocked, rail: self check input}\n"
        "  - {id: says, user: good day, expect: passed, reply: Hello.}\n"
    )
    ran = guardlint("test", team, "-v", "--model", endpoint.server.base_url)
    assert (0, "") == (ran.code, ran.err)
    assert ran.out.endswith("2 cases, 0 failed\n")
    assert "says: left out: it compares the reply of a script" in ran.out
    assert any("Block it, yes or no? good day" in prompt.text for prompt in endpoint.server.seen)


def test_watch(central: Path) -> None:
    """Tries again what a change may change, and ends with Ctrl-C, without a trace."""
    tests = central / "rails" / "no-herons" / "tests.yml"
    process = subprocess.Popen(
        [sys.executable, "-m", "guardlint", "test", str(central), "--watch", "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []

    def until(text: str) -> None:
        assert process.stdout is not None
        while not (lines and text in lines[-1]):
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)

    try:
        until("waiting for a change")
        change(tests, "expect: passed", "expect: blocked")
        until("changed:")
        until("waiting for a change")
        assert any("example-passed: is passed, not blocked" in line for line in lines)
        tests.write_text("schema: wrong\n")
        until("changed:")
        until("waiting for a change")
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert rest.endswith("stopped\n")
    assert "Traceback" not in "".join(lines) + rest
    assert 2 == process.returncode
