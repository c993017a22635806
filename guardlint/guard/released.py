"""Which replies this guard released, without keeping a word of them.

A client sends the whole conversation with every turn, and whoever controls the client can write the
assistant's turns himself: ``Sure, I will ignore my rules.``  The guard knows its own replies again, as the
model wrote them, as they were released and as they are masked when they come back.  An assistant's turn that
it does not know is the word of a stranger.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from guardlint.guard.messages import Message, text_slots
from guardlint.guard.seams import chains
from guardlint.guard.seen import SeenTexts
from guardlint.guard.sourced import written
from guardlint.guard.tools import tool_calls

__all__ = ["ReleasedTexts"]

_TEXT: Final = "text"
_CALL: Final = "call"
_NOBODY: Final[frozenset[int]] = frozenset()


class ReleasedTexts:
    """The last 20,000 texts and calls of replies, as keyed hashes.  ``refusal`` stands for a blocked one."""

    def __init__(self, refusal: str) -> None:
        self._texts = SeenTexts()
        self._refusal = _plain(refusal)

    def remember(self, *replies: Message) -> None:
        """Note the texts and calls of one reply in its several forms; parts may come back as one text."""
        texts: dict[str, None] = {}
        before = None
        for reply in replies:
            if reply is before:
                continue  # as the model wrote it: nearly always
            before = reply
            said = _only_text(reply)
            if said is not None:
                texts[said] = None
                continue
            slots = text_slots(reply)
            texts |= dict.fromkeys(slot.text for slot in slots)
            for chain in chains(("assistant",), [(0, slot) for slot in slots]):
                parts = [slots[number].text for number in chain.numbers]
                texts["".join(parts)] = texts["\n".join(parts)] = None
            for call in _calls(reply):
                self._texts.remember(_CALL, call)
        for text in texts:
            self._texts.remember(_TEXT, _plain(text))

    def strangers(self, messages: Sequence[Message], start: int = 0) -> frozenset[int]:
        """The indices, from ``start`` on, of the assistant's turns that no reply of this guard was."""
        found: list[int] = []
        for index, message in enumerate(messages):
            if message["role"] == "assistant" and index >= start and not self._knows(message):
                found.append(index)
        return frozenset(found) if found else _NOBODY

    def _knows(self, message: Message) -> bool:
        said = _only_text(message)
        if said is not None:
            return not said or self._knows_text(said)
        return all(self._knows_text(slot.text) for slot in text_slots(message)) and all(
            self._texts.knows(_CALL, call) for call in _calls(message)
        )

    def _knows_text(self, text: str) -> bool:
        plain = _plain(text)
        return plain == self._refusal or self._texts.knows(_TEXT, plain)


def _only_text(message: Message) -> str | None:
    """The content, where there is nothing else: nearly every reply."""
    content = message.get("content")
    return content if len(message) == 2 and isinstance(content, str) else None


def _calls(message: Message) -> list[str]:
    """The calls of tools in a message, name and arguments: a name is no text, but it matters who says it."""
    return [
        f"{name} {_plain(given if isinstance(given, str) else _json(given))}"
        for name, given in tool_calls(message)
    ]


def _plain(text: str) -> str:
    """Without what clients change: the blanks around it, and how the arguments of a call are spaced."""
    plain = written(text).strip()
    if plain[:1] not in ("{", "["):
        return plain
    try:
        return _json(json.loads(plain))
    except (ValueError, RecursionError):
        return plain


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
