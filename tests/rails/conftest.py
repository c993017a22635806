"""A judge that answers what a case scripts, over HTTP, and keeps what it was shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class ScriptedJudge:
    """Answers in order; one answer too few is an HTTP 500, as an outage would be."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.answers: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.authorization: list[str | None] = []

    def script(self, *answers: str) -> None:
        self.answers, self.requests, self.authorization = list(answers), [], []

    @property
    def seen(self) -> str:
        return "\n".join(message["content"] for request in self.requests for message in request["messages"])


@pytest.fixture(scope="session")
def judge() -> Iterator[ScriptedJudge]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(body)
            state.authorization.append(self.headers.get("Authorization"))
            answer = state.answers.pop(0) if state.answers else None
            reply = {
                "choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}]
            }
            payload = json.dumps({"id": "x", "model": body["model"], **reply} if answer else {}).encode()
            self.send_response(200 if answer else 500)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = ScriptedJudge(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()
