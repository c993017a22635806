"""What ``import_paths`` and ``import`` bring in: modules of NeMo's library, or files that lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["foreign_imports", "imported_modules"]


def imported_modules(names: Iterable[str], modules: Mapping[str, Any]) -> frozenset[str]:
    """The library's modules among ``names``, with those that they import; a folder brings all below it."""
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        new = {item for item in modules if item == name or item.startswith(f"{name}.")} - found
        found |= new
        wanted.extend(inner for item in new for inner in modules[item]["imports"])
    return frozenset(found)


def foreign_imports(names: Iterable[str], modules: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that are not the library's."""
    return tuple(
        name
        for name in names
        if not name.startswith("nemoguardrails.")
        and not any(item == name or item.startswith(f"{name}.") for item in modules)
    )
