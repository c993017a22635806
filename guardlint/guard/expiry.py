"""When a bundle has expired while a process goes on with it.

A bundle expires on the day that the company said, and no later than the first waiver without which it would
not have been compiled.  A process that was started before must not enforce it for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any

__all__ = ["Expiry"]


class Expiry:
    """``end`` is when the bundle of ``manifest`` expires; None for never.

    ``now`` is the time by which it was verified, by default the clock's; it goes on from there.
    """

    __slots__ = ("_ahead", "_end", "end")

    def __init__(self, manifest: Mapping[str, Any], now: datetime | None = None) -> None:
        stated = manifest.get("expires")
        self.end: datetime | None = datetime.fromisoformat(stated) if isinstance(stated, str) else None
        self._end = None if self.end is None else self.end.timestamp()
        self._ahead = 0.0 if now is None else now.timestamp() - time()

    @property
    def over(self) -> bool:
        """Whether it has expired."""
        return self._end is not None and time() + self._ahead >= self._end
