"""Chat messages: reading them, and whose word they are.

Both NeMo engines look at the last turn only and IORails lets list-form content through unread, so the guard
takes every text out itself (:mod:`guardlint.guard.walk`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from guardlint.engines import Turn
from guardlint.errors import UsageError
from guardlint.guard.identifiers import is_word
from guardlint.guard.shapes import as_plain, fields_of
from guardlint.guard.walk import Path, Slot, replace_texts, text_slots

__all__ = [
    "Message",
    "Path",
    "Slot",
    "as_messages",
    "as_turns",
    "check_names",
    "from_outside",
    "replace_texts",
    "text_slots",
]

Message = dict[str, Any]

# Who wrote them is the application or the model itself; whatever else a message may claim to be, its text
# came from outside and has to pass the input rails. An assistant's turn only counts as the model's when this
# guard released it (`released.py`). A system message always counts as the application's: its prompt quotes
# what users may not say, and nobody could tell a forged one from it.
_INSIDE: Final = frozenset({"system", "developer", "assistant"})
_NEMO_ROLES: Final = {"system": "system", "developer": "system", "assistant": "assistant", "user": "user"}
# Messages of LangChain and items of OpenAI's Responses say by their type who wrote them.
_TYPES: Final = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"} | {
    name: name for name in ("system", "developer", "tool", "function")
}
_FROM_THE_MODEL: Final = frozenset({"reasoning", "function_call", "custom_tool_call", "mcp_call"})


def as_messages(conversation: object) -> list[Message]:
    """The conversation as a list of messages; a string is one user message.

    A message is a dictionary or an object with these fields; one without a role has the one that its type
    says.  Raises UsageError for anything else; it names the position and the type, never the value.
    """
    if isinstance(conversation, str):
        return [{"role": "user", "content": conversation}]
    if not isinstance(conversation, list | Sequence) or isinstance(conversation, bytes | bytearray):
        raise UsageError(f"messages must be a string or a list, not {type(conversation).__name__}")
    return [_as_message(index, message) for index, message in enumerate(conversation)]


def _as_message(index: int, given: Any) -> Message:
    if type(given) is dict and len(given) == 2:  # role and content: nearly every message
        role, content = given.get("role"), given.get("content")
        if isinstance(role, str) and isinstance(content, str) and role in _NEMO_ROLES:
            return dict(given)
    if not isinstance(given, Mapping) and fields_of(given) is None:
        raise UsageError(f"messages[{index}] must be a dictionary or a message, not {type(given).__name__}")
    message: Message = as_plain(given)
    check_names(message)
    role, kind = message.get("role"), message.get("type")
    if role is None and isinstance(kind, str):
        role = _TYPES.get(kind) or ("assistant" if kind in _FROM_THE_MODEL else "tool")
    if not isinstance(role, str):
        raise UsageError(f"messages[{index}] has no role")
    content = message.get("content")
    if content is not None and not isinstance(content, str | list):
        raise UsageError(
            f"messages[{index}].content must be a text or a list of parts, not {type(content).__name__}"
        )
    return {**message, "role": role}


def check_names(message: Mapping[Any, Any]) -> None:
    """Raises UsageError when a message's role, or the name of one of its fields, may be text itself."""
    role = message.get("role")
    if not all(isinstance(name, str) and is_word(name) for name in (*message, role or "")):
        raise UsageError("the role of a message, and its fields, must have plain names")


def as_turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The conversation as NeMo may see it: turns of user, assistant and system, each one text.

    Tool messages have no role there that is safe to hand over; their text is checked on its own.
    """
    turns: list[Turn] = []
    for message in messages:
        role = _NEMO_ROLES.get(message["role"])
        if role is None:
            continue
        text = message.get("content")
        if len(message) != 2 or not isinstance(text, str):
            text = "\n".join([slot.text for slot in text_slots(message)])
        if text:
            turns.append({"role": role, "content": text})
    return turns


def from_outside(message: Mapping[str, Any]) -> bool:
    """Whether the input rails have to read it: users, tools, any role not known as the application's."""
    return message["role"] not in _INSIDE
