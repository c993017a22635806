"""The texts in chat messages: finding every one of them, and putting changed ones back.

Both NeMo engines look at the last turn only and IORails lets list-form content through unread, so the guard
takes every text out itself: plain content, the parts of multimodal content, tool results, the arguments of
tool calls, refusals and reasoning, and whatever nobody has heard of.  Media (images, audio, files) are not
text and are left as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from guardlint.engines import Turn
from guardlint.errors import UsageError
from guardlint.guard.shapes import as_plain, fields_of

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
Path = tuple[str | int, ...]

# Who wrote them is the application or the model itself; whatever else a message may claim to be, its text
# came from outside and has to pass the input rails.
_INSIDE: Final = frozenset({"system", "developer", "assistant"})
_NEMO_ROLES: Final = {"system": "system", "developer": "system", "assistant": "assistant", "user": "user"}
# Messages of LangChain and items of OpenAI's Responses say by their type who wrote them.
_TYPES: Final = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"} | {
    name: name for name in ("system", "developer", "tool", "function")
}
_FROM_THE_MODEL: Final = frozenset({"reasoning", "function_call", "custom_tool_call", "mcp_call"})

_FIRST: Final = ("content", "refusal", "reasoning_content", "reasoning", "function_call", "tool_calls")
# Names, numbers and settings: no text as long as they look like it (`_WORD`).
_NOT_TEXT: Final = frozenset(
    {"type", "id", "index", "role", "name", "tool_call_id", "tool_use_id", "call_id", "item_id", "status"}
    | {"mime_type", "media_type", "format", "detail", "cache_control", "object", "model", "created", "effort"}
    | {"finish_reason", "stop_reason", "reason", "code", "system_fingerprint", "service_tier", "file_id"}
    | {"usage", "usage_metadata", "response_metadata", "metadata", "encrypted_content", "signature", "phase"}
    | {"server_label", "container_id", "response_id", "previous_response_id"}
)
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/+=-]*")
_BLANK: Final = re.compile(r"\s")
_SENTENCE: Final = re.compile(r"[^\S\r\n]|[^\x00-\x7f]")  # what no base64 has, which is broken into lines
_MEDIA: Final = frozenset(
    {"image", "image_url", "input_image", "audio", "input_audio", "output_audio"}
    | {"video", "video_url", "file", "input_file", "base64"}
)
_PAYLOADS: Final = frozenset({"data", "file_data", "url", "image_url", "video_url", "b64_json"})
# What one call of a tool takes, or a typed answer: one JSON text for whoever reads it, with keys and numbers.
_STRUCTURED: Final = frozenset({"arguments", "args", "input", "parsed"})
_HOLDS_TEXT: Final = (str, Mapping, list, tuple)
_TOKENS: Final = frozenset({"logprobs"})  # the reply in tokens; dropped when the reply is changed
_OF_TOKENS: Final = frozenset(
    {"content", "refusal", "tokens", "token_logprobs", "top_logprobs", "text_offset"}
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A text and where it stands in its message; the text is JSON where a dictionary or a list stands."""

    path: Path
    text: str


def as_messages(conversation: object) -> list[Message]:
    """The conversation as a list of messages; a string is one user message.

    A message is a dictionary or an object with these fields; one without a role has the one that its type
    says.  Raises UsageError for anything else; it names the position and the type, never the value.
    """
    if isinstance(conversation, str):
        return [{"role": "user", "content": conversation}]
    if not isinstance(conversation, Sequence) or isinstance(conversation, bytes | bytearray):
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
    if not all(isinstance(name, str) and _WORD.fullmatch(name) for name in (*message, role or "")):
        raise UsageError("the role of a message, and its fields, must have plain names")


def text_slots(message: Mapping[str, Any]) -> list[Slot]:
    """Every text of a message that is not empty, in the order in which it stands."""
    content = message.get("content")
    if isinstance(content, str) and len(message) == 2:
        return [Slot(("content",), content)] if content else []
    keys = [key for key in _FIRST if key in message]
    keys += [key for key in message if key not in _FIRST and key != "role"]
    keys = [key for key in keys if isinstance(message[key], _HOLDS_TEXT)]
    return [slot for key in keys for slot in _walk((key,), message[key], key in _NOT_TEXT, media=False)]


def replace_texts(message: Message, texts: Mapping[Path, str]) -> Message:
    """The message with other texts at these paths.  The one given, and all it holds, stay as they are.

    Raises ValueError when a text that stands for data is no longer JSON.
    """
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
        text = "\n".join(slot.text for slot in text_slots(message)) if role else ""
        if role and text:
            turns.append({"role": role, "content": text})
    return turns


def from_outside(message: Mapping[str, Any]) -> bool:
    """Whether the input rails have to read it: users, tools, any role not known as the application's."""
    return message["role"] not in _INSIDE


def _walk(path: Path, value: Any, named: bool, *, media: bool) -> Iterator[Slot]:
    """The texts below ``value``; where it is only ``named``, those that do not look like a name."""
    key = path[-1]
    if isinstance(value, str):
        if value and not (named and _WORD.fullmatch(value)):
            yield Slot(path, _unescaped(value) if key == "arguments" else value)
    elif isinstance(value, Mapping):
        if key in _STRUCTURED or not all(isinstance(name, str) and _WORD.fullmatch(name) for name in value):
            if value:
                yield Slot(path, _json(value))
            return
        kind = str(value.get("type"))
        media = (media or kind in _MEDIA or key in _MEDIA) and kind != "text"
        for name, item in value.items():
            if item is None or (name in _TOKENS and _are_tokens(item)) or (media and _is_payload(name, item)):
                continue
            yield from _walk((*path, name), item, named or name in _NOT_TEXT, media=media)
    elif isinstance(value, list | tuple):
        if key in _STRUCTURED and value:
            yield Slot(path, _json(value))
            return
        for index, item in enumerate(value):
            yield from _walk((*path, index), item, named, media=media)


def _are_tokens(value: object) -> bool:
    """The probabilities of a reply's tokens, as servers give them; anything else of that name is text."""
    if isinstance(value, list):
        return all(isinstance(item, Mapping) and "logprob" in item for item in value)
    if not isinstance(value, Mapping) or not _OF_TOKENS.issuperset(value):
        return False
    return all(item is None or isinstance(item, list) for item in value.values())


def _is_payload(name: str, value: object) -> bool:
    """A picture or where it is: in an address there are no blanks, in a sentence there are."""
    if name not in _PAYLOADS or not isinstance(value, str | bytes):
        return False
    if isinstance(value, bytes):
        return True
    return not (_BLANK if name.endswith("url") else _SENTENCE).search(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _unescaped(text: str) -> str:
    r"""JSON without ``\u0040`` and the like, behind which no rail sees an ``@``, and the tool does."""
    if "\\u" not in text:
        return text
    try:
        return _json(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _replaced(value: Any, path: Path, text: str) -> Any:
    if not path:
        return text if isinstance(value, str) else json.loads(text)
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        items = list(value)
        items[head] = _replaced(items[head], rest, text)
        return items
    return {**value, head: _replaced(value[head], rest, text)}
