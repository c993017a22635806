"""A host's messages and retrieved texts: read for the guard, and given back in the shape they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guardlint.errors import UsageError
from guardlint.guard.messages import Message, as_messages, replace_texts, text_slots
from guardlint.guard.shapes import as_plain, with_changes

__all__ = ["Context", "Conversation"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a call: ``given`` as the host has them, ``messages`` as the guard reads them."""

    given: Any = field(repr=False)
    messages: tuple[Message, ...] = field(repr=False)

    @classmethod
    def of(cls, given: Any) -> Conversation:
        """Read messages.  Raises UsageError, see :func:`guardlint.guard.messages.as_messages`."""
        return cls(given, tuple(as_messages(given)))

    def give(self, messages: Sequence[Message]) -> Any:
        """``messages``, those of this conversation after the input steps, in the host's shape."""
        if isinstance(self.given, str):
            return messages[0]["content"]
        back = [_like(given, message) for given, message in zip(self.given, messages, strict=True)]
        return tuple(back) if isinstance(self.given, tuple) else back

    def newest(self, messages: Sequence[Message]) -> list[Message]:
        """Those that a history may keep: all."""
        return list(messages)


def _like(given: Any, message: Message) -> Any:
    if type(given) is dict and len(given) == 2 and isinstance(given.get("content"), str):
        return dict(message)
    if not isinstance(given, Mapping):
        message = _with_role_of(as_plain(given), message)
        return with_changes(given, message)
    back = with_changes(given, _with_role_of(given, message))
    # A copy in any case: what the model's function does to its messages is not done to the host's.
    return dict(given) if back is given and isinstance(given, dict) else back


def _with_role_of(given: Mapping[str, Any], message: Message) -> Message:
    """Without the role that was read from the type, and with one that is None as it was."""
    role = given.get("role")
    if isinstance(role, str):
        return message
    rest = {name: value for name, value in message.items() if name != "role"}
    return {**rest, "role": role} if "role" in given else rest


@dataclass(frozen=True, slots=True)
class Context:
    """Retrieved texts that a model is to answer from: ``texts`` are all the texts in what was ``given``.

    That may be a text, a list of texts, of dictionaries or of documents, or a dictionary of such lists
    (``{"relevant_chunks": [...]}``).
    """

    given: Any = field(repr=False)
    message: Message = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, given: Any) -> Context:
        """Read a context; None is an empty one.  Raises UsageError for what cannot be read."""
        if given is None:
            return _NONE
        if not isinstance(given, str | Mapping | list | tuple):
            raise UsageError(
                f"a context must be a text, a list or a dictionary, not {type(given).__name__}",
                help='hand over the retrieved texts, or {"relevant_chunks": [...]}',
            )
        message = {"role": "tool", "content": as_plain(given)}
        return cls(given, message, tuple(slot.text for slot in text_slots(message)))

    def give(self, texts: Sequence[str]) -> Any:
        """``texts`` in place of those that were read, in the host's shape."""
        slots = text_slots(self.message)
        places = {slot.path: text for slot, text in zip(slots, texts, strict=True) if slot.text != text}
        if not places:
            return self.given
        return with_changes(self.given, replace_texts(self.message, places)["content"])


_NONE = Context(None, {"role": "tool", "content": None}, ())
