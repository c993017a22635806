"""Small YAML texts as ``yaml.safe_load`` reads them, with the C loader where the two cannot differ."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_loader import load

__all__ = ["load_plain"]

# With one of these the loaders may disagree, or what is read can have parts in common.
_SIGNS = frozenset("\t\r?!|>&*<%@`\0\x7f")
_BRACKETS = frozenset("[]{}")


def load_plain(text: str) -> Any:
    """What ``yaml.safe_load`` gives; it raises what that raises."""
    if text.isascii() and _SIGNS.isdisjoint(text):
        try:
            if "\n" in text or not _BRACKETS.isdisjoint(text) or text.startswith("-"):
                return load(text)
            found = _line(text)
            return dict(found) if isinstance(found, dict) else found
        except yaml.YAMLError:
            pass  # the Python loader says what is wrong
    return yaml.safe_load(text)


@lru_cache(maxsize=512)
def _line(text: str) -> Any:
    """One line that can hold no more than a key and a value: the same few stand in every flow."""
    return load(text)
