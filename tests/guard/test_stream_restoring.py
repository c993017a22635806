"""Values put back in the place of their pseudonyms: in texts as they are, in JSON as JSON wants them."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.guard.restoring import Restorer, restored
from guardlint.guard.streaming.tails import WORD
from guardlint.pii import Pseudonyms

VALUES = ['Anna "Ann" Schmidt', "C:\\users\\anna", "Anna\nSchmidt", "O'Brien", "Zoë", "half \ud83d"]


def kept() -> Pseudonyms:
    """PERSON_1 to PERSON_6."""
    names = Pseudonyms()
    assert [names.name("PERSON", value) for value in VALUES][-1] == "PERSON_6"
    return names


def in_stretches(text: str, ends: list[int]) -> str:
    """Put together from stretches that end before words."""
    starts = [word.start() for word in WORD.finditer(text)]
    bounds = sorted({0, len(text), *(starts[end % len(starts)] for end in ends if starts)})
    restorer = Restorer(kept())
    return "".join(restorer.restore(text[a:b]) for a, b in itertools.pairwise(bounds))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Dear <PERSON_1>, so", 'Dear Anna "Ann" Schmidt, so'),
        ("[PERSON_4] says", "[O'Brien] says"),
        ("[Note: <PERSON_1>]", '[Note: Anna "Ann" Schmidt]'),
        ('{"a": <PERSON_1>}', '{"a": Anna "Ann" Schmidt}'),
        ("{PERSON_4", "{O'Brien"),
        ("[1] <PERSON_3>", "[1] Anna\nSchmidt"),
        ("[nullPERSON_4", "[nullPERSON_4"),
        ('{"a" "PERSON_1"}', '{"a" "Anna "Ann" Schmidt"}'),
        ("", ""),
    ],
)
def test_texts(text: str, told: str) -> None:
    """As they are."""
    assert restored(text, kept()) == told
    assert in_stretches(text, list(range(20))) == told


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(
    "form",
    [
        '{"to": "<PERSON_%d>", "n": 1.50, "big": 1e400}',
        '{"to":"Hi\\nPERSON_%d","ok":true}',
        '{"to": "\\u003cPERSON_%d\\u003e", "e": "\\u00e9"}',
        '[["a", "\\"PERSON_%d\\""], -1.0e-7, null, {}]',
        '{"PERSON_%d": []}',
        '  {"to": {"name" : "x PERSON_%d y"}}\n',
    ],
)
def test_json_stays_json(form: str, number: int) -> None:
    """With every value, in every stretch; nothing beside it changes."""
    text = form % number
    told = restored(text, kept())
    assert json.loads(told) == _in_data(json.loads(text))
    assert in_stretches(text, list(range(30))) == told
    assert told.count("1.50") == text.count("1.50")
    assert told.count("\\u00e9") == text.count("\\u00e9")


def _in_data(value: Any) -> Any:
    if isinstance(value, str):
        return kept().restore(value)
    if isinstance(value, list):
        return [_in_data(item) for item in value]
    return {_in_data(k): _in_data(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_half_a_pair_is_written_as_an_escape() -> None:
    """It could not be sent otherwise."""
    told = restored('{"a": "PERSON_6"}', kept())
    told.encode()
    assert json.loads(told) == {"a": "half \ud83d"}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["PERSON_1", "<PERSON_2> and\nPERSON_3", "x", "a_b", "\\", '"', "Zoë <PERSON_5>\t", "\u2028"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON.filter(lambda value: isinstance(value, list | dict)), st.data())
def test_any_json(value: Any, data: st.DataObject) -> None:
    """However it is written, and in whatever stretches."""
    text = json.dumps(
        value,
        ensure_ascii=data.draw(st.booleans()),
        indent=data.draw(st.sampled_from([None, 1])),
        separators=data.draw(st.sampled_from([None, (",", ":")])),
    )
    told = restored(text, kept())
    assert json.loads(told) == _in_data(value)
    assert in_stretches(text, data.draw(st.lists(st.integers(0, 99), max_size=6))) == told


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from('{}[]",:\\ 1etnul_P\n'), max_size=30), st.lists(st.integers(0, 30), max_size=5)
)
def test_what_is_no_json_comes_out_whole(text: str, ends: list[int]) -> None:
    """Without a pseudonym nothing changes, whatever it looks like."""
    assert in_stretches(text, ends) == text
