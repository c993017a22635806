"""What a guard runs on in one process: its loop, both halves, the detectors.  Made anew after a fork."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guardlint.guard.halves import Halves, check_plan, open_halves
from guardlint.guard.loop import OwnedLoop
from guardlint.guard.masking import Masker
from guardlint.guard.pipeline import Pipeline
from guardlint.guard.plan import Plan

__all__ = ["Runtime", "open_runtime"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Belongs to process ``pid``; another one must not touch it."""

    pid: int
    loop: OwnedLoop
    halves: Halves
    masker: Masker | None
    pipeline: Pipeline

    def close(self, timeout: float) -> None:
        """Stop everything, after ``timeout`` seconds for what is under way.  Not in a forked process."""
        if os.getpid() == self.pid:
            self.loop.close(self._end, timeout)

    async def _end(self) -> None:
        await self.halves.close()
        if self.masker is not None:
            await self.masker.close()


def open_runtime(plan: Plan, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Runtime:
    """Load and start everything (seconds: NeMo's and Presidio's imports).

    Raises GuardlintError, and leaves nothing running, when a part cannot start.
    """
    loop = OwnedLoop()
    try:
        halves, masker = loop.submit(_open(plan, files, manifest)).result()
    except BaseException:
        loop.close()
        raise
    return Runtime(os.getpid(), loop, halves, masker, Pipeline(plan, halves, masker, loop.loop))


async def _open(
    plan: Plan, files: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> tuple[Halves, Masker | None]:
    making = asyncio.ensure_future(_masker(plan))
    try:
        halves = await open_halves(files, manifest)
    except BaseException:
        await _undo(making)
        raise
    try:
        check_plan(plan, halves, manifest)
        return halves, await making
    except BaseException:
        await halves.close()
        await _undo(making)
        raise


async def _undo(making: asyncio.Future[Masker | None]) -> None:
    making.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        masker = await making
        if masker is not None:
            await masker.close()


async def _masker(plan: Plan) -> Masker | None:
    if not plan.pii_steps():
        return None
    masker = Masker(plan)
    await masker.start()
    return masker
