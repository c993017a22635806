"""What in a message is a name of its protocol or a count, and no text that somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["NOT_TEXT", "is_flat_record", "is_identifier", "is_word", "may_be_value"]

NOT_TEXT: Final = frozenset(
    {"type", "id", "index", "role", "name", "tool_call_id", "tool_use_id", "toolUseId", "call_id", "item_id"}
    | {"mime_type", "mimeType", "media_type", "format", "detail", "cache_control", "object", "model"}
    | {"finish_reason", "stop_reason", "finishReason", "stopReason", "reason", "code", "system_fingerprint"}
    | {"usage", "usage_metadata", "response_metadata", "metadata", "encrypted_content", "signature", "phase"}
    | {"status", "created", "created_at", "effort", "service_tier", "file_id", "server_label", "container_id"}
    | {"response_id", "previous_response_id", "thoughtSignature", "thought_signature", "ResponseMetadata"}
    | {"usageMetadata", "modelVersion", "responseId"}
)
"""Fields that hold names, numbers and settings: no text as long as they look like it."""

_WORD: Final = re.compile(r"[A-Za-z0-9_.:/+=-]*")
# What a result is joined to its call by: it has to stay the same on both sides.
_LINKS: Final = frozenset({"tool_call_id", "tool_use_id", "toolUseId", "call_id", "item_id"})
_CALLS: Final = frozenset(
    {"function", "arguments", "args", "input", "custom", "functionCall", "toolUse", "response"}
)
_OPAQUE: Final = frozenset({"encrypted_content", "signature", "thoughtSignature", "thought_signature"})
_OPAQUE_LENGTH: Final = 40  # what a server signed is longer than any value of a person's
_MOST_DIGITS: Final = 5  # of what cannot be personal data: sort codes have six
_DIGITS: Final = re.compile(r"(?:[^0-9]*[0-9]){6}")
_TIME: Final = re.compile(
    r"(?<![\d+])20\d\d-?[01]\d-?[0-3]\d(?:[T_]?\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)
_ID: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z_]{1,15}[_-]{1,2})?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\d+)?|"  # UUIDs
    r"(?=(?:\d*[a-f]){4})[0-9a-f]{16,}|"
    r"(?:chatcmpl|cmpl|call|toolu|srvtoolu|tooluse|msg|resp|rs|fco?|ws|fs|ig|ci|cu|cuo|mcp|mcp[lr]|mcptoolu|"
    r"lsh|cpt|ctc|item|l?c?_?run|step|thread|asst|assistant|file|cfile|cntr|vs|batch|req|gen|fp|org|proj|"
    r"audio|lc|evt|event|sess|container|rf|ftjob)[_-]{1,2}(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.-]{4,}(?::\d+)?|"
    r"arn:aws[\w-]*:[\w:./-]+|ft:[\w.:-]+"
)
_MODEL: Final = re.compile(r"[a-z]{2,}\d{0,2}[a-z]*[-./:][\w./:@-]+")
_LEAST_NUMBER: Final = 1_000_000
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COUNT: Final = re.compile(
    r"(?:^|_)(?:created|updated|modified|completed|started|expires?|timestamp|time|at|tokens?|count|index|"
    r"seed|scores?|size|length|bytes|offset|total|duration|ms|ns|latency|ttl|limit|budget)(?:_|$)"
)
_OF_MESSAGES: Final = frozenset(
    {"type", "role", "content", "text", "parts", "message", "messages", "choices", "output"}
)


def is_word(text: str) -> bool:
    """Whether it may be a name: no blanks, nothing but letters, digits and what joins them."""
    return _WORD.fullmatch(text) is not None


def is_identifier(name: str, value: str, holder: Mapping[str, object]) -> bool:
    """Whether ``value``, which stands under ``name`` in ``holder``, is an identifier or a setting.

    An account number is a word, too; so many digits have only times and identifiers of a known shape.
    """
    if _WORD.fullmatch(value) is None:
        return False
    if len(value) <= _MOST_DIGITS or name in _LINKS:
        return True
    if name in _OPAQUE and len(value) >= _OPAQUE_LENGTH:
        return True
    if name == "id" and not _CALLS.isdisjoint(holder):
        return True
    if "model" in name and _MODEL.fullmatch(value):
        return True
    return not _has_digits(value) or _ID.fullmatch(value) is not None


def may_be_value(name: str, value: int) -> bool:
    """Whether a number may be one of a person's: a card, an account, a telephone."""
    if -_LEAST_NUMBER < value < _LEAST_NUMBER:
        return False
    return _COUNT.search(_HUMP.sub("_", name).lower()) is None


def is_flat_record(value: Mapping[str, object]) -> bool:
    """Whether it holds values and no messages, so that each is understood with its name beside it."""
    if not _OF_MESSAGES.isdisjoint(value):
        return False
    found = False
    for name, item in value.items():
        if isinstance(item, str):
            found = found or (
                _has_digits(item) and _WORD.fullmatch(item) is not None and not _ID.fullmatch(item)
            )
        elif isinstance(item, int) and not isinstance(item, bool):
            found = found or may_be_value(name, item)
        elif isinstance(item, Mapping | list | tuple):
            return False
    return found


def _has_digits(value: str) -> bool:
    """Whether it has as many as personal data has, beside those of a time."""
    return _DIGITS.match(value) is not None and _DIGITS.match(_TIME.sub("", value)) is not None
