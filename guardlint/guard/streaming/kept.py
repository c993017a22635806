"""What a conversation keeps of a streamed reply: the message that its pieces make, as the model wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from guardlint.guard.messages import Message
from guardlint.guard.replies import kept_fields
from guardlint.guard.shapes import as_plain
from guardlint.guard.streaming.pieces import Key

__all__ = ["Kept"]

_TEXTS: Final = ((), ("content",), ("text",), ("delta",), ("delta", "text"))
"""Where the text of a reply is, in the pieces of one provider or another."""
_ENVELOPE: Final = frozenset({"role", "type", "index"})


class Kept:
    """The released texts of a stream, before their values are put back, and what stands beside them."""

    __slots__ = ("_beside", "_texts")

    def __init__(self) -> None:
        self._texts: dict[Key, list[str]] = {}
        # Of each choice a tree; lists are dictionaries with numbers for keys.
        self._beside: dict[int, dict[str | int, Any]] = {}

    def add(self, key: Key, text: str) -> None:
        """More of one text."""
        self._texts.setdefault(key, []).append(text)

    def note(self, rest: Any) -> None:
        """What a piece says beside its texts: names and ids of the tools that it calls, for example."""
        if rest is None:
            return
        data = as_plain(rest)
        choices = data.get("choices")
        if not isinstance(choices, list):
            _note(self._beside.setdefault(0, {}), (), data)
            return
        for position, choice in enumerate(choices):
            index = choice.get("index")
            number = index if type(index) is int else position
            _note(self._beside.setdefault(number, {}), (), choice.get("delta") or {})

    def messages(self) -> list[Message]:
        """The first choice as messages that a history may hold."""
        first = min({*self._beside, *(choice for choice, _ in self._texts)}, default=0)
        tree = self._beside.get(first, {})
        for (choice, path), parts in self._texts.items():
            if choice == first:
                _put(tree, path or ("content",), "".join(parts))
        message = {name: item for name, item in _plain(tree).items() if name not in _ENVELOPE}
        if not isinstance(message.get("content"), str | list):
            message = {"content": None, **message} if _is_message(message) else {"content": _text(tree)}
        return [kept_fields({**message, "role": "assistant"})]


def _note(tree: dict[str | int, Any], path: tuple[str | int, ...], value: Any) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name != "index" or not path:
                _note(tree, (*path, name), item)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            named = item.get("index") if isinstance(item, Mapping) else None
            _note(tree, (*path, named if type(named) is int else position), item)
    elif value not in (None, "") and path:
        _put(tree, path, value)


def _put(tree: dict[str | int, Any], path: tuple[str | int, ...], value: Any) -> None:
    """What is said again is known; only the name of a tool may come in parts."""
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return  # a name stands where another piece has fields
        tree = below
    before = tree.get(path[-1])
    if before is None:
        tree[path[-1]] = value
    elif path[-1] == "name" and before != value and isinstance(before, str) and isinstance(value, str):
        tree[path[-1]] = before + value


def _plain(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(isinstance(name, int) for name in tree):
        return [_plain(tree[number]) for number in sorted(tree)]
    return {str(name): _plain(item) for name, item in tree.items()}


def _is_message(fields: Mapping[str, Any]) -> bool:
    return any(fields.get(name) for name in ("tool_calls", "function_call", "refusal"))


def _text(tree: dict[str | int, Any]) -> str:
    for path in _TEXTS[1:]:
        value: Any = tree
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    return ""
