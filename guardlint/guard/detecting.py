"""Detectors of personal data in processes of their own, fed with small batches.

So no event loop of the host waits for spaCy, two cores do twice the work, and a detector that hangs can be
killed: a regular expression holds the interpreter, and no time-out of the same process would fire.
A text whose batch failed is tried once more by itself, so that one bad text does not block its neighbours.
A process that is lost is replaced at once, whether anybody waits for it or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from guardlint.errors import RuntimeUnavailable
from guardlint.guard.frames import HEADER, BadFrame, decode, encode, size_of
from guardlint.guard.process import Pauses, environment, start

if TYPE_CHECKING:
    from guardlint.pii import Profile, Span

__all__ = ["DetectionFailed", "Detectors"]

_START_SECONDS: Final = 120.0
_END_SECONDS: Final = 5.0
_BATCH_TEXTS: Final = 16
_BATCH_CHARACTERS: Final = 10_000
_PROCESSES: Final = 2
_BURST: Final = 4
"""So many texts at once are worth another process even while one has nothing to do."""


class DetectionFailed(Exception):
    """A detector raised, hung or died over a text."""


@dataclass(slots=True)
class _Job:
    profile: int
    text: str
    found: asyncio.Future[list[Span]]
    alone: bool = False


class Detectors:
    """Worker processes for a list of profiles; the second one starts when the first has more than it can do.

    ``limit``: seconds that a batch may take before its process is killed. Lives in one event loop.
    """

    def __init__(
        self, profiles: Sequence[Profile], *, limit: float = 10.0, processes: int | None = None
    ) -> None:
        self._profiles = list(profiles)
        self._limit = limit
        self._most = processes or max(1, min(_PROCESSES, os.cpu_count() or 1))
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self._servers: set[asyncio.Task[None]] = set()
        self._workers: set[_Worker] = set()
        self._pauses = Pauses()
        self._idle = 0
        self._closed = False

    async def start(self) -> None:
        """Start the first process (seconds).  Raises RuntimeUnavailable when its detectors cannot work."""
        self._serve(await self._launch())

    async def detect(self, profile: Profile, texts: Sequence[str]) -> list[list[Span]]:
        """The findings in each text.  Raises DetectionFailed."""
        if self._closed:
            raise DetectionFailed
        loop = asyncio.get_running_loop()
        number = self._profiles.index(profile)
        jobs = [_Job(number, text, loop.create_future()) for text in texts]
        self._jobs.extend(jobs)
        self._wake.set()
        self._grow()
        try:
            return [await job.found for job in jobs]
        finally:
            for job in jobs:
                job.found.cancel()

    async def close(self) -> None:
        """Kill the processes; whoever waits gets DetectionFailed."""
        self._closed = True
        servers = list(self._servers)
        for task in servers:
            task.cancel()
        if servers:  # one may be starting a process, which nobody else knows of
            await asyncio.wait(servers, timeout=_END_SECONDS)
        for worker in list(self._workers):
            await worker.end()
        while self._jobs:
            _fail(self._jobs.popleft())

    @property
    def most(self) -> int:
        """How many processes there will be at most."""
        return self._most

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that run."""
        return [worker.process.pid for worker in self._workers]

    def _grow(self) -> None:
        # Whoever is idle only takes its jobs when this task waits, so it says little about a burst.
        enough = _BURST if self._idle else 1
        if 0 < len(self._servers) < self._most and len(self._jobs) > enough:
            self._serve(None)

    def _serve(self, worker: _Worker | None) -> None:
        # In a context of its own: this outlives the call, whose context may hold the host's request.
        task = asyncio.get_running_loop().create_task(self._run(worker), context=Context())
        self._servers.add(task)
        task.add_done_callback(self._servers.discard)

    async def _launch(self) -> _Worker:
        worker = await _Worker.launch(self._profiles)
        self._workers.add(worker)
        worker.at_end(self._wake.set)
        return worker

    async def _run(self, worker: _Worker | None) -> None:
        """One process at work, replaced when it is lost."""
        while not self._closed:
            if worker is None:
                try:
                    worker = await self._launch()
                except Exception:  # noqa: BLE001 - no memory, no files: everybody who waits must hear of it
                    if not self._workers:
                        self._give_up()
                    await asyncio.sleep(self._pauses.next())
                    continue
            batch = await self._batch(worker)
            if not batch or not await self._do(batch, worker):
                self._workers.discard(worker)
                await worker.end()
                worker = None
                await asyncio.sleep(self._pauses.next())
            del batch  # or the last texts would stay in memory until the next ones come

    async def _do(self, batch: Sequence[_Job], worker: _Worker) -> bool:
        """Whether the process can be asked again."""
        try:
            async with asyncio.timeout(self._limit):
                answers = await worker.ask(batch[0].profile, [job.text for job in batch])
        except (TimeoutError, DetectionFailed, BadFrame, OSError) as error:
            failed = isinstance(error, DetectionFailed) and worker.answers
            # Of a process that was killed nobody knows whether a text did it.
            self._again(batch, once_more=not failed and not isinstance(error, TimeoutError | BadFrame))
            return failed
        except asyncio.CancelledError:
            for job in batch:
                _fail(job)
            raise
        self._pauses.worked()
        for job, spans in zip(batch, answers, strict=True):
            if not job.found.done():
                job.found.set_result(spans)
        return True

    async def _more(self, worker: _Worker) -> None:
        while not self._jobs and worker.alive:
            self._wake.clear()
            self._idle += 1
            try:
                await self._wake.wait()
            finally:
                self._idle -= 1

    async def _batch(self, worker: _Worker) -> list[_Job]:
        """The next jobs of one profile, no more than this process's share of them; none when it has ended."""
        batch: list[_Job] = []
        while not batch:
            await self._more(worker)
            if not worker.alive:
                return []
            characters = 0
            most = min(_BATCH_TEXTS, math.ceil(len(self._jobs) / max(1, len(self._workers))))
            while self._jobs and len(batch) < most and characters < _BATCH_CHARACTERS:
                job = self._jobs[0]
                if batch and (job.alone or batch[0].alone or job.profile != batch[0].profile):
                    break
                self._jobs.popleft()
                if not job.found.done():  # its caller may have gone
                    batch.append(job)
                    characters += len(job.text)
        return batch

    def _again(self, batch: Sequence[_Job], *, once_more: bool) -> None:
        if len(batch) == 1 and (batch[0].alone or not once_more):
            _fail(batch[0])
            return
        for job in batch:
            job.alone = True
        self._jobs.extendleft(reversed(batch))
        self._wake.set()

    def _give_up(self) -> None:
        while self._jobs:
            _fail(self._jobs.popleft())


def _fail(job: _Job) -> None:
    if not job.found.done():
        job.found.set_exception(DetectionFailed())
        job.found.exception()  # nobody has to be waiting


class _Worker:
    """One process, asked one batch at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.answers = False
        """Whether it is in step: a process that failed over a batch but said so goes on."""
        self._numbers = itertools.count(1)
        self._over = asyncio.get_running_loop().create_task(process.wait())

    @property
    def alive(self) -> bool:
        """Whether its end has not been seen yet."""
        return not self._over.done()

    def at_end(self, tell: Callable[[], None]) -> None:
        """``tell`` when it has ended."""
        self._over.add_done_callback(lambda _: tell())

    @classmethod
    async def launch(cls, profiles: Sequence[Profile]) -> _Worker:
        from guardlint.guard.detector_worker import profile_frame

        worker = cls(await start("guardlint.guard.detector_worker", _environment()))
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._send({"profiles": [profile_frame(profile) for profile in profiles]})
                told = await worker._receive()
        except (TimeoutError, DetectionFailed, BadFrame, OSError):
            await worker.end()
            raise RuntimeUnavailable("the process that finds personal data did not start") from None
        except BaseException:
            await worker.end()
            raise
        refused = told.get("refused")
        if isinstance(refused, dict):
            await worker.end()
            raise RuntimeUnavailable(str(refused.get("message")), help=refused.get("help"))
        return worker

    async def ask(self, profile: int, texts: Sequence[str]) -> list[list[Span]]:
        self.answers = False
        number = next(self._numbers)
        await self._send({"id": number, "profile": profile, "texts": list(texts)})
        frame = await self._receive()
        if frame.get("id") != number:
            raise BadFrame
        self.answers = True
        if frame.get("failed"):
            raise DetectionFailed
        return _spans(frame.get("spans"), texts)

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.process.wait(), _END_SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()

    async def _send(self, value: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(value))
        await self.process.stdin.drain()

    async def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        try:
            header = await self.process.stdout.readexactly(HEADER.size)
            return decode(await self.process.stdout.readexactly(size_of(header)))
        except asyncio.IncompleteReadError:
            raise DetectionFailed from None


def _spans(value: Any, texts: Sequence[str]) -> list[list[Span]]:
    """The findings in a frame.  Raises BadFrame for what no detector says."""
    from guardlint.pii import Span

    if not isinstance(value, list) or len(value) != len(texts):
        raise BadFrame
    try:
        found = [[Span(*entry) for entry in entries] for entries in value]
    except TypeError:
        raise BadFrame from None
    for spans, text in zip(found, texts, strict=True):
        if any(not 0 <= span.start < span.end <= len(text) for span in spans):
            raise BadFrame
    return found


def _environment() -> dict[str, str]:
    """Each process keeps to one core: there is one for each, and numpy would let them fight for all."""
    from guardlint.pii.moves import ONE_CORE

    return {**environment(), ONE_CORE: "1"}
