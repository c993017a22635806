"""The texts in chat messages: finding every one of them, and putting changed ones back.

Both NeMo engines look at the last turn only and IORails lets list-form content through unread, so the guard
takes every text out itself: plain content, the parts of multimodal content, tool results, the arguments of
tool calls, refusals and reasoning.  Media (images, audio, files) are not text and are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from guardlint.engines import Turn
from guardlint.errors import UsageError

__all__ = [
    "Message",
    "Path",
    "Slot",
    "as_messages",
    "as_turns",
    "from_outside",
    "replace_texts",
    "text_slots",
]

Message = dict[str, Any]
Path = tuple[str | int, ...]

# Who wrote them is the application or the model itself; whatever else a message may claim to be, its text
# came from outside and has to pass the input rails.
_INSIDE: Final = frozenset({"system", "developer", "assistant"})
_NEMO_ROLES: Final = {"system": "system", "developer": "system", "assistant": "assistant", "user": "user"}

_TEXT_KEYS: Final = ("content", "refusal", "reasoning_content", "reasoning")
_NOT_TEXT: Final = frozenset(
    {"type", "id", "index", "role", "name", "tool_call_id", "tool_use_id", "call_id", "status"}
    | {"mime_type", "media_type", "format", "detail", "cache_control"}
)
_MEDIA: Final = frozenset(
    {"image", "image_url", "input_image", "audio", "input_audio", "output_audio"}
    | {"video", "video_url", "file", "input_file", "base64"}
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A text and where it stands in its message."""

    path: Path
    text: str


def as_messages(conversation: object) -> list[Message]:
    """The conversation as a list of messages; a string is one user message.

    Raises UsageError for anything else; the message names the position and the type, never the value.
    """
    if isinstance(conversation, str):
        return [{"role": "user", "content": conversation}]
    if not isinstance(conversation, Sequence) or isinstance(conversation, bytes | bytearray):
        raise UsageError(f"messages must be a string or a list, not {type(conversation).__name__}")
    messages: list[Message] = []
    for index, message in enumerate(conversation):
        if not isinstance(message, Mapping):
            raise UsageError(f"messages[{index}] must be a dictionary, not {type(message).__name__}")
        if not isinstance(message.get("role"), str):
            raise UsageError(f"messages[{index}] has no role")
        content = message.get("content")
        if content is not None and not isinstance(content, str | list):
            kind = type(content).__name__
            raise UsageError(f"messages[{index}].content must be a text or a list of parts, not {kind}")
        messages.append(dict(message))
    return messages


def text_slots(message: Mapping[str, Any]) -> list[Slot]:
    """Every text of a message that is not empty, in the order in which it stands."""
    content = message.get("content")
    if isinstance(content, str) and len(message) == 2:  # role and content: nearly every message
        return [Slot(("content",), content)] if content else []
    slots: list[Slot] = []
    for key in (*_TEXT_KEYS, "function_call"):
        if (value := message.get(key)) is not None:
            slots.extend(_walk((key,), value))
    for index, call in enumerate(message.get("tool_calls") or ()):
        slots.extend(_walk(("tool_calls", index), call))
    return slots


def replace_texts(message: Message, texts: Mapping[Path, str]) -> Message:
    """The message with other texts at these paths.  The one given, and all it holds, stay as they are."""
    for path, text in texts.items():
        message = _replaced(message, path, text)
    return message


def as_turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The conversation as NeMo may see it: turns of user, assistant and system, each one text.

    Tool messages have no role there that is safe to hand over; their text is checked on its own.
    """
    turns: list[Turn] = []
    for message in messages:
        role = _NEMO_ROLES.get(message["role"])
        text = "\n".join(slot.text for slot in text_slots(message))
        if role and text:
            turns.append({"role": role, "content": text})
    return turns


def from_outside(message: Mapping[str, Any]) -> bool:
    """Whether the input rails have to read it: users, tools, any role not known as the application's."""
    return message["role"] not in _INSIDE


def _walk(path: Path, value: Any) -> Iterator[Slot]:
    if isinstance(value, str):
        if value:
            yield Slot(path, value)
    elif isinstance(value, Mapping):
        if value.get("type") in _MEDIA:
            return
        for key, item in value.items():
            # "name" names a tool or a function here; "arguments" and whatever nobody has heard of is text.
            if key not in _NOT_TEXT:
                yield from _walk((*path, key), item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk((*path, index), item)


def _replaced(value: Any, path: Path, text: str) -> Any:
    if not path:
        return text
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        items = list(value)
        items[head] = _replaced(items[head], rest, text)
        return items
    return {**value, head: _replaced(value[head], rest, text)}
