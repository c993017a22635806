"""Tries suites, several at once in processes of their own; what comes back is in the order of the suites."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from guardlint.cli._trials.outcome import Outcome, Settings, Suite, Tried
from guardlint.cli._trials.suites import try_suite
from guardlint.policy.central import Central

__all__ = ["try_all", "workers_for"]

# Seconds without a word after which a suite is taken for hung; one case of a configuration may take 600.
_PATIENCE = 660.0
# So many rails are worth a process: it imports NeMo first.
_RAILS_EACH = 3


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started here is not interrupted while it starts, when it cannot yet say so itself."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """A process that tries one suite after the other."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(other, settings), daemon=False)
        with _deaf():
            self.process.start()
        other.close()
        self.index = -1

    def give(self, index: int, suite: Suite) -> None:
        self.index = index
        self.pipe.send(suite)

    def end(self, *, kill: bool = False) -> None:
        self.pipe.close()
        if kill:
            self.process.kill()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def workers_for(suites: Sequence[Suite], jobs: int) -> int:
    """How many processes the suites are worth, at most ``jobs``; 0: this one will do.

    Configurations run code of their own and are never tried in this process.
    """
    rails = sum(suite.kind == "rail" for suite in suites)
    own = sum(suite.kind == "configuration" for suite in suites)
    return min(jobs, -(-rails // _RAILS_EACH) + own) if own or (jobs > 1 and rails > _RAILS_EACH) else 0


def try_all(
    suites: Sequence[Suite],
    settings: Settings,
    central: Central | None,
    *,
    jobs: int,
    done: Callable[[Outcome], object],
    ended: Callable[[Tried], object],
) -> list[Tried]:
    """All suites; ``done`` is told of each case, ``ended`` of each suite in the order of the suites."""
    results: dict[int, Tried] = {}
    told = 0

    def end(index: int, tried: Tried) -> None:
        nonlocal told
        results[index] = tried
        while told in results:
            ended(results[told])
            told += 1

    count = workers_for(suites, jobs)
    apart = [index for index, suite in enumerate(suites) if count and suite.kind in ("rail", "configuration")]
    if count:
        here = [index for index in range(len(suites)) if index not in set(apart)]
        _apart(suites, apart, here, settings, central, count, done, end)
    else:
        for index, suite in enumerate(suites):
            end(index, try_suite(suite, settings, central, done))
    return [results[index] for index in range(len(suites))]


def _apart(
    suites: Sequence[Suite],
    apart: Sequence[int],
    here: Sequence[int],
    settings: Settings,
    central: Central | None,
    count: int,
    done: Callable[[Outcome], object],
    end: Callable[[int, Tried], None],
) -> None:
    """Give what is to be tried apart to workers; try the rest here, while they start."""
    waiting = list(apart)
    workers: list[_Worker] = []

    def next_for(worker: _Worker | None) -> None:
        """A configuration gets a process that has seen nothing; so does what comes after one."""
        fresh = worker is None or "configuration" in (
            suites[worker.index].kind,
            suites[waiting[0]].kind if waiting else "",
        )
        if worker is not None and (fresh or not waiting):
            workers.remove(worker)
            worker.end()
        if not waiting:
            return
        if fresh or worker is None:
            worker = _Worker(settings)
            workers.append(worker)
        index = waiting.pop(0)
        worker.give(index, suites[index])

    try:
        for _ in range(count):
            next_for(None)
        for index in here:
            end(index, try_suite(suites[index], settings, central, done))
        while workers:
            ready = wait([worker.pipe for worker in workers], _PATIENCE)
            for worker in [each for each in workers if each.pipe in ready] if ready else list(workers):
                said: Any = _said(worker.pipe) if ready else None
                if isinstance(said, Outcome):
                    done(said)
                    continue
                if said is None:
                    suite = suites[worker.index]
                    why = "the process that tried it died" if ready else f"no case ended in {_PATIENCE:g} s"
                    said = Tried(suite, suite.name, error=f"{suite.path}: {why}", exit_code=1)
                    end(worker.index, said)
                    workers.remove(worker)
                    worker.end(kill=True)
                    if waiting:
                        next_for(None)
                    continue
                end(worker.index, said)
                next_for(worker)
    finally:
        for worker in workers:
            worker.end(kill=True)


def _said(pipe: Connection) -> Any:
    """An outcome, the end of a suite, or None from a process that is no more."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def _serve(pipe: Connection, settings: Settings) -> None:
    """In the worker. Interrupts are for the process that the user sees; the pipe's end ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    central: Central | None = None
    while True:
        try:
            suite: Suite = pipe.recv()
        except (EOFError, OSError):
            return
        if suite.kind == "rail" and central is None:
            central = Central.open(suite.folder)
        try:
            pipe.send(try_suite(suite, settings, central, pipe.send))
        except (BrokenPipeError, OSError):
            return
        except Exception as error:  # noqa: BLE001 - one suite must not keep the others from being tried
            why = f"{suite.path}: guardlint itself failed ({type(error).__name__})"
            pipe.send(Tried(suite, suite.name, error=why, exit_code=4))
