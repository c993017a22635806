"""The engine room of a guard: every call is started here, crosses if it has to wait, and is recorded here."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final, TypeVar

from guardlint.engines.quiet import stay_quiet
from guardlint.errors import ConfigError, GuardlintError, UsageError
from guardlint.guard.audit import Audit
from guardlint.guard.bundle import Bundle
from guardlint.guard.counts import Counts
from guardlint.guard.crossing import cross, finished
from guardlint.guard.expiry import Expiry
from guardlint.guard.forks import renew_after_fork
from guardlint.guard.life import CLOSE_SECONDS, Closed, Life
from guardlint.guard.messages import Message
from guardlint.guard.pipeline import Call
from guardlint.guard.plan import Plan, read_plan
from guardlint.guard.queueing import running_loop
from guardlint.guard.records import Entry, FunctionOutcome, Hook, Identity
from guardlint.guard.runtime import Runtime
from guardlint.guard.streaming.steps import RunningSteps
from guardlint.guard.streaming.stream import Stream
from guardlint.guard.streaming_plan import forbidden_by

__all__ = ["Bundle", "Service"]

T = TypeVar("T")

_SLACK_SECONDS: Final = 5.0  # beyond the plan's own deadline: only a loop that stands still needs it
_TURNS: Final = 20  # of the loop, for work that was called off to come to its end


class Service:
    """Runs calls from any thread, any event loop and, after a fork, any process."""

    def __init__(self, bundle: Bundle, audit: Audit, now: datetime | None = None) -> None:
        """Start; ``now`` is the time by which the bundle was verified, by default the clock's."""
        plan = read_plan(bundle.plan)
        looks = replace(plan.stream, forbidden=forbidden_by(bundle.files))
        self.plan: Plan = replace(plan, stream=looks)
        if self.plan.audited and not audit.wanted:
            raise ConfigError(
                "the bundle requires an audit record of every call, and no place for records is given",
                place="plan.yml",
                help="Guard.load(..., audit=PATH), an AuditLog or a callable that takes the record",
            )
        audit.check_place()
        self.audit = audit
        self.counts = Counts()
        self.expiry = Expiry(bundle.manifest, now)
        # Nobody knows how long a callable takes: no event loop of the host waits for it.
        self._slow_records = audit.wanted and not audit.quick
        self._identity = Identity.of(bundle.manifest, bundle.digest, tuple(bundle.key_ids), audit.profile)
        self._life = Life(self.plan, bundle)
        self._now = self._life.now
        renew_after_fork(self)

    def wait_input(self, call: Call, hook: Hook) -> None:
        """The input steps on ``call``; blocks the calling thread."""
        self._wait_out(call, hook, self._input(call, hook))

    def await_input(self, call: Call, hook: Hook) -> Coroutine[Any, Any, None]:
        """The input steps on ``call``; leaves the calling loop free."""
        return self._await_out(call, hook, self._input(call, hook, leave=self._slow_records))

    def wait_output(self, call: Call, reply: Message, hook: Hook) -> Message | None:
        """The output steps on ``reply``; None when nothing may be released.  Blocks the calling thread."""
        return self._wait_out(call, hook, self._output(call, reply, hook))

    def await_output(self, call: Call, reply: Message, hook: Hook) -> Coroutine[Any, Any, Message | None]:
        """:meth:`wait_output`, leaving the calling loop free."""
        return self._await_out(call, hook, self._output(call, reply, hook, leave=self._slow_records))

    def wait_stream(self, stream: Stream, call: Call) -> None:
        """One round of the output steps on a streamed reply; blocks the calling thread."""
        self._wait(call, "call", self._stream(stream, call))

    async def await_stream(self, stream: Stream, call: Call) -> None:
        """:meth:`wait_stream`, leaving the calling loop free."""
        await self._await(call, "call", self._stream(stream, call))

    async def await_record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        """:meth:`record`, in the guard's loop when it may take long."""
        if not call.recorded:
            await self._await(call, hook, self._record(call, hook, function))

    def record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        """Write the call's one record.  One that cannot be written blocks the call, or degrades it."""
        if call.recorded:
            return
        call.recorded = True
        try:
            if self.audit.wanted:
                self._write(call, hook, function)
        finally:
            self._life.end(call)
        self.counts.add(call.status, error=call.error, degraded=call.degraded)

    def _write(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        try:
            call.origin.run(
                self.audit.write,
                Entry(
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

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """See :meth:`Guard.close <guardlint.guard.guard.Guard.close>`."""
        self._life.close(0.0 if self.audit.writing else timeout)
        self.audit.close()

    def _begin(self, call: Call) -> Runtime:
        """Count the call in; an expired bundle blocks it.  What has begun before goes on to its end."""
        stay_quiet()
        runtime = self._life.begin(call)
        if self.expiry.over:
            call.block("bundle-expired", error=True)
        return runtime

    async def _input(self, call: Call, hook: Hook, *, leave: bool = False) -> None:
        started = perf_counter()
        runtime = self._begin(call)
        try:
            if not call.blocked:
                await runtime.pipeline.run_input(call)
            if leave and (call.blocked or hook != "call"):
                await cross(runtime.loop.loop)
        except BaseException as error:
            if not self._gave_up(call, error):
                raise
        finally:
            call.guard_ms += (perf_counter() - started) * 1000
            if call.blocked or hook != "call":
                self.record(call, hook, "not-called")

    async def _output(self, call: Call, reply: Message, hook: Hook, *, leave: bool = False) -> Message | None:
        started = perf_counter()
        released = None
        if hook != "call":
            self._begin(call)
        try:
            runtime = self._now()
            call.content["output"] = self.audit.keyed_hash(reply)
            if hook != "call" and not call.blocked:
                await runtime.pipeline.mask_context(call)
            if not call.blocked:
                released = await runtime.pipeline.run_output(call, reply)
            if leave:
                await cross(runtime.loop.loop)
        except BaseException as error:
            if not self._gave_up(call, error):
                raise
        finally:
            call.guard_ms += (perf_counter() - started) * 1000
            self.record(call, hook, "returned" if hook == "call" else "not-called")
        return None if call.blocked else released

    async def _stream(self, stream: Stream, call: Call) -> None:
        started = perf_counter()
        try:
            runtime = self._now()
            await stream.work(
                RunningSteps(runtime.pipeline, runtime.masker, runtime.loop.loop, self.plan.timeout)
            )
            runtime.pipeline.released.remember(*stream.replies)
        except BaseException as error:
            if not self._gave_up(call, error) and not isinstance(error, Exception):
                raise  # others are a block: their words may be content
        finally:
            call.guard_ms += (perf_counter() - started) * 1000

    async def _record(self, call: Call, hook: Hook, function: FunctionOutcome) -> None:
        try:
            if self._slow_records and not self._life.closed:
                await cross(self._now().loop.loop)
        except (asyncio.CancelledError, Closed):
            if not self._life.closed:
                raise
        finally:  # whoever gave up while it waited has a record, too
            self.record(call, hook, function)

    def _wait(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        done = self._finished(work)
        if done is not None:
            return done[0]
        future = self._submitted(call, hook, work)
        if future is None:
            return None
        try:
            return future.result(self.plan.timeout + _SLACK_SECONDS)
        except (TimeoutError, concurrent.futures.CancelledError):
            self._stuck(call, hook, future)
            return None
        except BaseException:  # an interrupt: nobody waits for it any more
            future.cancel()
            raise

    async def _await(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        done = self._finished(work)
        return await self._rest(call, hook, work) if done is None else done[0]

    async def _rest(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        """What is left of ``work``, in the guard's loop."""
        if running_loop() is None:
            work.close()
            raise UsageError(
                "the guard's async functions need an event loop of asyncio",
                help="elsewhere run guard.call, or a guarded sync function, in a thread",
            )
        future = self._submitted(call, hook, work)
        if future is None:
            return None
        try:
            async with asyncio.timeout(self.plan.timeout + _SLACK_SECONDS):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._stuck(call, hook, future)
            return None

    def _stuck(self, call: Call, hook: Hook, future: concurrent.futures.Future[Any]) -> None:
        """The loop itself does not answer: block from here, without it."""
        future.cancel()
        call.block("guard-closed" if self._life.closed else "timeout", error=True)
        self.record(call, hook, "not-called" if call.function_ms is None else "returned")

    def _wait_out(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        """:meth:`_wait`, and a record if the caller gives up."""
        try:
            return self._wait(call, hook, work)
        except BaseException as error:
            if not isinstance(error, Exception):
                self._give_up(call, hook)
            raise

    async def _await_out(self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]) -> T | None:
        """:meth:`_await`, and a record if the caller gives up."""
        try:
            done = self._finished(work)
            return await self._rest(call, hook, work) if done is None else done[0]
        except BaseException as error:
            if not isinstance(error, Exception):
                self._give_up(call, hook)
            raise

    def _give_up(self, call: Call, hook: Hook) -> None:
        """A caller who gives up just when the work ends would be in no record: it sees to one itself."""
        call.block("cancelled", error=True)
        outcome: FunctionOutcome = "not-called" if call.function_ms is None else "returned"
        try:
            # In the loop, where the work writes its own: only the first of the two does.
            self._submit(self._given_up(call, hook, outcome))
        except Exception:  # noqa: BLE001 - the guard is closed meanwhile
            self.record(call, hook, outcome)

    async def _given_up(self, call: Call, hook: Hook, outcome: FunctionOutcome) -> None:
        for _ in range(_TURNS):
            if not call.recorded:
                await asyncio.sleep(0)  # the work, just called off, notes what it asked of models
        self.record(call, hook, outcome)

    def _finished(self, work: Coroutine[Any, Any, T]) -> tuple[T] | None:
        """Start ``work`` here.  Not in the guard's own thread: what has to wait would wait for itself."""
        if self._life.inside:
            return None  # refused by submit
        return finished(work)

    def _submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        try:
            return self._now().loop.submit(work)
        except BaseException:
            work.close()
            raise

    def _submitted(
        self, call: Call, hook: Hook, work: Coroutine[Any, Any, T]
    ) -> concurrent.futures.Future[T] | None:
        """:meth:`_submit`; None, and a block, when the guard was closed since the call began."""
        try:
            return self._submit(work)
        except GuardlintError:
            if not self._life.closed:
                raise
            call.block("guard-closed", error=True)
            self.record(call, hook, "not-called" if call.function_ms is None else "returned")
            return None

    def _gave_up(self, call: Call, error: BaseException) -> bool:
        """Block.  Whether the caller is told by that alone: it did not give up, the guard was closed."""
        gone = isinstance(error, asyncio.CancelledError | GeneratorExit | Closed)
        closed = gone and self._life.closed
        call.block("guard-closed" if closed else "cancelled" if gone else "guard-failed", error=True)
        return closed and not isinstance(error, GeneratorExit)

    def after_fork(self) -> None:
        """In the new process nobody holds the locks, and no call has been seen."""
        self.audit.renew()
        self.counts = Counts()
