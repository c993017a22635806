"""An OpenAI-compatible model that fails on command, over real HTTP: for tests of what happens then.

Set ``mode`` while it runs::

    with MisbehavingServer() as server:
        server.mode = "hangs"
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, get_args

from guardlint.harness.local_server import HOST, LocalServer

__all__ = ["MODES", "MisbehavingServer", "Mode"]

Mode = Literal[
    "well", "refuses", "hangs", "slow", "http 500", "http 429", "garbage", "no choices", "cut off", "lies"
]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
"""``lies``: an answer of the right shape that is neither yes nor no; ``slow``: right, after ``delay``."""

_HANG_SECONDS: Final = 60.0


class MisbehavingServer(LocalServer):
    """Runs from ``__enter__`` to ``__exit__`` on a free port of the loopback interface.

    ``answer`` is what it says when it is well, ``delay`` how long it takes when it is slow, in seconds.
    """

    def __init__(self, answer: str = "No", delay: float = 5.0) -> None:
        super().__init__()
        self.answer = answer
        self.delay = delay
        self.mode: Mode = "well"
        self.asked = 0
        self.released = threading.Event()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        super().__exit__(kind, error, trace)

    def _open(self) -> ThreadingHTTPServer:
        return _Server(self)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: MisbehavingServer) -> None:
        self.owner = owner
        super().__init__((HOST, 0), _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002  socketserver's
        """Refuse by a reset, as a port does where nobody listens."""
        if self.owner.mode != "refuses":
            return True
        request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that have given up are what it is for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        owner = self.server.owner
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        owner.asked += 1
        mode = owner.mode
        self.close_connection = mode != "well"  # a connection that was kept must not outlive a fault
        if mode == "refuses":
            return
        if mode == "hangs":
            owner.released.wait(_HANG_SECONDS)
            return
        if mode == "slow":
            owner.released.wait(owner.delay)
        if mode in ("http 500", "http 429"):
            self._send({"error": {"message": "no s3cret today"}}, status=int(mode[-3:]))
        elif mode == "garbage":
            self._write(b"<html>\xff\x00 not JSON", 200)
        elif mode == "no choices":
            self._send({"object": "chat.completion"})
        elif mode == "cut off":
            self._write(b'{"choices": [{"mess', 200, length=5000)
        else:
            text = "Perhaps, who knows." if mode == "lies" else owner.answer
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send(
                {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            )

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _send(self, body: dict[str, Any], *, status: int = 200) -> None:
        self._write(json.dumps(body).encode(), status)

    def _write(self, data: bytes, status: int, *, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)
