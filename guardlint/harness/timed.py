"""A function asked in a process of its own, which is killed when it does not come back.

NeMo's parser of Colang 1.0 reads some texts without end. A signal cannot be relied on to stop it: whoever
started this process may have blocked it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

__all__ = ["Timed"]


class Timed:
    """``function``, which must be importable by name, with at most ``seconds`` for each call.

    The process is started at the first call, stays for the next ones, and is started anew after it has been
    killed or has died. Use as a context manager; the process ends with it.
    """

    def __init__(self, function: Callable[..., Any], seconds: float) -> None:
        self._function = function
        self._seconds = seconds
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns. Raises TimeoutError when it takes too long, EOFError when it dies."""
        pipe = self._pipe or self._started()
        pipe.send(arguments)
        if not pipe.poll(self._seconds):
            self.close()
            raise TimeoutError(f"no answer in {self._seconds:g} s")
        try:
            return pipe.recv()
        except EOFError:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _started(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._function), daemon=True)
        self._process.start()
        other.close()
        # The imports of the other side are not the function's time.
        self._pipe.recv()
        return self._pipe


def _serve(pipe: Connection, function: Callable[..., Any]) -> None:
    pipe.send(None)
    while True:
        try:
            arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(function(*arguments))
