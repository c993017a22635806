"""Values of a shape that NeMo's models refuse, found with the catalogue's key table.

The conversions are pydantic's lax ones: ``"yes"`` is a boolean, ``"3"`` a number, 3 is no string.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.source.yaml_file import DataPath

__all__ = ["wrong_shapes"]

_BOOL_WORDS = frozenset({"0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"})
_WORDS = {
    "mapping": "a mapping",
    "list": "a list",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
}


def wrong_shapes(data: Any, node: dict[str, Any], path: DataPath = ()) -> Iterator[tuple[DataPath, str]]:
    """Pairs of path and what NeMo expects there; parts that NeMo ignores are not looked at."""
    if node.get("dropped"):
        return
    if data is None:
        if not node.get("nullable", False) and node.get("type") != "any":
            yield path, _expected(node)
        return
    kind = node.get("type", "any")
    if kind == "mapping":
        if not isinstance(data, dict):
            yield path, _expected(node)
            return
        keys = node.get("keys", {})
        for name, value in data.items():
            inner = keys.get(name) or node.get("entries")
            if inner is not None:
                yield from wrong_shapes(value, inner, (*path, name))
    elif kind == "list":
        if not isinstance(data, list):
            yield path, _expected(node)
            return
        items = node.get("items") or {"type": "any"}
        for index, value in enumerate(data):
            yield from wrong_shapes(value, items, (*path, index))
    elif kind == "scalar" and not _fits(data, node):
        yield path, _expected(node)


def _expected(node: dict[str, Any]) -> str:
    if node.get("values"):
        return "one of " + ", ".join(str(value) for value in node["values"])
    if node.get("type") == "scalar":
        return _WORDS.get(str(node.get("scalar")), "a value")
    return _WORDS.get(str(node.get("type")), "a value")


def _fits(value: Any, node: dict[str, Any]) -> bool:
    allowed = node.get("values")
    if allowed:
        return value in allowed
    kind = node.get("scalar")
    if isinstance(value, dict | list):
        return False
    if kind == "str":
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool) or value in (0, 1) or str(value).strip().lower() in _BOOL_WORDS
    if kind in ("int", "float"):
        return _number(value, kind)
    return True


def _number(value: Any, kind: str) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return kind == "float" or number.is_integer()
