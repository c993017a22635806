"""A real endpoint in the place of a script: what goes to it, and what becomes of its failures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from guardlint.harness.endpoint import Endpoint, EndpointError, RelayServer

KEY = "not-a-real-key-8"
GOOD = {"choices": [{"message": {"role": "assistant", "content": "No"}}]}


class Server:
    """Answers with ``status`` and ``body``, and keeps what it was sent."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.status = 200
        self.body: Any = GOOD
        self.location: str | None = None
        self.seen: list[tuple[str, str | None, Any]] = []


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.seen.append((self.path, self.headers.get("Authorization"), sent))
            data = json.dumps(state.body).encode()
            self.send_response(state.status)
            if state.location is not None:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(made.server_address[1])
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield state
    made.shutdown()
    made.server_close()


def test_a_request_goes_on_with_key_and_model(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its messages and settings; never a stream, and no key of ours that nobody asked for."""
    monkeypatch.setenv("TRIAL_KEY", KEY)
    messages = [{"role": "user", "content": "Block it?"}]
    asked = {"messages": messages, "model": "scripted", "temperature": 0.0, "stream": True, "user": "x"}
    assert "No" == Endpoint(server.url, "judge-9", "TRIAL_KEY").ask(asked)
    path, authorization, sent = server.seen[0]
    assert ("/v1/chat/completions", f"Bearer {KEY}") == (path, authorization)
    assert {"messages": messages, "model": "judge-9", "temperature": 0.0, "stream": False} == sent
    assert KEY not in repr(Endpoint(server.url, "judge-9", "TRIAL_KEY"))
    Endpoint(server.url, "judge-9").ask(asked)
    assert server.seen[1][1] is None


def test_a_redirect_is_not_followed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the key elsewhere."""
    monkeypatch.setenv("TRIAL_KEY", KEY)
    server.status, server.location = 302, server.url.replace("/v1", "/elsewhere")
    with pytest.raises(EndpointError, match="HTTP 302"):
        Endpoint(server.url, "judge-9", "TRIAL_KEY").ask({"messages": []})
    assert 1 == len(server.seen)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": KEY}, "the endpoint answers HTTP 401"),
        (200, {"choices": []}, "the endpoint's answer is no chat completion"),
        (200, [], "the endpoint's answer is no chat completion"),
        (200, {"choices": [{"message": {"content": None}}]}, "the endpoint's answer holds no text"),
    ],
    ids=["refused", "no choice", "a list", "no text"],
)
def test_what_is_no_answer_is_an_error(server: Server, status: int, body: Any, said: str) -> None:
    """Without a word of what it said."""
    server.status, server.body = status, body
    with pytest.raises(EndpointError) as raised:
        Endpoint(server.url, "judge-9").ask({"messages": []})
    assert said == str(raised.value)


def test_a_relay_remembers_prompts_and_failures(server: Server) -> None:
    """The rail behind it sees an outage."""
    with RelayServer(Endpoint(server.url, "judge-9")) as relay:
        here = Endpoint(relay.base_url, "scripted")
        assert "No" == here.ask({"messages": [{"role": "user", "content": "Block it?"}]})
        assert "Block it?" == relay.seen[0].text
        server.status = 503
        with pytest.raises(EndpointError, match="HTTP 500"):
            here.ask({"messages": [{"role": "user", "content": "And it?"}]})
        assert ["the endpoint answers HTTP 503"] == relay.failures
