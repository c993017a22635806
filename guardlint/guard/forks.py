"""What has to be made anew in a forked process: a lock that another thread held at the fork stays held."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Renewable", "renew_after_fork"]


class Renewable(Protocol):
    """Has something that a fork breaks."""

    def after_fork(self) -> None:
        """Runs in the new process, before any other thread of it."""


_ALL: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.after_fork()`` in every process that is forked from this one, while anybody holds it."""
    _ALL.add(thing)


def _forked() -> None:
    for thing in list(_ALL):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
