"""A small OpenAI-compatible server on the loopback interface, answering from a scripted brain.

It serves ``POST /v1/chat/completions`` (whole and as server-sent events) and ``GET /v1/models``, keeps what
it was asked, and needs nothing but the standard library::

    with ScriptedServer(ScriptedBrain(answer="Your card is blocked.")) as server:
        client = OpenAI(base_url=server.base_url, api_key="unused")
        ...
    assert "jane@example.com" not in server.seen[0].text

It is for tests and demonstrations: no authentication, no limits, nothing but 127.0.0.1.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from guardlint.harness.brain import ScriptedBrain, SeenPrompt, read_turns, recognise_task
from guardlint.harness.local_server import HOST, LocalServer

__all__ = ["ScriptedServer", "chunks_of"]

_PATHS: Final = ("/v1/chat/completions", "/chat/completions")
_CREATED: Final = 0  # a fixed time keeps two runs alike, byte for byte
_SOCKET_TIMEOUT: Final = 30.0  # seconds; a client that hangs must not hold a worker for ever


class ScriptedServer(LocalServer):
    """Runs from ``__enter__`` to ``__exit__`` in a thread of its own, on a free port unless one is given.

    ``chunk_delay`` is the pause between two chunks of a stream, in seconds.
    """

    def __init__(self, brain: ScriptedBrain, *, port: int = 0, chunk_delay: float = 0.0) -> None:
        super().__init__()
        self.brain = brain
        self.chunk_delay = chunk_delay
        self._port = port
        self._seen: list[SeenPrompt] = []
        self._requests: list[Mapping[str, Any]] = []
        self._lock = threading.Lock()

    def _open(self) -> ThreadingHTTPServer:
        return _Server(self, self._port)

    @property
    def seen(self) -> list[SeenPrompt]:
        """Every prompt so far, in the order of arrival: what the model saw."""
        with self._lock:
            return list(self._seen)

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The bodies of the same requests as they were sent (``model``, ``messages``, ``stream``, …)."""
        with self._lock:
            return list(self._requests)

    def forget(self) -> None:
        """Forget what was asked so far."""
        with self._lock:
            self._seen.clear()
            self._requests.clear()

    def answer(self, request: Mapping[str, Any]) -> str:
        """Record one request and return the brain's answer. Raises whatever the brain raises."""
        return self.brain.reply(self.note(request))

    def note(self, request: Mapping[str, Any]) -> SeenPrompt:
        """Record one request; the prompt that it shows."""
        turns = read_turns(request.get("messages"))
        prompt = SeenPrompt(turns, recognise_task(turns))
        with self._lock:
            self._seen.append(prompt)
            self._requests.append(request)
        return prompt


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, scripted: ScriptedServer, port: int) -> None:
        self.scripted = scripted
        super().__init__((HOST, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that has gone away is no fault of the server's."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "guardlint-scripted"
    protocol_version = "HTTP/1.1"
    timeout = _SOCKET_TIMEOUT

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            listed = [{"id": "scripted", "object": "model", "created": _CREATED, "owned_by": "guardlint"}]
            self._send(HTTPStatus.OK, {"object": "list", "data": listed})
        else:
            self._fail(HTTPStatus.NOT_FOUND, f"no such address: {self.path}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.rstrip("/") not in _PATHS:
            self._fail(HTTPStatus.NOT_FOUND, f"no such address: {self.path}")
            return
        try:
            request = json.loads(body)
        except ValueError:
            self._fail(HTTPStatus.BAD_REQUEST, "the body is not JSON")
            return
        if not isinstance(request, dict) or not isinstance(request.get("messages"), list):
            self._fail(HTTPStatus.BAD_REQUEST, "the body has no list `messages`")
            return
        try:
            answer = self.server.scripted.answer(request)
        except Exception as error:  # noqa: BLE001 - a brain may be told to fail in any way, as a model may
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, f"the scripted model failed: {error}")
            return
        if request.get("stream"):
            self._stream(request, answer)
        else:
            self._send(HTTPStatus.OK, _completion(request, answer))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is in ``seen``, not on the terminal."""

    def _send(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _fail(self, status: HTTPStatus, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "scripted_error", "code": status.value}})

    def _stream(self, request: Mapping[str, Any], answer: str) -> None:
        # The length of a stream is not known before its end: it ends with the connection.
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for event in _events(request, answer):
                self.wfile.write(f"data: {event}\n\n".encode())
                self.wfile.flush()
                time.sleep(self.server.scripted.chunk_delay)
        except (BrokenPipeError, ConnectionResetError):
            return  # the guard closed the stream: that is its right


def chunks_of(text: str) -> list[str]:
    """The text in pieces of a word and the blank before it, as a model streams it. Nothing is lost."""
    return re.findall(r"\s*\S+\s*$|\s*\S+|\s+", text)


def _completion(request: Mapping[str, Any], answer: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": _usage(request, answer)}


def _events(request: Mapping[str, Any], answer: str) -> Iterator[str]:
    head = _head(request, "chat.completion.chunk")

    def event(delta: Mapping[str, str], finish: str | None = None) -> str:
        return json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield event({"role": "assistant", "content": ""})
    for piece in chunks_of(answer):
        yield event({"content": piece})
    yield event({}, "stop")
    options = request.get("stream_options")
    if isinstance(options, Mapping) and options.get("include_usage"):
        yield json.dumps({**head, "choices": [], "usage": _usage(request, answer)})
    yield "[DONE]"


def _head(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    model = str(request.get("model", "scripted"))
    return {"id": "chatcmpl-scripted", "object": kind, "created": _CREATED, "model": model}


def _usage(request: Mapping[str, Any], answer: str) -> dict[str, int]:
    # Words stand for tokens: near enough for counters, and the same everywhere.
    asked = sum(len(turn.text.split()) for turn in read_turns(request.get("messages")))
    said = len(answer.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
