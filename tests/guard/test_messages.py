"""Finding texts in messages and putting them back."""

from __future__ import annotations

from typing import Any

import pytest

from guardlint.errors import UsageError
from guardlint.guard.messages import as_messages, as_turns, replace_texts, text_slots


def texts(message: dict[str, Any]) -> list[str]:
    return [slot.text for slot in text_slots(message)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "user", "content": "a"}, ["a"]),
        ({"role": "user", "content": ""}, []),
        ({"role": "user", "content": None}, []),
        ({"role": "user", "content": ["a", {"type": "text", "text": "b"}]}, ["a", "b"]),
        ({"role": "user", "content": [{"type": "input_text", "text": "a"}]}, ["a"]),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}, []),
        ({"role": "user", "content": [{"type": "unheard_of", "payload": {"deep": ["a"]}}]}, ["a"]),
        (
            {
                "role": "user",
                "content": [{"type": "document", "title": "a", "source": {"type": "text", "data": "b"}}],
            },
            ["a", "b"],
        ),
        ({"role": "tool", "tool_call_id": "7", "content": [{"type": "text", "text": "a"}]}, ["a"]),
        ({"role": "assistant", "content": "a", "refusal": "b", "reasoning_content": "c"}, ["a", "b", "c"]),
        (
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "a"}}]},
            ["a"],
        ),
        ({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "a"}}, ["a"]),
    ],
)
def test_every_text_is_found(message: dict[str, Any], expected: list[str]) -> None:
    """Known shapes and unknown ones; media and identifiers are no text."""
    assert texts(message) == expected


def test_replacing_keeps_the_original() -> None:
    """Only the paths change, in a copy; what is found afterwards is what was put."""
    message = {
        "role": "user",
        "content": [{"type": "text", "text": "a"}, {"type": "x", "y": {"z": ["b", 3]}}],
    }
    slots = text_slots(message)
    changed = replace_texts(message, {slot.path: slot.text.upper() for slot in slots})
    assert (texts(changed), texts(message)) == (["A", "B"], ["a", "b"])
    assert changed["content"][1]["y"]["z"][1] == 3


def test_nemo_sees_three_roles_only() -> None:
    """NeMo's own roles, which set variables and fake events, cannot be reached through messages."""
    roles = ["system", "developer", "user", "assistant", "tool", "context", "event", "exception"]
    turns = as_turns([{"role": role, "content": role} for role in roles])
    assert [(turn["role"], turn["content"]) for turn in turns] == [
        ("system", "system"),
        ("system", "developer"),
        ("user", "user"),
        ("assistant", "assistant"),
    ]


@pytest.mark.parametrize(
    "wrong", [None, 3, b"bytes", {"role": "user"}, ["text"], [{"role": 3, "content": "a"}]]
)
def test_what_is_not_a_conversation(wrong: Any) -> None:
    """One line, naming types and positions."""
    with pytest.raises(UsageError):
        as_messages(wrong)
