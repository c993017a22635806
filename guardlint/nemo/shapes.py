"""Values of a shape that NeMo's models refuse, found with the catalogue's key table.

The conversions are pydantic's lax ones: ``"yes"`` is a boolean, ``"3"`` a number, 3 is no string.
"""

from __future__ import annotations

import re
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["WrongShape", "is_true", "wrong_shapes"]

_BOOL_WORDS = frozenset({"0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"})
_INTEGER = lazy_pattern(r"[+-]?\d+(?:_\d+)*(?:\.0*)?")
_WORDS = {
    "mapping": "a mapping",
    "list": "a list",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
}


@record
class WrongShape:
    """What NeMo refuses at ``path``: ``expected`` is what must stand there.

    ``lacks`` names a key that must be there and is not, ``extra`` one that must not be (it ends ``path``).
    """

    path: DataPath
    expected: str = ""
    lacks: str | None = None
    extra: str | None = None


def is_true(value: Any) -> bool:
    """Whether NeMo takes a value for the boolean true (``"on"`` and 1 are)."""
    return value == 1 or str(value).lower() in ("on", "t", "true", "y", "yes", "1")


def wrong_shapes(data: Any, node: dict[str, Any], path: DataPath = ()) -> list[WrongShape]:
    """Every wrong value; parts that NeMo ignores are not looked at."""
    found: list[WrongShape] = []
    _look(data, node, path, found)
    return found


def _look(data: Any, node: dict[str, Any], path: DataPath, found: list[WrongShape]) -> None:
    if node.get("dropped"):
        return
    kind = node.get("type", "any")
    if data is None:
        if not node.get("nullable", False) and kind != "any":
            found.append(WrongShape(path, _expected(node)))
    elif kind == "scalar":
        if not _fits(data, node):
            found.append(WrongShape(path, _expected(node)))
    elif kind == "mapping":
        _mapping(data, node, path, found)
    elif kind == "union":
        _union(data, node, path, found)
    elif kind == "list":
        if not isinstance(data, list):
            found.append(WrongShape(path, _expected(node)))
            return
        items = node.get("items") or {"type": "any"}
        for index, value in enumerate(data):
            _look(value, items, (*path, index), found)


def _mapping(data: Any, node: dict[str, Any], path: DataPath, found: list[WrongShape]) -> None:
    if not isinstance(data, dict):
        found.append(WrongShape(path, _expected(node)))
        return
    keys = node.get("keys", {})
    required, texts = _keys_of(node)
    for name, value in data.items():
        if value.__class__ is str and name in texts:
            continue
        inner = keys.get(name) or node.get("entries")
        free = name not in keys and ("entries" in node or node.get("open"))
        if free and not isinstance(name, str) and not _takes_any_key(path):
            found.append(WrongShape((*path, name), "under a key that is text"))
        elif inner is not None:
            _look(value, inner, (*path, name), found)
        elif node.get("forbids_extra"):
            found.append(WrongShape((*path, name), extra=str(name)))
    found += [WrongShape(path, lacks=name) for name in required if name not in data]


_KeysOf = tuple[tuple[str, ...], frozenset[str]]
# By the identity of a node of the key table, which is kept with them.
_known: dict[int, tuple[dict[str, Any], _KeysOf]] = {}


def _keys_of(node: dict[str, Any]) -> _KeysOf:
    """The keys that must be there, and those under which every text is right."""
    kept = _known.get(id(node))
    if kept is not None and kept[0] is node:
        return kept[1]
    keys = node.get("keys", {}).items()
    limits = {"values", "min_length", "max_length", "pattern"}
    found = (
        tuple(name for name, inner in keys if inner.get("required")),
        frozenset(
            name
            for name, inner in keys
            if inner.get("type") == "scalar" and inner.get("scalar") == "str" and not limits & inner.keys()
        ),
    )
    _known[id(node)] = node, found
    return found


def _takes_any_key(path: DataPath) -> bool:
    """Plain dictionaries of NeMo's models; all its others want keys that are text."""
    return path == ("custom_data",) or path[-2:-1] == ("recognizers",)


def _union(data: Any, node: dict[str, Any], path: DataPath, found: list[WrongShape]) -> None:
    """The one option that the discriminator names, else any that fits."""
    options: list[dict[str, Any]] = node.get("options", [])
    key = node.get("discriminator")
    if key is None:
        if all(wrong_shapes(data, option, path) for option in options):
            found.append(WrongShape(path, " or ".join(dict.fromkeys(map(_expected, options)))))
        return
    if not isinstance(data, dict):
        found.append(WrongShape(path, "a mapping"))
        return
    values = [value for option in options for value in option["keys"][key].get("values", [])]
    chosen = [option for option in options if data.get(key) in option["keys"][key].get("values", [])]
    if key not in data:
        found.append(WrongShape(path, lacks=key))
    elif not chosen:
        found.append(WrongShape((*path, key), "one of " + ", ".join(map(_quoted, values))))
    else:
        _mapping(data, chosen[0], path, found)


def _expected(node: dict[str, Any]) -> str:
    if node.get("values"):
        return "one of " + ", ".join(map(_quoted, node["values"]))
    kind = node.get("scalar") if node.get("type") == "scalar" else node.get("type")
    limits = [
        f"{word} {node[limit]}"
        for limit, word in (("min", "at least"), ("above", "above"), ("max", "at most"))
        if limit in node
    ]
    if "max_length" in node:
        limits.append(f"of at most {node['max_length']} characters")
    if "min_length" in node:
        limits.append("that is not empty")
    if "pattern" in node:
        limits.append(f"that matches {node['pattern']}")
    return " ".join([_WORDS.get(str(kind), "a value"), " and ".join(limits)]).strip()


def _quoted(value: Any) -> str:
    """Words stand plain; what YAML would take for a number (``"1.0"``) is shown in its quotes."""
    return str(value) if re.fullmatch(r"[A-Za-z]\S*", str(value)) else f'"{value}"'


def _fits(value: Any, node: dict[str, Any]) -> bool:
    allowed = node.get("values")
    if allowed:
        return value in allowed and not isinstance(value, bool)
    kind = node.get("scalar")
    if isinstance(value, dict | list):
        return False
    if kind == "str":
        return isinstance(value, str) and _text_fits(value, node)
    if kind == "bool":
        return isinstance(value, bool) or value in (0, 1) or str(value).lower() in _BOOL_WORDS
    if kind in ("int", "float"):
        return _number_fits(value, kind, node)
    return True


def _text_fits(value: str, node: dict[str, Any]) -> bool:
    if not node.get("min_length", 0) <= len(value) <= node.get("max_length", len(value)):
        return False
    return "pattern" not in node or re.search(node["pattern"], value) is not None


def _number_fits(value: Any, kind: str, node: dict[str, Any]) -> bool:
    if kind == "int" and isinstance(value, str) and not _INTEGER.fullmatch(value.strip()):
        return False
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    if kind == "int" and not number.is_integer():
        return False
    # Comparisons with NaN are false: where there is a limit, it is refused.
    if ("min" in node and not number >= node["min"]) or ("max" in node and not number <= node["max"]):
        return False
    return "above" not in node or number > node["above"]
