"""The texts that user and bot say in Colang 1.0, which NeMo reads a second time as Markdown.

What stands in the list is one line each; a mapping instead of texts is taken for YAML
(``nemoguardrails/colang/v1_0/lang/comd_parser.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from guardlint.source.colang_1_lines import Unreadable
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["SaidText", "read_examples"]

# user or bot, the message's name, the text, and what the caller gave with the line.
SaidText = tuple[Literal["user", "bot"], str, str, Any]

_LINK = lazy_pattern(r"\[(.*?)\]\((.*?)\)")
_CODE = lazy_pattern(r"`(.*?)`")
_KINDS = ("intent", "object", "type", "property", "utterance", "sym", "lookup")


def read_examples(lines: list[tuple[str, Any]], enter: Callable[[Any], None]) -> list[SaidText]:
    """The texts in their order; raises where NeMo would, after ``enter`` was told of the line."""
    found: list[SaidText] = []
    if not lines:
        return found
    flat = [(part, at) for text, at in lines for part in text.split("\n")]
    _language(flat, enter)
    symbol: str | None = None
    kind = "intent"
    position = 0
    while position < len(flat):
        text, at = flat[position][0].strip(), flat[position][1]
        position += 1
        enter(at)
        if not text:
            continue
        if text[0] == "-" and symbol is not None:
            found += _said(symbol, kind, text[1:].strip(), at)
            continue
        if text == "### IGNORE BELOW ###":
            return found
        symbol, kind = _heading(text, symbol, kind)
        if text.startswith(">") and not text.startswith(">   "):
            symbol = text[1:].strip()
            if not symbol:
                raise Unreadable("`>` must be followed by a name")
            symbol = symbol.partition("(")[0]
            kind = _kind(symbol) or kind
        elif text.startswith(">   ") and ":" not in text:
            raise Unreadable("a parameter needs a name and a type")
        elif text.startswith(("-", "*")):
            if symbol is None:
                raise Unreadable("a text stands before the first definition")
            found += _said(symbol, kind, text[1:].strip(), at)
        elif text.startswith("```"):
            position, data = _block(flat, position, symbol, kind)
            if symbol:
                found += _said(symbol, kind, data, at)
    return found


def _heading(text: str, symbol: str | None, kind: str) -> tuple[str | None, str]:
    """What is being defined, and its kind, after a line that may be a heading."""
    if text.startswith("##") and not text.startswith("###"):
        symbol = text[2:].strip()
        return symbol, _kind(symbol) or kind
    if text.startswith("#") and not text.startswith("##"):
        name = text[1:].lower().strip()
        for start, meant in (("intent", "intent"), ("object", "object"), ("utterance", "utterance"),
                             ("propert", "property"), ("type", "type")):  # fmt: skip
            if name.startswith(start):
                return symbol, meant
    return symbol, kind


def _said(symbol: str, kind: str, text: str, at: Any) -> list[SaidText]:
    """What NeMo keeps: examples of intents, and what the bot says; a text in backquotes is a variable."""
    for value, parameter in _LINK.findall(text) if "](" in text else ():
        text = text.replace(f"[{value}]({parameter})", "{" + parameter + "}")
    name = symbol if _kind(symbol) else f"{kind}:{symbol}"
    if kind == "utterance":
        for variable in _CODE.findall(text) if "`" in text else ():
            text = text.replace(f"`{variable}`", f"${variable}")
        return [("bot", name.partition(":")[2], text, at)]
    return [("user", name[7:].replace("|", " "), text, at)] if name.startswith("intent:") else []


def _kind(symbol: str) -> str | None:
    return next((kind for kind in _KINDS if symbol.startswith(f"{kind}:")), None)


def _language(flat: list[tuple[str, Any]], enter: Callable[[Any], None]) -> None:
    """NeMo looks into the first block for a language, and needs a mapping or a text there."""
    block: list[str] = []
    inside = False
    for text, at in flat:
        if not text.strip():
            continue
        if text.startswith("```yaml"):
            inside = True
        elif text.endswith("```"):
            enter(at)
            if isinstance(_yaml(block), int | float | None):
                raise Unreadable("the lines are neither texts nor keys and values")
            return
        elif inside:
            block.append(text)


def _block(flat: list[tuple[str, Any]], position: int, symbol: str | None, kind: str) -> tuple[int, str]:
    block: list[str] = []
    while position < len(flat) and not flat[position][0].startswith("```"):
        block.append(flat[position][0])
        position += 1
    if position == len(flat):
        raise Unreadable("keys and values cannot stand among the texts")
    data = _yaml(block)
    if symbol and (kind != "utterance" or not isinstance(data, str)):
        raise Unreadable("keys and values cannot stand among the texts")
    # One line more than the end of the block is passed over.
    return position + 2, str(data)


def _yaml(lines: list[str]) -> Any:
    from guardlint.source.pyyaml import yaml
    from guardlint.source.yaml_plain import load_plain

    try:
        return load_plain("\n".join(lines))
    except yaml.YAMLError:
        raise Unreadable("the lines are neither texts nor valid YAML") from None
