"""Whatever the shape, no text stays unread, and what is given back differs in nothing but the texts."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.errors import UsageError
from guardlint.guard.conversations import Context, Conversation
from guardlint.guard.messages import replace_texts, text_slots
from guardlint.guard.replies import Reply

CANARY = "a canary sings, loudly"

# Fields that clients have, and some that nobody has heard of.
_NAMES = st.sampled_from(
    "content text type name id role refusal tool_calls function arguments args input output choices message "
    "parts metadata annotations image_url url audio transcript source title usage status x_own".split()
)
_WORDS = st.sampled_from(["text", "function", "image_url", "user", "tool", "fc_1", "", "2026-11-22"])
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), _WORDS)


def _as_object(fields: dict[str, Any]) -> Any:
    return SimpleNamespace(**{name: value for name, value in fields.items() if name.isidentifier()})


_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_NAMES, inner, max_size=4),
        st.dictionaries(_NAMES, inner, min_size=1, max_size=4).map(_as_object),
        st.tuples(inner, inner),
    ),
    max_leaves=12,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below ``value`` where a text could stand: values, and names of dictionaries."""
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, dict):
        inner = [place for name, item in value.items() for place in _places(item, (*path, name))]
        return [*inner, (*path, None)]
    if isinstance(value, list | tuple):
        return [place for index, item in enumerate(value) for place in _places(item, (*path, index))]
    return [path]


def _planted(value: Any, place: tuple[Any, ...], text: str) -> Any:
    if not place:
        return text
    head, rest = place[0], place[1:]
    if isinstance(value, SimpleNamespace):
        return SimpleNamespace(**_planted(vars(value), place, text))
    if isinstance(value, dict):
        return {**value, text: 1} if head is None else {**value, head: _planted(value[head], rest, text)}
    items = [_planted(item, rest, text) if index == head else item for index, item in enumerate(value)]
    return tuple(items) if isinstance(value, tuple) else items


def _read(reply: Any) -> list[str] | None:
    try:
        return [slot.text for slot in text_slots(Reply.of(reply).message)]
    except UsageError:
        return None


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=5), st.data())
def test_a_canary_is_found_wherever_it_sits(reply: dict[str, Any], data: st.DataObject) -> None:
    """In any value and in any name of a field: read, or not released."""
    place = data.draw(st.sampled_from(_places(reply)))
    texts = _read(_planted(reply, place, CANARY))
    if texts is not None:
        assert any(CANARY in text for text in texts), (reply, place)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=5))
def test_given_back_as_it_came(reply: dict[str, Any]) -> None:
    """Unchanged texts give the same reply, and reading changes nothing of it."""
    before = copy.deepcopy(reply)
    try:
        read = Reply.of(reply)
    except UsageError:
        return
    assert read.give(dict(read.message)) is reply
    assert reply == before


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=5), st.data())
def test_changed_texts_are_changed_everywhere(reply: dict[str, Any], data: st.DataObject) -> None:
    """After a change the text is nowhere in what is given back, and the reply given is as it was."""
    reply = _planted(reply, data.draw(st.sampled_from(_places(reply))), CANARY)
    before = copy.deepcopy(reply)
    try:
        read = Reply.of(reply)
    except UsageError:
        return
    slots = [slot for slot in text_slots(read.message) if CANARY in slot.text]
    if not slots:
        return
    message = replace_texts(read.message, {slot.path: slot.text.replace(CANARY, "<MASK>") for slot in slots})
    try:
        changed = read.give(message)
    except UsageError:
        return  # an object whose fields would have other names
    assert CANARY not in repr(changed)
    assert "<MASK>" in repr(changed)
    assert reply == before


@settings(max_examples=300, deadline=None)
@given(st.lists(_VALUES, max_size=4), st.data())
def test_context(context: list[Any], data: st.DataObject) -> None:
    """Retrieved texts in any shape."""
    places = [place for place in _places(context) if place]
    planted = _planted(context, data.draw(st.sampled_from(places)), CANARY) if places else [CANARY]
    read = Context.of(planted)
    if any(CANARY in text for text in read.texts):
        try:
            changed = read.give([text.replace(CANARY, "<MASK>") for text in read.texts])
        except UsageError:
            return  # an object whose fields would have other names
        assert CANARY not in repr(changed)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES, max_size=5), st.sampled_from(["user", "tool", "assistant"]))
def test_messages(message: dict[str, Any], role: str) -> None:
    """A conversation with any message in it is refused, or given back as it came."""
    messages = [{**message, "role": role}, {"role": "user", "content": "hello"}]
    try:
        conversation = Conversation.of(messages)
    except UsageError:
        return
    assert conversation.give(conversation.messages) == messages
    json.dumps([slot.text for each in conversation.messages for slot in text_slots(each)])


@pytest.mark.parametrize("depth", [10, 200, 100_000])
def test_depth(depth: int) -> None:
    """What is nested without end is refused, not walked."""
    value: Any = CANARY
    for _ in range(depth):
        value = [value]
    texts = _read({"content": "x", "more": value})
    assert texts == ["x", CANARY] if depth == 10 else texts is None
