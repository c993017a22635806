"""Every try that rails made of a model is in the record: late, called off and repeated ones too."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guardlint.guard import Guard

CONFIG = """
colang_version: "1.0"
models:
  - {type: main, engine: openai, model: m, parameters: {base_url: "%(url)s", api_key: none}}
  - {type: guard, engine: openai, model: g, parameters: {base_url: "%(url)s", api_key: none}}
rails:
  input: {flows: [self check input, "content safety check input $model=guard"]}
  output: {flows: [self check output]}
prompts:
  - {task: self_check_input, content: "SELF {{ user_input }} Answer Yes or No:"}
  - {task: self_check_output, content: "SELF {{ bot_response }} Answer Yes or No:"}
  - task: "content_safety_check_input $model=guard"
    output_parser: is_content_safe
    content: "SAFE {{ user_input }} safe or unsafe:"
"""


class Judges:
    """A model whose two judges answer as they are told, after a while; it counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.reset()

    def reset(self, **answers: Any) -> None:
        """``SELF`` and ``SAFE``: status, answer, seconds."""
        self.asked = 0
        self.answers = {"SELF": (200, "No", 0.0), "SAFE": (200, "safe", 0.0), **answers}


@pytest.fixture(scope="module")
def judges() -> Iterator[tuple[Judges, str]]:
    told = Judges()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told.asked += 1
            status, answer, seconds = told.answers["SELF" if "SELF" in body else "SAFE"]
            time.sleep(seconds)
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            data = json.dumps({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]})
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data.encode())

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told, f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "audit.jsonl"


@pytest.fixture(scope="module")
def guard(workshop: Any, shared_configs: Any, judges: tuple[Judges, str], log: Path) -> Guard:
    handling = {"self check input": {"timeout_seconds": 0.4, "on_failure": "degrade"}}
    made: Guard = workshop.guard(
        company=CONFIG % {"url": judges[1]},
        plan_data=shared_configs.plan(timeout=3, rails={"input": handling}),
        audit=log,
    )
    return made


def recorded(log: Path) -> Any:
    return json.loads(log.read_bytes().splitlines()[-1])


@pytest.mark.parametrize(
    ("answers", "status", "least"),
    [
        ({}, "passed", 3),
        ({"SELF": (200, "No", 0.8)}, "passed", 3),
        ({"SELF": (200, "Yes", 0.0), "SAFE": (200, "safe", 0.3)}, "blocked", 2),
        ({"SAFE": (500, "broken", 0.0)}, "blocked", 3),
    ],
    ids=["all in time", "late", "called off", "repeated"],
)
def test_every_try_counts(
    guard: Guard,
    judges: tuple[Judges, str],
    log: Path,
    answers: dict[str, Any],
    status: str,
    least: int,
) -> None:
    """As many as the server was asked, and no more."""
    judges[0].reset(**answers)
    verdict = guard.call(
        lambda messages: "Yes, it is.", f"Is Tuesday fine? {sorted(answers)} {status}"
    ).verdict
    time.sleep(0.1)
    record = recorded(log)
    assert (status, judges[0].asked) == (record["verdict"], record["llm_calls"])
    assert judges[0].asked == verdict.llm_calls == sum(step["llm_calls"] for step in record["steps"])
    assert judges[0].asked >= least


def test_a_caller_that_gives_up(guard: Guard, judges: tuple[Judges, str], log: Path) -> None:
    """What was asked for it was asked."""
    judges[0].reset(SELF=(200, "No", 0.3), SAFE=(200, "safe", 1.0))

    async def chat(messages: Any) -> str:
        return "fine"

    async def give_up() -> None:
        async with asyncio.timeout(0.2):
            await guard.acall(chat, "Is Wednesday fine?")

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    time.sleep(0.3)
    record = recorded(log)
    assert ("blocked", "cancelled", 2) == (record["verdict"], record["reason"], record["llm_calls"])
    assert ["blocked"] == [step["verdict"] for step in record["steps"] if step["llm_calls"]]


def test_a_plan_that_is_late(
    workshop: Any, shared_configs: Any, judges: tuple[Judges, str], log: Path
) -> None:
    """When the whole call is too late its tries are in the record of the step."""
    judges[0].reset(SELF=(200, "No", 1.0), SAFE=(200, "safe", 1.0))
    guard = workshop.guard(
        company=CONFIG % {"url": judges[1]}, plan_data=shared_configs.plan(timeout=0.4), audit=log
    )
    assert guard.check_input("Is Thursday fine?").verdict.reason == "timeout"
    record = recorded(log)
    assert (2, 2) == (judges[0].asked, record["llm_calls"])
