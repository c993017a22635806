"""Rails that run in a process of their own.

For two reasons: the team half may hold Python, which could patch NeMo under the company's rails (seen: a
``config.py`` that replaces ``RailOutcome``); and LLMRails, whoever's, reads ``actions.py`` of the working
directory and holds the interpreter for milliseconds per check.  On Linux the process can write in its own
folder only and reach no other process (``guardlint.guard.confine``); elsewhere it is a boundary against
accidents and side effects, not a sandbox: its code still runs as the same user.

A worker that is dead, hung or talks nonsense is a blocked verdict with ``error``, and another one is started
at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from guardlint.engines import Direction, Engine, RailsVerdict, Turn, Unit, Uses
from guardlint.engines.quiet import NEMO_SWITCHES
from guardlint.engines.usage import merged
from guardlint.errors import ConfigError, GuardlintError
from guardlint.guard.frames import HEADER, BadFrame, decode, encode, size_of
from guardlint.guard.process import Pauses, environment, start
from guardlint.guard.said import Told, one_line, read_hello, read_verdict
from guardlint.guard.unpack import Folder

__all__ = ["IsolatedRails"]

_START_SECONDS: Final = 120.0
_GRACE_SECONDS: Final = 1.0  # how long a cancelled check may take to say so, before its worker is killed


class _Gone(Exception):
    """The worker is dead."""


class IsolatedRails:
    """The :class:`guardlint.engines.Rails` of ``files``, in a worker process.

    Create, :meth:`launch` (optional, starts the process so that it imports NeMo meanwhile), :meth:`start`.
    """

    def __init__(self, files: Mapping[str, bytes], uses: Uses) -> None:
        self._files = dict(files)
        self._uses: Uses = uses
        self._worker: _Worker | None = None
        self._starting: asyncio.Task[_Worker] | None = None
        self._closed = False
        self._pauses = Pauses()
        self._reapers: set[asyncio.Task[None]] = set()
        # What the first worker said. A later one, which lives after messages were seen, must say the same:
        # names of flows go into the records.
        self._told: Told | None = None
        self.engine: Engine = "llmrails"
        self.flows: Mapping[Direction, tuple[str, ...]] = MappingProxyType({})
        self.unused: tuple[str, ...] = ()
        self.models: tuple[str, ...] = ()

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._worker.process.pid if self._worker and self._worker.alive else None

    async def launch(self) -> None:
        """Start the process without giving it its files yet."""
        if self._worker is None:
            self._worker = await _Worker.launch()

    async def start(self) -> None:
        """Start, or finish starting.  Raises ConfigError when NeMo refuses the configuration."""
        await self._ready()

    @property
    def units(self) -> Mapping[Direction, tuple[Unit, ...]]:
        """See :class:`guardlint.engines.Rails`: all of a direction run together."""
        return {direction: (Unit(flows),) for direction, flows in self.flows.items()}

    async def check(
        self, direction: Direction, turns: Sequence[Turn], _unit: Unit | None = None, /
    ) -> RailsVerdict:
        """See :class:`guardlint.engines.Rails`."""
        worker: _Worker | None = None
        try:
            worker = await self._ready()
            try:
                told = await worker.ask(direction, turns)
            except _Gone:
                if not worker.hung:
                    raise  # it may be this very text that ended it
                worker = await self._ready()
                told = await worker.ask(direction, turns)
            verdict = self._known(direction, told)
            self._pauses.worked()
            return verdict
        except (_Gone, BadFrame, OSError, GuardlintError):
            return RailsVerdict.broken()
        except asyncio.CancelledError:
            if worker is not None:
                reaper = asyncio.get_running_loop().create_task(worker.kill_if_hung())
                self._reapers.add(reaper)
                reaper.add_done_callback(self._reapers.discard)
            raise

    def _known(self, direction: Direction, verdict: RailsVerdict) -> RailsVerdict:
        """Only names known before any message was sent: others could carry content into the records."""
        flows = self.flows.get(direction, ())
        rail = verdict.rail if verdict.rail in flows else None
        usage = tuple(
            replace(
                one,
                rail=one.rail if one.rail in flows else None,
                model=one.model if one.model in self.models else None,
            )
            for one in verdict.usage
        )
        ran = tuple(name for name in verdict.rails if name in flows)
        return replace(verdict, rail=rail, rails=ran, usage=merged(usage))

    async def close(self) -> None:
        """Kill the worker and remove its folder."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
        if self._worker is not None:
            await self._worker.end()

    async def _ready(self) -> _Worker:
        if self._worker is not None and self._worker.ready and self._worker.alive:
            return self._worker
        if self._closed:
            raise _Gone
        return await asyncio.shield(self._starting or self._begin())

    def _begin(self, pause: float = 0.0) -> asyncio.Task[_Worker]:
        # A task of its own: a caller whose deadline passes does not undo the start for the next one.
        # Its pipes outlive the call by far, and must not keep the context of the host's request.
        task = asyncio.get_running_loop().create_task(self._start(pause), context=Context())
        task.add_done_callback(self._started)
        self._starting = task
        return task

    def _started(self, task: asyncio.Task[_Worker]) -> None:
        self._starting = None
        if task.cancelled():
            return
        # An exception is told to whoever waits; nobody may be waiting any more.
        if task.exception() is None:
            worker = task.result()
            worker.listener.add_done_callback(lambda _: self._replace(worker))
        else:
            self._replace(self._worker)

    def _replace(self, lost: _Worker | None) -> None:
        """Start another worker, so that no check has to wait for that; not for one that never did start."""
        if lost is self._worker and self._starting is None and self._told is not None and not self._closed:
            self._begin(self._pauses.next())

    async def _start(self, pause: float) -> _Worker:
        await asyncio.sleep(pause)
        worker = self._worker
        if worker is None or worker.ready or not worker.alive:
            if worker is not None:
                await worker.end()
            worker = self._worker = await _Worker.launch()
        try:
            async with asyncio.timeout(_START_SECONDS):
                told = await worker.open(self._files, self._uses)
        except (TimeoutError, _Gone, BadFrame, OSError):
            await worker.end()
            raise ConfigError("the worker process of the configuration did not start") from None
        except BaseException:
            await worker.end()
            raise
        if self._told is None:
            self._told = told
            self.engine, self.flows, self.unused = told.engine, told.flows, told.unused
            self.models = told.models
        elif told != self._told:
            await worker.end()
            raise ConfigError("the worker process of the configuration says something else than before")
        return worker


class _Worker:
    """One process and what is asked of it."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Folder) -> None:
        self.process = process
        self.ready = False
        self.alive = True
        self.hung = False
        self._folder = folder
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._cancelled: set[int] = set()
        loop = asyncio.get_running_loop()
        self._hello: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.listener = loop.create_task(self._listen())

    @classmethod
    async def launch(cls) -> _Worker:
        folder = Folder()
        try:
            process = await start("guardlint.guard.worker", _environment(folder), "-B", folder=folder.work)
        except BaseException:
            folder.remove()
            raise
        return cls(process, folder)

    async def open(self, files: Mapping[str, bytes], uses: Uses) -> Told:
        self._folder.fill(files)
        await self._send({"directory": str(self._folder.files), "uses": uses})
        told = await self._hello
        ready, refused = told.get("ready"), told.get("refused")
        if isinstance(ready, dict):
            read = read_hello(ready)
            self.ready = True
            return read
        if isinstance(refused, dict):
            raise ConfigError(one_line(refused.get("message")), help=one_line(refused.get("help")) or None)
        raise BadFrame

    async def ask(self, direction: Direction, turns: Sequence[Turn]) -> RailsVerdict:
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            await self._send({"id": number, "direction": direction, "turns": [dict(turn) for turn in turns]})
            return read_verdict(await future)
        except asyncio.CancelledError:
            self._cancelled.add(number)
            with contextlib.suppress(OSError, _Gone):
                self._write({"id": number, "cancel": True})
            raise
        finally:
            self._asked.pop(number, None)

    async def kill_if_hung(self) -> None:
        """Kill it unless every cancelled check is answered within the grace time."""
        waiting = set(self._cancelled)
        await asyncio.sleep(_GRACE_SECONDS)
        if waiting & self._cancelled:
            self.hung = True
            self._kill()

    async def end(self) -> None:
        self._kill()
        self.listener.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self.listener
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.process.wait(), 5)
        self._bury()

    def _kill(self) -> None:
        """The process, and what it started: its session is its own (``start_new_session``)."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def _write(self, value: dict[str, Any]) -> None:
        if not self.alive or self.process.stdin is None:
            raise _Gone
        self.process.stdin.write(encode(value))

    async def _send(self, value: dict[str, Any]) -> None:
        self._write(value)
        assert self.process.stdin is not None
        await self.process.stdin.drain()

    async def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        try:
            while True:
                header = await stream.readexactly(HEADER.size)
                self._take(decode(await stream.readexactly(size_of(header))))
        except (asyncio.IncompleteReadError, BadFrame, OSError):
            self._kill()
        finally:
            self._bury()

    def _take(self, frame: dict[str, Any]) -> None:
        if not self._hello.done():
            self._hello.set_result(frame)
            return
        number = frame.get("id")
        if not isinstance(number, int):
            raise BadFrame
        self._cancelled.discard(number)
        future = self._asked.get(number)
        if future is not None and not future.done():
            future.set_result(frame)

    def _bury(self) -> None:
        self.alive = False
        for future in [self._hello, *self._asked.values()]:
            if not future.done():
                future.set_exception(_Gone())
                future.exception()  # nobody has to be waiting
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._folder.remove()


def _environment(folder: Folder) -> dict[str, str]:
    """The host's environment with NeMo's statistics off and without its search path for imports.

    Temporary files go where a worker may write.
    """
    kept = {name: value for name, value in environment().items() if name != "COLANGPATH"}
    return {**kept, **NEMO_SWITCHES, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder.temporary))}
