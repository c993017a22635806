"""Regular expressions that are compiled when they are first used.

Most of a check's start would go into compiling patterns that nothing in the files asks for.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr

__all__ = ["lazy_pattern"]


def lazy_pattern(source: AnyStr, flags: int = 0, *, needs: tuple[AnyStr, ...] = ()) -> re.Pattern[AnyStr]:
    """``re.compile(source, flags)``, at the first use. A pattern that is none raises then, not now.

    ``needs``: texts one of which is in everything that the pattern finds. In a text without them nothing is
    looked for, and where that is so for every text of a run, the pattern is never compiled.
    """
    pattern: Any = _NeedyPattern(source, flags, needs) if needs else _LazyPattern(source, flags)
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


class _NeedyPattern:
    """The same for one of which a look at a text tells that it finds nothing there."""

    __slots__ = ("_compiled", "_needs")

    def __init__(self, source: Any, flags: int, needs: tuple[Any, ...]) -> None:
        self._compiled = _LazyPattern(source, flags)
        self._needs = needs

    def _may(self, text: Any) -> bool:
        for part in self._needs:  # noqa: SIM110 - a generator would take longer than what it asks
            if part in text:
                return True
        return False

    def search(self, text: Any, *span: int) -> Any:
        return self._compiled.search(text, *span) if self._may(text) else None

    def match(self, text: Any, *span: int) -> Any:
        return self._compiled.match(text, *span) if self._may(text) else None

    def fullmatch(self, text: Any, *span: int) -> Any:
        return self._compiled.fullmatch(text, *span) if self._may(text) else None

    def finditer(self, text: Any) -> Any:
        return self._compiled.finditer(text) if self._may(text) else iter(())

    def findall(self, text: Any) -> Any:
        return self._compiled.findall(text) if self._may(text) else []

    def sub(self, written: Any, text: Any) -> Any:
        return self._compiled.sub(written, text) if self._may(text) else text
