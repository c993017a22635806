"""One parse, and every value knows where it stands; hostile text ends in a YamlProblem, soon."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.source.place import Place
from guardlint.source.yaml_file import MAX_DEPTH, MAX_VALUES, DataPath, YamlFile, YamlProblem, parse_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"))
SCALARS = st.one_of(TEXTS, st.integers(-(10**6), 10**6), st.booleans(), st.none())
KEYS = st.text("abcdefgh_ éß", min_size=1, max_size=8).filter(str.strip)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    ),
    min_size=1,
    max_size=4,
)


def scalars(data: Any, path: DataPath = ()) -> list[tuple[DataPath, Any]]:
    if isinstance(data, dict):
        return [item for key, value in data.items() for item in scalars(value, (*path, key))]
    if isinstance(data, list):
        return [item for index, value in enumerate(data) for item in scalars(value, (*path, index))]
    return [(path, data)]


def text_at(place: Place, text: str) -> str:
    """What stands between the two ends of a place."""
    lines = text.split("\n")[place.line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(
    DATA,
    st.sampled_from([None, True, False]),
    st.booleans(),
    st.sampled_from([None, "'", '"']),
    st.integers(2, 6),
)
def test_every_place_holds_the_text_of_its_value(
    data: dict[str, Any], flow: bool | None, unicode: bool, style: str | None, indent: int
) -> None:
    """However PyYAML writes it: the text at a scalar's place is that scalar, and at a key's place the key."""
    text = yaml.safe_dump(
        data, default_flow_style=flow, allow_unicode=unicode, default_style=style, indent=indent, width=60
    )
    parsed = parse_yaml(text, "config.yml")
    assert data == parsed.data
    for path, value in scalars(data):
        if isinstance(value, str) or style is None:  # in quotes, a number has a tag before its place
            assert value == yaml.safe_load(text_at(parsed.place(path), text))
        if isinstance(path[-1], str):
            assert path[-1] == yaml.safe_load(text_at(parsed.place(path, key=True), text))


@settings(max_examples=100, deadline=None)
@given(DATA, st.sampled_from([None, True, False]))
def test_data_is_what_safe_load_gives(data: dict[str, Any], flow: bool | None) -> None:
    """guardlint and NeMo read the same data."""
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    assert yaml.safe_load(text) == parse_yaml(text, "config.yml").data


@settings(max_examples=300, deadline=None)
@given(st.text("ab:-?#[]{}'\"|>&*!% \n\t,~0.é\r", max_size=20))
def test_random_text_is_read_or_refused_as_safe_load_does(text: str) -> None:
    """Never another exception, never other data than NeMo's loader gives."""
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError, KeyError, IndexError):
        with pytest.raises(YamlProblem) as caught:
            parse_yaml(text, "config.yml")
        place = caught.value.place
        assert 1 <= place.line <= text.count("\n") + 1
        assert place.column >= 1
    else:
        # NeMo's loader makes a value that holds itself
        if "[...]" in repr(expected) or "{...}" in repr(expected):
            with pytest.raises(YamlProblem, match="alias stands inside"):
                parse_yaml(text, "config.yml")
        else:
            assert repr(expected) == repr(parse_yaml(text, "config.yml").data)


INSIDE = """\
plain: say {{ name }} twice {{ name }}
single: 'say {{ name }} now'
double: "say {{ name }} now"
block: |
  first line

    deeper {{ name }}
  {{ name }} again
kept: |+2
    {{ name }}
folded: >-
  say {{ name }}
  now
escaped: "say \\"hi\\" {{ name }}"
wide: "有害 {{ name }}"
anchored: &a !!str say {{ name }}
"""


@pytest.mark.parametrize(
    ("key", "nth", "expected"),
    [
        ("plain", 0, (1, 12)),
        ("plain", 1, (1, 29)),
        ("single", 0, (2, 14)),
        ("double", 0, (3, 14)),
        ("block", 0, (7, 12)),
        ("block", 1, (8, 3)),
        ("kept", 0, (10, 5)),
        ("wide", 0, (15, 11)),
        ("anchored", 0, (16, 24)),
    ],
)
def test_inside_points_at_the_part_of_a_text(key: str, nth: int, expected: tuple[int, int]) -> None:
    """The offset in the value becomes line and column in the file."""
    parsed = parse_yaml(INSIDE, "prompts.yml")
    value = parsed.data[key]
    offset = value.index("{{") if nth == 0 else value.rindex("{{")
    place = parsed.inside((key,), offset, len("{{ name }}"))
    assert expected == (place.line, place.column)
    assert "{{ name }}" == text_at(place, INSIDE)


@pytest.mark.parametrize(("key", "line"), [("folded", 11), ("escaped", 14)])
def test_inside_falls_back_to_the_whole_text(key: str, line: int) -> None:
    """Where the file's characters are not the value's, the scalar is shown."""
    parsed = parse_yaml(INSIDE, "prompts.yml")
    place = parsed.inside((key,), parsed.data[key].index("{{"), 10)
    assert place == parsed.place((key,))
    assert line == place.line


def test_a_path_that_is_not_there_is_shown_at_its_nearest_ancestor() -> None:
    """Defaults have no place of their own."""
    parsed = parse_yaml("rails:\n  input:\n    flows: [a]\n", "config.yml")
    assert parsed.place(("rails", "output", "flows")) == parsed.place(("rails",))
    assert parsed.place(("rails", "input", "flows", 7)) == parsed.place(("rails", "input", "flows"))
    assert (2, 3) == (
        parsed.place(("rails", "input"), key=True).line,
        parsed.place(("rails", "input"), key=True).column,
    )


def test_a_merged_key_stands_where_it_is_written() -> None:
    """A merge brings values in; an explicit key beats it, as in PyYAML."""
    text = "base: &b\n  a: one\n  b: two\nuse:\n  <<: *b\n  b: three\n"
    parsed = parse_yaml(text, "config.yml")
    assert {"a": "one", "b": "three"} == parsed.data["use"]
    assert "one" == text_at(parsed.place(("use", "a")), text)
    assert (2, 3) == (parsed.place(("use", "a"), key=True).line, parsed.place(("use", "a"), key=True).column)
    assert "three" == text_at(parsed.place(("use", "b")), text)


def test_of_two_keys_the_last_one_wins_and_both_are_known() -> None:
    """The data are the last one's; ``duplicates`` names the lost one and the winner."""
    text = "rails:\n  input: {flows: [a]}\n  input: {flows: [b]}\n"
    parsed = parse_yaml(text, "config.yml")
    assert {"input": {"flows": ["b"]}} == parsed.data["rails"]
    assert (3, 19) == (
        parsed.place(("rails", "input", "flows", 0)).line,
        parsed.place(("rails", "input", "flows", 0)).column,
    )
    [(path, lost, kept)] = parsed.duplicates()
    assert (("rails", "input"), 2, 3) == (path, lost.line, kept.line)


def test_a_merge_is_no_duplicate() -> None:
    """An explicit key beside ``<<`` is the ordinary way to override."""
    parsed = parse_yaml("a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n", "config.yml")
    assert [] == list(parsed.duplicates())


def bomb(levels: int, width: int = 10) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


HOSTILE = {
    "billion laughs": (bomb(12), "aliases expand"),
    "a million laughs in merge keys": (
        "a0: &a0 {k: v}\n"
        + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 12)}], k{n}: v}}\n" for n in range(1, 10)),
        "aliases expand",
    ),
    "100,000 open brackets": ("a: " + "[" * 100_000, "nested"),
    "100,000 balanced brackets": ("a: " + "[" * 100_000 + "]" * 100_000, "nested"),
    "100,000 open braces": ("{a: " * 100_000, "nested"),
    "100,000 nested lists in one line": ("- " * 100_000 + "x", "nested"),
    "5,000 levels of indent": ("\n".join(" " * n + "a:" for n in range(5_000)), "nested"),
    "an alias inside its own value": ("a: &a [1, *a]", "inside the value"),
    "an alias inside its own mapping": ("a: &a\n  b: *a\n", "inside the value"),
    "a control character": ("a: \x01", "control character"),
    "a null byte": ("a: x\x00y", "control character"),
    "a lone surrogate": ("a: \ud800", "control character"),
    "an unknown alias": ("a: *nobody", "nobody"),
    "a Python object": ("a: !!python/object/apply:os.system [id]", "unknown to NeMo's safe loader"),
    "a date that is none": ("a:\n  b: 2026-13-45", "cannot be read"),
    "a list as key": ("? [a, b]\n: c", "unhashable"),
    "a mapping as key": ("{a: b}: c", "unhashable"),
    "a second document": ("a: 1\n---\nb: 2", "second YAML document"),
    "a tab as indent": ("a:\n\tb: 1", "tab"),
    "a number with more digits than Python converts": ("a: " + "1" * 5_000, "cannot be read"),
    "the same behind a merge key": ("a: &a {b: 1}\nc: {<<: *a}\nd: " + "1" * 5_000, "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_at_once(name: str) -> None:
    """One YamlProblem with a place inside the text, within two seconds."""
    text, part = HOSTILE[name]
    began = time.process_time()
    with pytest.raises(YamlProblem, match=part) as caught:
        parse_yaml(text, "config.yml")
    assert time.process_time() - began < 2
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200
    assert caught.value.place.line <= text.count("\n") + 1


def test_depth_and_size_that_people_need_are_read() -> None:
    """The limits are far above any configuration."""
    deep = "".join("  " * n + "a:\n" for n in range(MAX_DEPTH - 2)) + "  " * (MAX_DEPTH - 2) + "a: 1\n"
    assert isinstance(parse_yaml(deep, "config.yml").data, dict)
    wide = "words:\n" + "".join(f"  - word {n}\n" for n in range(20_000))
    assert 20_000 == len(parse_yaml(wide, "config.yml").data["words"])
    assert MAX_VALUES >= 100_000
    brackets = "a: '" + "[" * 1_000 + "'\nb: |\n  " + "{{ x }}" * 500 + "\n"
    assert 1_000 == len(parse_yaml(brackets, "config.yml").data["a"])


def test_the_place_of_a_problem_is_where_a_reader_looks() -> None:
    """An open bracket is shown where it opens; an empty text has line 1."""
    cases = {
        "a:\n  b: [1, 2\nc: 3\n": 3,
        "a:\n  b: [1, 2\n": 2,
        "a: 'open\n\n\n": 1,
        "a: 2026-02-29\n": 1,
        "\n\na:\n - b\n c: d\n": 5,
    }
    found = {}
    for text in cases:
        with pytest.raises(YamlProblem) as caught:
            parse_yaml(text, "config.yml")
        found[text] = caught.value.place.line
    assert cases == found


@pytest.mark.parametrize("text", ["", "\n", "# only this\n", "---\n", "--- \n...\n", "~\n"])
def test_an_empty_document_is_no_problem_here(text: str) -> None:
    """What NeMo makes of None, the reader of configurations says."""
    parsed = parse_yaml(text, "config.yml")
    assert parsed.data is None
    assert isinstance(parsed, YamlFile)
    assert parsed.place().line <= text.count("\n") + 1
    assert [] == list(parsed.duplicates())


def test_a_byte_order_mark_does_not_move_the_columns() -> None:
    """As in NeMo, which keeps the mark and reads the rest."""
    parsed = parse_yaml("\ufeffrail: {a: 1}\n", "config.yml")
    assert {"rail": {"a": 1}} == parsed.data
    assert (1, 1) == (parsed.place(("rail",), key=True).line, parsed.place(("rail",), key=True).column)


def test_lines_are_counted_as_editors_do() -> None:
    """YAML breaks lines at three more characters than an editor."""
    text = "# one\u2028# still one\na: {b: x}\u2029c: 1\nd: 2\x85e: 3\n"
    for mark in ("", "\ufeff"):
        parsed = parse_yaml(mark + text, "config.yml")
        places = [parsed.place((key,), key=True) for key in "acde"]
        assert [(2, 1), (2, 11), (3, 1), (3, 6)] == [(place.line, place.column) for place in places]
        assert "x" == text_at(parsed.place(("a", "b")), text)
