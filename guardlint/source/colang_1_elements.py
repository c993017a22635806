"""What NeMo makes of the statements of a Colang 1.0 flow, as far as it can fail.

After reading a file NeMo turns every statement into an element of its flow: parameters must be values,
labels unique, and jumps have a label to go to (``nemoguardrails/colang/v1_0/lang/coyml_parser.py``).
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterator
from typing import Any

from guardlint.source.colang_1_lines import Unreadable, split_words

__all__ = ["check_elements"]

_WITHOUT_PARAMETERS = ("set", "if", "while")
_KNOWN = frozenset(
    "user intent you UtteranceUserActionFinished StartUtteranceBotAction bot utter ask bot_ask run action "
    "execute check pass continue stop abort break return if while set checkpoint label goto meta event flow "
    "call activate infer add new post any or".split()
)
_CLOSES = {"[": "]", "(": ")", "{": "}", "'": "'", '"': '"'}


def check_elements(items: list[Any], enter: Callable[[Any], None]) -> None:
    """Raise where NeMo would; ``enter`` is told each statement before it is looked at."""
    labels: set[str] = set()
    gotos: list[tuple[Any, str]] = []
    for item, kind, value in _elements(items, enter):
        if kind == "label":
            enter(item)
            if value in labels:
                raise Unreadable(f"the label `{value}` stands in the flow twice")
            labels.add(value)
        elif kind == "goto":
            gotos.append((item, value))
    for item, label in gotos:
        if label not in labels:
            enter(item)
            raise Unreadable(f"the flow has no label `{label}` to go to")


def _elements(items: list[Any], enter: Callable[[Any], None]) -> Iterator[tuple[Any, str, Any]]:
    for item in items:
        if isinstance(item, list):
            yield from _elements(item, enter)
            continue
        enter(item)
        if "_type" in item:
            # Written by the team as a parameter: NeMo takes the statement for an element as it is.
            continue
        kind, value = _element(item)
        if kind == "if":
            yield from _elements(item["then"], enter)
            yield from _elements(item.get("else", []), enter)
        elif kind == "while":
            yield from _elements(item["do"], enter)
        else:
            yield item, kind, value


def _element(item: dict[Any, Any]) -> tuple[str, Any]:
    """The statement's kind and value; raises where a parameter is no value."""
    for key in list(item):
        if key[0] == ":":
            item["_" + key[1:]] = item.pop(key)
    kind = list(item)[0]  # noqa: RUF015 - an empty one is to fail as in NeMo
    value = item[kind]
    inline: dict[Any, Any] = {}
    if kind not in _WITHOUT_PARAMETERS:
        if isinstance(value, str):
            value = _inline(value, inline)
        elif isinstance(value, list):
            value = [_inline(part, inline) if isinstance(part, str) else part for part in value]
    if kind not in _KNOWN:
        raise Unreadable(f"`{kind}` cannot stand here")
    if kind in ("any", "or"):
        for part in value:
            _element(part)
    elif kind in ("infer", "add", "new", "post"):
        _element(value[0] if isinstance(value, list) else value)
    else:
        _parameters(kind, value, {key: part for key, part in item.items() if key != kind}, inline)
    return ("label" if kind == "checkpoint" else kind), value


def _parameters(kind: str, value: Any, others: dict[Any, Any], inline: dict[Any, Any]) -> None:
    if kind in ("user", "intent", "you", "bot", "utter", "ask", "bot_ask", "event"):
        _values(others)
        if kind in ("user", "intent", "you") and not all(isinstance(key, str) and key for key in inline):
            raise Unreadable("a parameter has no name")
    elif kind in ("run", "action", "execute"):
        if "=" in value and not value.partition("=")[0].strip():
            raise Unreadable("a name must stand before `=`")
        _values(others)
    elif kind in ("flow", "call", "activate"):
        others.pop("_return_vars", None)
        _values(others)
        _values({key: key if part is _EXISTS else part for key, part in inline.items()})
    elif kind == "set":
        name, sign, _ = value.partition("=")
        if not sign or not name.strip():
            raise Unreadable("`set` needs a variable, `=` and a value")


_EXISTS = "<<IS NOT NONE>>"


def _inline(value: str, parameters: dict[Any, Any]) -> str:
    """The name before the bracket; the parameters in it go into ``parameters``."""
    if "(" not in value:
        return value
    name, _, rest = value.partition("(")
    rest = rest.strip()
    if rest[-1:] != ")":
        raise Unreadable("the bracket `(` is not closed at the end of the statement")
    for pair in _arguments(rest[:-1]):
        if not pair:
            continue
        parts = split_words(pair, "=")
        if len(parts) > 2:
            raise Unreadable(f"`{pair}` has more than one `=`")
        if len(parts) == 2:
            parameters[parts[0]] = _value(parts[1])
        else:
            # A value that cannot be a key fails in NeMo as it does here.
            parameters[_value(pair)] = _EXISTS
    return name.strip()


def _arguments(text: str) -> list[str]:
    parts: list[str] = []
    stack: list[str] = []
    current = ""
    for character in text:
        if character in "([{" or (character in "\"'" and (not stack or stack[-1] != character)):
            stack.append(character)
        elif character in ")]}\"'":
            if not stack or character != _CLOSES[stack[-1]]:
                raise Unreadable(f"`{character}` closes nothing in `({text})`")
            stack.pop()
        elif character == "," and not stack:
            parts.append(current.strip())
            current = ""
            continue
        current += character
    return [*parts, current.strip()]


def _values(parameters: dict[Any, Any]) -> None:
    for value in parameters.values():
        _value(value)


def _value(value: Any) -> Any:
    if not isinstance(value, str) or re.match(r"\$[a-zA-Z_]", value):
        return value
    try:
        return literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unreadable(f"`{value}` is no value; a text needs quotes") from None
