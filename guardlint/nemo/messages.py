"""The messages that one Colang 1.0 file defines: in blocks of their own, and inside flows.

``bot greet "Hello"`` in a flow defines the message as well as saying it. All texts of one name in one file
are added up in the order in which they stand (``v1_0/lang/colang_parser.py`` of 0.24.1). Of a file that it
cannot read NeMo keeps nothing; what can be seen of its definitions is given then.
"""

from __future__ import annotations

from typing import Literal

from guardlint.source.colang import ColangFile, Message
from guardlint.source.record import replace

__all__ = ["messages_of"]


def messages_of(file: ColangFile, kind: Literal["user", "bot"]) -> dict[str, Message]:
    """By name; of a message in several places the first place."""
    if not file.problems:
        return {message.name: message for message in file.said if message.kind == kind}
    found: dict[str, Message] = {}
    for message in file.messages:
        if message.kind == kind:
            first = found.get(message.name)
            texts = tuple(text.strip() for text in message.texts)
            found[message.name] = replace(first or message, texts=(*(first.texts if first else ()), *texts))
    return found
