"""The life of a small HTTP server on the loopback interface: started and ended by ``with``."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

__all__ = ["HOST", "LocalServer"]

HOST: Final = "127.0.0.1"
_END_SECONDS: Final = 5.0


class LocalServer:
    """Runs from ``__enter__`` to ``__exit__`` in a thread of its own."""

    def __init__(self) -> None:
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = self._open()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._thread is not None:
            self._thread.join(timeout=_END_SECONDS)

    @property
    def base_url(self) -> str:
        """The address to give to an OpenAI client, ending in ``/v1``. Only while the server runs."""
        if self._server is None:
            raise RuntimeError("the server is not running; use it in a `with` block")
        return f"http://{HOST}:{self._server.server_address[1]}/v1"

    def _open(self) -> ThreadingHTTPServer:
        """The server, bound to its port."""
        raise NotImplementedError
