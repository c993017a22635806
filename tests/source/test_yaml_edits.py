"""Edits by path keep comments, quotes and style, and change what they say they change."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guardlint.source import yaml_edits, yaml_moves
from guardlint.source.edits import Edit, apply_edits
from guardlint.source.yaml_file import DataPath, parse_yaml

TEXT = """\
# The card team's rails
models: []   # handed over by the application
rail:  # every message
    input:
        flows:
            # cheap ones first
            - self check input  # the judge
            - "mask sensitive data on input"
prompts:
    - task: self_check_input
      content: |
        Should this be blocked?   # not a comment
        {{ user_input }}

    - {task: self_check_output, content: 'x'}
# the end
"""


def edited(text: str, edits: Edit | Sequence[Edit] | None) -> str:
    assert edits is not None
    return apply_edits(text, [edits] if isinstance(edits, Edit) else edits)


def test_a_key_is_renamed_where_it_stands() -> None:
    """One word changes."""
    new = edited(TEXT, yaml_edits.rename_key(parse_yaml(TEXT, "f"), ("rail",), "rails"))
    assert new == TEXT.replace("rail:", "rails:")


@pytest.mark.parametrize(
    ("source", "path", "value", "expected"),
    [
        ('a: "x"  # c\n', ("a",), "y z", 'a: "y z"  # c\n'),
        ("a: 'x'\n", ("a",), "it's", "a: 'it''s'\n"),
        ("a: x\n", ("a",), "yes", "a: 'yes'\n"),
        ("a: {b: true, c: 1}\n", ("a", "b"), False, "a: {b: false, c: 1}\n"),
        ("- [1, 2]\n", (0, 1), 3.5, "- [1, 3.5]\n"),
    ],
)
def test_a_scalar_keeps_its_quotes(source: str, path: DataPath, value: Any, expected: str) -> None:
    """And is quoted where it would be read as something else."""
    assert edited(source, yaml_edits.replace_scalar(parse_yaml(source, "f"), path, value)) == expected


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("a: 1\nb: 2 # c\n", ("a",), "b: 2 # c\n"),
        ("a: 1\nb: 2\n", ("b",), "a: 1\n"),
        ("a: 1\nb: 2", ("b",), "a: 1"),
        ("a: {x: 1, y: 2, z: 3}\n", ("a", "y"), "a: {x: 1, z: 3}\n"),
        ("a: {x: 1, y: 2}\n", ("a", "y"), "a: {x: 1}\n"),
        ("- one\n- two\n- three\n", (1,), "- one\n- three\n"),
        ("a:\n  b: |\n    text\n\n  c: 1\n", ("a", "b"), "a:\n\n  c: 1\n"),
        ("a: 1\n", ("a",), None),
        ("- a: 1\n  b: 2\n", (0, "a"), None),
    ],
)
def test_an_entry_is_taken_out(source: str, path: DataPath, expected: str | None) -> None:
    """With the lines, or the comma, that belong to it."""
    edit = yaml_edits.delete_entry(parse_yaml(source, "f"), path)
    assert (None if edit is None else edited(source, edit)) == expected


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("a:\n    b: 1 # c\n\nd: 2\n", ("a", "n"), "a:\n    b: 1 # c\n    n: 0\n\nd: 2\n"),
        ("a: {b: 1}\n", ("a", "n"), "a: {b: 1, n: 0}\n"),
        ("a: {}\n", ("a", "n", "m"), "a: {n: {m: 0}}\n"),
        ("a:\nb: 1\n", ("a", "n"), "a:\n  n: 0\nb: 1\n"),
        ("a: 1\n", ("x", "y", "z"), "a: 1\nx:\n  y:\n    z: 0\n"),
        ("- a: 1\n", (0, "n"), "- a: 1\n  n: 0\n"),
        ("a: |\n  text\n", ("n",), "a: |\n  text\nn: 0\n"),
        ("a: 1\n", ("a", "n"), None),
        ("a: 1\n", ("a",), None),
    ],
)
def test_an_entry_is_added(source: str, path: DataPath, expected: str | None) -> None:
    """In the style and the indentation of its neighbours."""
    edit = yaml_edits.insert_entry(parse_yaml(source, "f"), path, "0")
    assert (None if edit is None else edited(source, edit)) == expected


@pytest.mark.parametrize(
    ("source", "path", "target", "expected"),
    [
        (
            "# ours\nsdd:\n  # these\n  input: {e: [A]}\nrails:\n  input: 1\n",
            ("sdd",),
            ("rails", "config", "sdd"),
            "rails:\n  input: 1\n  config:\n    # ours\n    sdd:\n      # these\n      input: {e: [A]}\n",
        ),
        ("a: 1\nb: {c: 2, d: 3}\n", ("b", "c"), ("e", "c"), "a: 1\nb: {d: 3}\ne:\n  c: 2\n"),
        ("b:\n  c: x\nz: 1\n", ("b", "c"), ("y",), "z: 1\ny: x\n"),
        ("r:\n  i:\n    f:\n      - a\n", ("r", "i", "f"), ("r", "o", "f"), "r:\n  o:\n    f:\n      - a\n"),
        ("a: 1\nb:\n  c: 2", ("b", "c"), ("c",), "a: 1\nc: 2"),
    ],
)
def test_an_entry_is_moved(source: str, path: DataPath, target: DataPath, expected: str) -> None:
    """With its comments; a section that held nothing else goes."""
    assert edited(source, yaml_moves.move_entry(parse_yaml(source, "f"), path, target)) == expected


def test_items_change_places() -> None:
    """The comments stay where they are."""
    new = edited(TEXT, yaml_moves.reorder_items(parse_yaml(TEXT, "f"), ("rail", "input", "flows"), [1, 0]))
    assert '- "mask sensitive data on input"  # the judge' in new
    assert "- self check input\n" in new


def test_comments_are_found_and_texts_are_not() -> None:
    """A ``#`` in a text is none."""
    assert yaml_edits.comments_of(TEXT) == [
        "# The card team's rails",
        "# handed over by the application",
        "# every message",
        "# cheap ones first",
        "# the judge",
        "# the end",
    ]
    assert yaml_edits.comments_of("a: | # c\n  # text\n") == ["# c"]
    assert yaml_edits.comments_of("a: 'x # y' # c\nb: x#y\n") == ["# c"]


KEYS = st.sampled_from(["a", "b", "key two", "ä", "true", "7"])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.sampled_from(["x", "two\nlines", "# no", "y: z", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def paths(data: Any, path: DataPath = ()) -> list[DataPath]:
    found = [path]
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += paths(value, (*path, key))
    return found


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4), st.sampled_from([True, False, None]), st.data())
def test_the_data_is_what_the_edit_says(tree: dict[str, Any], flow: bool | None, data: st.DataObject) -> None:
    """Deleting, adding and moving do to the data what they would do to a dictionary."""
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    file = parse_yaml(text, "f")
    everywhere = paths(tree)
    path = data.draw(st.sampled_from(everywhere))
    expected = copy.deepcopy(tree)
    operation = data.draw(st.sampled_from(["delete", "insert", "move"]))
    parent: Any = expected
    for part in path[:-1]:
        parent = parent[part]
    edits: Sequence[Edit] | None
    if operation == "delete":
        assume(path)
        edit = yaml_edits.delete_entry(file, path)
        edits = [edit] if edit else None
        del parent[path[-1]]
    elif operation == "insert":
        here = parent[path[-1]] if path else expected
        edit = yaml_edits.insert_entry(file, (*path, "new", "er"), "1")
        edits = [edit] if edit else None
        if isinstance(here, dict):
            here["new"] = {"er": 1}
        elif edits and path:
            parent[path[-1]] = {"new": {"er": 1}}
    else:
        assume(path and isinstance(path[-1], str) and isinstance(parent, dict) and len(parent) > 1)
        edits = yaml_moves.move_entry(file, path, ("moved", "here"))
        expected["moved"] = {"here": parent.pop(path[-1])}
    assume(edits is not None)
    assert edits is not None
    assert parse_yaml(apply_edits(text, edits), "f").data == expected
