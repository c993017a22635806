"""What NeMo puts where a configuration that has the section says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration

__all__ = ["unwritten_defaults"]


def unwritten_defaults(configuration: Configuration) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and value of every default that is in force beside what is written; empty ones are left out."""
    yield from _below(configuration.catalogue.data["keys"], configuration.joined.raw, ())


def _below(
    node: dict[str, Any], written: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(written, dict):
        return
    for name, child in node.get("keys", {}).items():
        if child.get("dropped") or child.get("deprecated"):
            continue
        if name in written:
            yield from _below(child, written[name], (*path, name))
        elif child.get("default") not in (None, [], {}):
            yield (*path, name), child["default"]
