"""A rail on NeMo's Colang engine as well: a guard runs it on the fast one wherever it can.

A team whose configuration the fast engine cannot serve, or that runs the rail without a guard, has the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.errors import ConfigError
from guardlint.harness.shortcuts import quiet
from guardlint.policy.rails import Rail
from guardlint.source.files import shown_path

if TYPE_CHECKING:
    from guardlint.engines import Rails

__all__ = ["ColangEngine", "claimed_fast"]


class ColangEngine:
    """The company configuration in ``folder`` on ``LLMRails``. Raises ConfigError where NeMo refuses it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        from guardlint.engines import open_rails

        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)
        # NeMo runs an `actions.py` of the working directory (``rails/llm/llmrails.py``); this one has none.
        with contextlib.chdir(folder), quiet():
            self._rails: Rails = open_rails(folder.absolute(), "llmrails")
            self._loop.run_until_complete(self._rails.start())

    def status(self, case: Mapping[str, Any]) -> str:
        """``passed``, ``modified`` or ``blocked``, or what broke. Only for cases of texts without context."""
        turns = [{"role": "user", "content": case.get("user", "Hello.")}]
        if case["direction"] == "output":
            turns.append({"role": "assistant", "content": case["reply"]})
        with quiet():
            found = self._loop.run_until_complete(self._rails.check(case["direction"], turns))
        return f"{found.status}, as something broke" if found.error else found.status


def claimed_fast(rail: Rail, folder: Path) -> None:
    """Raises ConfigError where the rail claims the fast engine, and that cannot serve it."""
    from guardlint.engines import choose

    if "iorails" in rail.engines:
        choice = choose(folder.absolute())
        if choice.engine != "iorails":
            raise ConfigError(
                f"{rail.label} claims NeMo's fast engine, which cannot serve it: {choice.reason}",
                place=shown_path(rail.folder / "rail.yml"),
                help="write 'engines: [llmrails]'",
            )
