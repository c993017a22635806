"""The messages that one Colang 1.0 file defines: in blocks of their own, and inside flows.

``bot greet "Hello"`` in a flow defines the message as well as saying it. All texts of one name in one file
are added up in the order in which they stand; NeMo trims each (``v1_0/lang/colang_parser.py`` of 0.24.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from guardlint.source.colang import ColangFile, Flow, Message

__all__ = ["messages_of"]

_INLINE = re.compile(r"""(?P<name>[^"'\s$][^"$]*?)\s*(?:"(?P<text>.*)")?$""", re.DOTALL)


def messages_of(file: ColangFile, kind: Literal["user", "bot"]) -> dict[str, Message]:
    """By name; of a message in several places the first place."""
    found: dict[str, Message] = {}
    listed = [message for message in file.messages if message.kind == kind]
    if kind == "bot" and file.version == "1.0":
        listed += [message for flow in file.flows for message in _inline(flow)]
    for message in sorted(listed, key=lambda message: message.place.line):
        first = found.get(message.name)
        texts = tuple(text.strip() for text in message.texts)
        found[message.name] = replace(first or message, texts=(*(first.texts if first else ()), *texts))
    return found


def _inline(flow: Flow) -> Iterator[Message]:
    """``bot name "text"``, and texts on lines of their own below ``bot name``."""
    name: str | None = None
    for statement in flow.statements:
        if statement.kind == "bot":
            said = _INLINE.match(statement.expression)
            name = said["name"] if said else None
            if said and said["text"] is not None:
                yield Message("bot", said["name"], (said["text"],), statement.place)
        elif statement.kind == "other" and name and re.fullmatch(r'"[^"]*"', statement.text):
            yield Message("bot", name, (statement.text.strip('"'),), statement.place)
        else:
            name = None
