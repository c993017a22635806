"""How many calls a guard has seen, and how they ended."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from guardlint.engines import Status

__all__ = ["Counts"]


class Counts:
    """Safe between threads; a forked process begins anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    def add(self, status: Status, *, error: bool, degraded: bool) -> None:
        """Count one call."""
        with self._lock:
            self._seen["calls"] += 1
            self._seen[status] += 1
            if error:
                self._seen["error"] += 1
            if degraded:
                self._seen["degraded"] += 1

    def now(self) -> Mapping[str, int]:
        """``calls``, by verdict, and how many of them with ``error`` and ``degraded``."""
        with self._lock:
            names = ("calls", "passed", "modified", "blocked", "error", "degraded")
            return MappingProxyType({name: self._seen[name] for name in names})
