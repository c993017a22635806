"""Every text below a message: where it stands, and what it is in the eyes of its readers.

Plain content, the parts of multimodal content, tool results, the arguments of tool calls, refusals and
reasoning, and whatever nobody has heard of.  Media are not text; where they are, and documents that are
written as base64, are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from guardlint.guard.identifiers import NOT_TEXT, is_flat_record, is_identifier, is_word, may_be_value
from guardlint.guard.json_texts import data_of, json_text, text_of_data
from guardlint.guard.shapes import BytesText
from guardlint.guard.sourced import Address, SourcedText, encoded_text, written

__all__ = ["Path", "Slot", "replace_texts", "text_slots"]

Path = tuple[str | int, ...]

_FIRST: Final = ("content", "refusal", "reasoning_content", "reasoning", "function_call", "tool_calls")
_MAY_BEGIN: Final = '{[" \t\r\n'  # JSON
_CONTENT: Final[Path] = ("content",)
_MEDIA: Final = frozenset(
    {"image", "image_url", "input_image", "audio", "input_audio", "output_audio"}
    | {"video", "video_url", "file", "input_file", "base64"}
    | {"inline_data", "inlineData", "file_data", "fileData"}
)
_MEDIA_TYPES: Final = ("mime_type", "mimeType", "media_type", "mediaType")
_SAYS_KIND: Final = frozenset({*_MEDIA_TYPES, "filename"})
_PAYLOADS: Final = frozenset({"data", "file_data", "b64_json", "bytes", "blob", "base64"})
_ADDRESSES: Final = frozenset(
    {"url", "image_url", "video_url", "audio_url", "file_url", "uri", "fileUri", "file_uri"}
)
_BLANK: Final = re.compile(r"\s")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/=_\r\n-]")
_TEXT_FILE: Final = re.compile(r"(?i).*\.(?:txt|csv|tsv|md|json|jsonl|html?|xml|ya?ml)")
_PARTS: Final = ("text", "input_text", "output_text")
# What one call of a tool takes or gives, or a typed answer: one text for whoever reads it, with its keys.
_STRUCTURED: Final = frozenset(
    {"arguments", "args", "input", "parsed", "json", "structuredContent", "structured_content"}
)
_OF_GEMINI: Final = frozenset({"functionResponse", "function_response"})
_HOLDS_TEXT: Final = (str, int, Mapping, list, tuple)
_TOKENS: Final = frozenset({"logprobs"})  # the reply in tokens; dropped when the reply is changed
_OF_TOKENS: Final = frozenset(
    {"content", "refusal", "tokens", "token_logprobs", "top_logprobs", "text_offset"}
)
_NOTHING: Final[Mapping[str, Any]] = {}


class Slot(NamedTuple):
    """A text and where it stands in its message.

    A :class:`~guardlint.guard.sourced.SourcedText` where it is written in another way, or data stands there.
    """

    path: Path
    text: str


def text_slots(message: Mapping[str, Any]) -> list[Slot]:
    """Every text of a message that is not empty, in the order in which it stands."""
    content = message.get("content")
    if isinstance(content, str) and len(message) == 2:
        if not content:
            return []
        return [Slot(_CONTENT, json_text(content) if content[0] in _MAY_BEGIN else content)]
    keys = [key for key in _FIRST if key in message]
    keys += [key for key in message if key not in _FIRST and key != "role"]
    found: list[Slot] = []
    for key in keys:
        value = message[key]
        if isinstance(value, _HOLDS_TEXT):
            _collect(found, (key,), value, message, key in NOT_TEXT, media=False)
    return found


def replace_texts(message: dict[str, Any], texts: Mapping[Path, str]) -> dict[str, Any]:
    """The message with other texts at these paths.  The one given, and all it holds, stay as they are.

    Raises ValueError when a text that stands for data cannot be read as data.
    """
    if not texts:
        return message
    sources: dict[Path, str] = {}
    if not all(isinstance(text, SourcedText) for text in texts.values()):
        sources = {slot.path: slot.text for slot in text_slots(message)}
    changes: dict[Any, Any] = {}
    for path, text in texts.items():
        inner = changes
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        source = sources.get(path)
        if isinstance(source, SourcedText) and not isinstance(text, SourcedText):
            inner[path[-1]] = source.rewritten(text)
        else:
            inner[path[-1]] = written(text)
    new: dict[str, Any] = _replaced(message, changes)
    return new


def _replaced(value: Any, changes: dict[Any, Any] | str) -> Any:
    if isinstance(changes, str):
        if isinstance(value, str):
            return changes
        if isinstance(value, int):
            return value if changes == str(value) else changes
        return data_of(changes)
    if isinstance(value, Mapping):
        return {**value, **{name: _replaced(value[name], inner) for name, inner in changes.items()}}
    items = list(value)
    for index, inner in changes.items():
        items[index] = _replaced(items[index], inner)
    return items


def _collect(
    found: list[Slot], path: Path, value: Any, holder: Mapping[str, Any], named: bool, *, media: bool
) -> None:
    """The texts below ``value``; where it is only ``named``, those that do not look like a name."""
    if isinstance(value, str):
        text = _read(value, str(path[-1]), holder, named, media)
        if text:
            found.append(Slot(path, text))
    elif isinstance(value, Mapping):
        kind = str(value.get("type"))
        media = media or kind in _MEDIA or path[-1] in _MEDIA or _media_type(value) is not None
        if not value or _is_data(path, value) or (not media and is_flat_record(value)):
            found += [Slot(path, text_of_data(value))] if value else ()
            return
        for name, item in value.items():
            if isinstance(item, _HOLDS_TEXT) and not (name in _TOKENS and _are_tokens(item)):
                _collect(
                    found,
                    (*path, name),
                    item,
                    value,
                    named or name in NOT_TEXT,
                    media=media and kind != "text",
                )
    elif isinstance(value, list | tuple):
        if value and path[-1] in _STRUCTURED:
            found.append(Slot(path, text_of_data(value)))
        else:
            _collect_items(found, path, value, named, media)
    elif not isinstance(value, bool):
        name = next((part for part in reversed(path) if isinstance(part, str)), "")
        if isinstance(value, int) and may_be_value(name, value):
            found.append(Slot(path, str(value)))


def _collect_items(found: list[Slot], path: Path, items: Sequence[Any], named: bool, media: bool) -> None:
    for index, item in enumerate(items):
        if type(item) is dict and len(item) == 2 and item.get("type") in _PARTS:
            text = item.get("text")
            if isinstance(text, str):  # a part as nearly all of them are
                if text:
                    found.append(Slot((*path, index, "text"), json_text(text)))
                continue
        _collect(found, (*path, index), item, _NOTHING, named, media=media)


def _read(value: str, name: str, holder: Mapping[str, Any], named: bool, media: bool) -> str | None:
    """A string as it is to be read; None when it is a picture, an identifier or nothing."""
    if not value:
        return None
    if isinstance(value, BytesText):
        return json_text(str(value))
    if media and name in _PAYLOADS:
        document = encoded_text(value, _media_type(holder))
        if document is not None:
            return document
        if not _NO_BASE64.search(value) or value[:5].lower() == "data:":
            return None
    elif media and name in _ADDRESSES and not _BLANK.search(value):
        if value[:5].lower() == "data:":
            return encoded_text(value, None)
        return Address.of(value)
    if named and is_identifier(name, value, holder):
        return None
    return json_text(value, surely=name == "arguments")


def _media_type(holder: Mapping[str, Any]) -> str | None:
    """What kind of document it is: as the message says, or its file's name."""
    if _SAYS_KIND.isdisjoint(holder):
        return None
    for name in _MEDIA_TYPES:
        said = holder.get(name)
        if isinstance(said, str):
            return said
    file = holder.get("filename")
    return "text/plain" if isinstance(file, str) and _TEXT_FILE.fullmatch(file) else None


def _is_data(path: Path, value: Mapping[Any, Any]) -> bool:
    """Whether it is read with the names of its fields."""
    key = path[-1]
    if key in _STRUCTURED or not _are_words(value):
        return True
    return key == "response" and len(path) > 1 and path[-2] in _OF_GEMINI


def _are_words(names: Iterable[Any]) -> bool:
    try:
        return is_word("".join(names))
    except TypeError:
        return False  # of data: numbers


def _are_tokens(value: object) -> bool:
    """The probabilities of a reply's tokens, as servers give them; anything else of that name is text."""
    if isinstance(value, list):
        return all(isinstance(item, Mapping) and "logprob" in item for item in value)
    if not isinstance(value, Mapping) or not _OF_TOKENS.issuperset(value):
        return False
    return all(item is None or isinstance(item, list) for item in value.values())
