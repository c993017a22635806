"""Where the texts of one call stand next to each other, and what is to be read there and besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from guardlint.guard.messages import Message, Slot, from_outside, text_slots
from guardlint.guard.readings import other_readings
from guardlint.guard.seams import Chain, chains, context_chains, joined_texts

__all__ = ["may_meet", "meeting_texts", "neighbours", "parts_together", "reply_meeting_texts"]

_WHOLE: Final = 20_000  # characters of one message's parts that rails read from end to end

_Places = Sequence[tuple[int, Slot]]


def neighbours(messages: Sequence[Message], places: _Places, context: Sequence[str]) -> list[Chain]:
    """The chains among the texts at ``places`` of ``messages``, and of ``context``, numbered after them.

    ``places`` are those of every text: whoever speaks between two messages keeps them apart.
    """
    if not may_meet(messages) and not context:
        return []
    found = chains([message["role"] for message in messages], places)
    if context:
        last = max((index for index, message in enumerate(messages) if message["role"] == "user"), default=-1)
        asked = [
            number for number, (at, slot) in enumerate(places) if at == last and slot.path[0] == "content"
        ]
        found += context_chains(len(places), context, asked, last)
    return found


def meeting_texts(
    messages: Sequence[Message], context: Sequence[str], strangers: frozenset[int], start: int
) -> list[str]:
    """What rails of the input read where texts meet, one of them at least from outside, from ``start`` on.

    The other readings of those texts are among them.
    ``strangers`` are the assistant's turns that are from outside too.
    """
    if not may_meet(messages) and not context:
        return []
    places = [(index, slot) for index, message in enumerate(messages) for slot in text_slots(message)]
    texts = [*(slot.text for _, slot in places), *context]
    judged = {
        number
        for number, (index, _) in enumerate(places)
        if index >= start and (index in strangers or from_outside(messages[index]))
    }
    judged.update(range(len(places), len(texts)))
    found = dict.fromkeys(
        one.text
        for chain in neighbours(messages, places, context)
        if not judged.isdisjoint(chain.numbers)
        for one in joined_texts(texts, chain, _WHOLE)
        if any(piece.number in judged for piece in one.pieces)
    )
    found |= dict.fromkeys(other_readings(texts[number] for number in sorted(judged)))
    return list(found)


def reply_meeting_texts(slots: Sequence[Slot]) -> list[str]:
    """What rails of the output read where the texts of a reply meet."""
    if len(slots) < 2:
        return []
    texts = [slot.text for slot in slots]
    found = chains(("",), [(0, slot) for slot in slots])
    return list(dict.fromkeys(one.text for chain in found for one in joined_texts(texts, chain, _WHOLE)))


def parts_together(slots: Sequence[Slot]) -> list[tuple[int, ...]]:
    """The numbers of the texts of one message that are parts of one text."""
    if len(slots) < 2:
        return []
    return [chain.numbers for chain in chains(("",), [(0, slot) for slot in slots])]


def may_meet(messages: Sequence[Message]) -> bool:
    """Whether texts of these messages stand next to each other, or may be read in another way.

    Nearly always the roles take turns, and there is no escape in what they say.
    """
    before = None
    for message in messages:
        role = message["role"]
        if role == before or len(message) != 2 or type(message.get("content")) is not str:
            return True
        if "\\" in message["content"]:
            return True
        if message["content"]:
            before = role
    return False
