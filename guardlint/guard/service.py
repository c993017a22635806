"""The engine room of a guard: every call is started here, crosses if it has to wait, and is recorded here."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import weakref
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final, Protocol, TypeVar

from guardlint.errors import ConfigError, GuardlintError
from guardlint.guard.audit import Audit
from guardlint.guard.counts import Counts
from guardlint.guard.crossing import cross, finished
from guardlint.guard.messages import Message
from guardlint.guard.pipeline import Call
from guardlint.guard.plan import Plan, read_plan
from guardlint.guard.records import FunctionOutcome, Hook, Identity, make_record
from guardlint.guard.runtime import Runtime, open_runtime
from guardlint.guard.streaming.steps import RunningSteps
from guardlint.guard.streaming.stream import Stream

__all__ = ["Bundle", "Service"]

T = TypeVar("T")

_SLACK_SECONDS: Final = 5.0  # beyond the plan's own deadline: only a loop that stands still needs it
_SERVICES: weakref.WeakSet[Service] = weakref.WeakSet()
_ABANDONED: list[Runtime] = []  # of the parent process: collecting them could close what is the parent's


class Bundle(Protocol):
    """What is needed of a verified bundle."""

    @property
    def manifest(self) -> dict[str, Any]:
        """``manifest.json`` as read."""

    @property
    def plan(self) -> dict[str, Any]:
        """``plan.yml`` as read."""

    @property
    def files(self) -> dict[str, bytes]:
        """Every file, by its path in the bundle."""

    @property
    def digest(self) -> str:
        """SHA-256 of the archive, hexadecimal."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The trusted keys that signed it."""


class Service:
    """Runs calls from any thread, any event loop and, after a fork, any process."""

    def __init__(self, bundle: Bundle, audit: Audit) -> None:
        self.plan: Plan = read_plan(bundle.plan)
        if self.plan.audited and not audit.wanted:
            raise ConfigError(
                "the bundle requires an audit record of every call, and no place for records is given",
                place="plan.yml",
                help="Guard.load(..., audit=PATH), an AuditLog or a callable that takes the record",
            )
        self.audit = audit
        self.counts = Counts()
        # Nobody knows how long a callable takes: no event loop of the host waits for it.
        self._slow_records = audit.wanted and not audit.quick
        self._bundle = bundle
        self._identity = Identity.of(bundle.manifest, bundle.digest, tuple(bundle.key_ids), audit.profile)
        self._lock = threading.Lock()
        self._closed = False
        self._runtime: Runtime | None = None
        self._finalizer: weakref.finalize[Any, Service] | None = None
        self._open()
        _SERVICES.add(self)

    def wait_input(self, call: Call, hook: Hook) -> None:
        """The input steps on ``call``; blocks the calling thread."""
        with self._until_given_up(call, hook):
            self._wait(call, hook, self._input(call, hook))

    async def await_input(self, call: Call, hook: Hook) -> None:
        """The input steps on ``call``; leaves the calling loop free."""
        with self._until_given_up(call, hook):
            await self._await(call, hook, self._input(call, hook, leave=self._slow_records))

    def wait_output(self, call: Call, reply: Message, hook: Hook) -> Message | None:
        """The output steps on ``reply``; None when nothing may be released.  Blocks the calling thread."""
        with self._until_given_up(call, hook):
            return self._wait(call, hook, self._output(call, reply, hook))

    async def await_output(self, call: Call, reply: Message, hook: Hook) -> Message | None:
        """:meth:`wait_output`, leaving the calling loop free."""
        with self._until_given_up(call, hook):
            work = self._output(call, reply, hook, leave=self._slow_records)
            return await self._await(call, hook, work)

    def wait_stream(self, stream: Stream, call: Call) -> None:
        """One round of the output steps on a streamed reply; blocks the calling thread."""
        self._wait(call, "call", self._stream(stream, call))

    async def await_stream(self, stream: Stream, call: Call) -> None:
        """:meth:`wait_stream`, leaving the calling loop free."""
        await self._await(call, "call", self._stream(stream, call))

    def wait_record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        """:meth:`record`, in the calling thread."""
        self.record(call, hook, function)

    async def await_record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        """:meth:`record`, in the guard's loop when it may take long."""
        await self._await(call, hook, self._record(call, hook, function))

    def record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        """Write the call's one record.  One that cannot be written blocks the call, or degrades it."""
        if call.recorded:
            return
        call.recorded = True
        if self.audit.wanted:
            self._write(call, hook, function)
        self.counts.add(call.status, error=call.error, degraded=call.degraded)

    def _write(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        try:
            call.origin.run(
                self.audit.write,
                make_record(
                    self._identity,
                    call.verdict(),
                    now=datetime.now(UTC),
                    hook=hook,
                    function=function,
                    messages=len(call.messages),
                    guard_ms=call.guard_ms,
                    function_ms=call.function_ms,
                    content=call.content,
                    stream=call.stream,
                    first_release_ms=call.first_release_ms,
                ),
            )
        except Exception:  # noqa: BLE001 - disk, lock, a callable: whatever the reason, there is no record
            if self.plan.unrecorded == "degrade":
                call.degraded = True
            else:
                call.block("audit-failed", error=True)

    def close(self) -> None:
        """Stop the workers, remove what was unpacked, refuse further calls.  May be called twice."""
        with self._lock:
            self._closed = True
            if self._finalizer is not None:
                self._finalizer()
            self._runtime = None
        self.audit.close()

    async def _input(self, call: Call, hook: Hook, *, leave: bool = False) -> None:
        started = perf_counter()
        runtime = self._now()
        try:
            await runtime.pipeline.run_input(call)
            if leave and (call.blocked or hook != "call"):
                await cross(runtime.loop.loop)
        except BaseException as error:
            _gave_up(call, error)
            raise
        finally:
            call.guard_ms += (perf_counter() - started) * 1000
            if call.blocked or hook != "call":
                self.record(call, hook, "not-called")

    async def _output(self, call: Call, reply: Message, hook: Hook, *, leave: bool = False) -> Message | None:
        started = perf_counter()
        runtime = self._now()
        try:
            call.content["output"] = self.audit.keyed_hash(reply)
            if hook != "call":
                await runtime.pipeline.mask_context(call)
            released = await runtime.pipeline.run_output(call, reply)
            if leave:
                await cross(runtime.loop.loop)
        except BaseException as error:
            _gave_up(call, error)
            raise
        finally:
            call.guard_ms += (perf_counter() - started) * 1000
            self.record(call, hook, "returned" if hook == "call" else "not-called")
        return None if call.blocked else released

    async def _stream(self, stream: Stream, call: Call) -> None:
        started = perf_counter()
        runtime = self._now()
        try:
            await stream.work(
                RunningSteps(runtime.pipeline, runtime.masker, runtime.loop.loop, self.plan.timeout)
            )
        except BaseException as error:
            _gave_up(call, error)
            raise
        finally:
            call.guard_ms += (perf_counter() - started) * 1000

    async def _record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        if self._slow_records:
            await cross(self._now().loop.loop)
        self.record(call, hook, function)

    def _wait(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        done = self._finished(work)
        if done is not None:
            return done[0]
        future = self._submit(work)
        try:
            return future.result(self.plan.timeout + _SLACK_SECONDS)
        except (TimeoutError, concurrent.futures.CancelledError):
            self._stuck(call, hook, future)
            return None

    async def _await(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        done = self._finished(work)
        if done is not None:
            return done[0]
        future = self._submit(work)
        try:
            async with asyncio.timeout(self.plan.timeout + _SLACK_SECONDS):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._stuck(call, hook, future)
            return None

    def _stuck(self, call: Call, hook: Hook, future: concurrent.futures.Future[Any]) -> None:
        """The loop itself does not answer: block from here, without it."""
        future.cancel()
        call.block("timeout", error=True)
        self.record(call, hook, "not-called" if call.function_ms is None else "returned")

    @contextlib.contextmanager
    def _until_given_up(self, call: Call, hook: Hook) -> Iterator[None]:
        """A caller who gives up just when the work ends would be in no record: it sees to one itself."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception):
                call.block("cancelled", error=True)
                outcome: FunctionOutcome = "not-called" if call.function_ms is None else "returned"
                try:
                    # In the loop, where the work writes its own: only the first of the two does.
                    self._submit(self._given_up(call, hook, outcome))
                except Exception:  # noqa: BLE001 - the guard is closed meanwhile
                    self.record(call, hook, outcome)
            raise

    async def _given_up(self, call: Call, hook: Hook, outcome: FunctionOutcome) -> None:
        self.record(call, hook, outcome)

    def _finished(self, work: Coroutine[Any, Any, T]) -> tuple[T] | None:
        """Start ``work`` here.  Not in the guard's own thread: what has to wait would wait for itself."""
        if self._runtime is not None and self._runtime.loop.inside:
            return None  # refused by submit
        return finished(work)

    def _submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        try:
            return self._now().loop.submit(work)
        except BaseException:
            work.close()
            raise

    def _now(self) -> Runtime:
        runtime = self._runtime
        if runtime is not None and runtime.pid == os.getpid():
            return runtime
        with self._lock:
            if self._closed:
                raise GuardlintError("the guard is closed")
            return self._runtime or self._open()

    def _open(self) -> Runtime:
        self._runtime = open_runtime(self.plan, self._bundle.files, self._bundle.manifest)
        self._finalizer = weakref.finalize(self, self._runtime.close)
        return self._runtime

    def after_fork(self) -> None:
        """In the new process: threads did not survive, and locks may be held by one of them for ever."""
        self._lock = threading.Lock()
        self.audit.renew()
        self.counts = Counts()
        if self._runtime is not None:
            _ABANDONED.append(self._runtime)
            self._runtime = None


def _gave_up(call: Call, error: BaseException) -> None:
    gone = isinstance(error, asyncio.CancelledError | GeneratorExit)
    call.block("cancelled" if gone else "guard-failed", error=True)


def _forked() -> None:
    for service in list(_SERVICES):
        service.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
