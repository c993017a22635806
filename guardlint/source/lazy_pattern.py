"""Regular expressions that are compiled when they are first used.

Most of a check's start would go into compiling patterns that nothing in the files asks for.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr

__all__ = ["lazy_pattern"]


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile(source, flags)``, at the first use. A pattern that is none raises then, not now."""
    pattern: Any = _LazyPattern(source, flags)
    return pattern  # type: ignore[no-any-return]


class _LazyPattern:
    """Stands for a compiled pattern; each method that was asked for once is kept beside it."""

    def __init__(self, source: Any, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self._source, self._flags)
        found = getattr(compiled, name)
        self.__dict__[name] = found
        return found
