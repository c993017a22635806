"""A streamed reply once it is whole: the messages that its texts make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guardlint.guard.messages import Message
from guardlint.guard.streaming.pieces import Key
from guardlint.guard.tools import call_message

__all__ = ["calls_in", "message_of"]

_Texts = Mapping[Key, Sequence[str]]


def message_of(said: _Texts) -> Message:
    """All texts of a reply, each in the parts in which it came."""
    texts = ["".join(parts) for parts in said.values()]
    if len(said) == 1 and {path for _, path in said} <= {(), ("content",)}:
        return {"role": "assistant", "content": texts[0]}
    return {"role": "assistant", "items": texts}


def calls_in(said: _Texts, names: Mapping[Key, str]) -> list[Message]:
    """The calls of tools: ``names`` of the tools, and the texts that stand beside them."""
    texts = {(choice, path[:-1]): "".join(parts) for (choice, path), parts in said.items() if path}
    return [call_message(name, texts.get(key, "")) for key, name in names.items()]
