"""String literals and YAML scalars are decoded as their own parsers do, with the origin of each character."""

from __future__ import annotations

import ast
import time
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guardlint.source.string_place import python_text, yaml_text

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r\0")
CONTENT = st.text(st.one_of(st.sampled_from(" \n\t\\'\"{}#:-|>aé😀"), CHARACTERS), max_size=40)


@st.composite
def literals(draw: st.DrawFn) -> str:
    """A literal as people may write it: any quotes, any prefix, some characters escaped."""
    quote = draw(st.sampled_from(["'", '"', "'''", '"""']))
    prefix = draw(st.sampled_from(["", "u", "r", "f", "rf", "R"]))
    parts = draw(
        st.lists(
            st.one_of(
                CONTENT,
                st.sampled_from(
                    ["\\n", "\\\n", "\\x41", "\\u00e9", "\\U0001F600", "\\N{BULLET}", "\\101", "\\d", "\\'"]
                ),
                st.sampled_from(["{{", "}}", '\\"', "\\\\"]),
            ),
            max_size=6,
        )
    )
    return prefix + quote + "".join(parts) + quote


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@settings(max_examples=400)
@given(st.lists(literals(), min_size=1, max_size=3), st.sampled_from([" ", "\n   ", "  # why\n ", " \\\n"]))
def test_every_character_of_a_python_literal_has_its_origin(parts: list[str], between: str) -> None:
    """Python judges the value; each character is either in the file as it is, or as its escape."""
    source = "x = é(" + between.join(parts) + ")"
    try:
        node = ast.parse(source, mode="exec").body[0]
    except (SyntaxError, ValueError):
        assume(False)
        raise
    assert isinstance(node, ast.Assign)
    assert isinstance(node.value, ast.Call)
    assume(len(node.value.args) == 1)
    (literal,) = node.value.args
    if isinstance(literal, ast.JoinedStr):
        assume(all(isinstance(item, ast.Constant) for item in literal.values))
        value = "".join(str(item.value) for item in literal.values if isinstance(item, ast.Constant))
    else:
        assume(isinstance(literal, ast.Constant))
        assert isinstance(literal, ast.Constant)
        value = str(literal.value)
    begin, end = source.index("(") + 1, len(source) - 1
    found = python_text(source, begin, end, value)
    assert found is not None
    for index, character in enumerate(value):
        written = source[slice(*found.origin_of(index))]
        assert character == written or written == character * 2 or _escape_means(written, character)


def _escape_means(written: str, character: str) -> bool:
    return written.startswith("\\") and ast.literal_eval(f'"{written}"') == character


@settings(max_examples=400)
@given(
    CONTENT,
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(10, 60),
    st.booleans(),
    st.integers(0, 3),
)
def test_every_character_of_a_yaml_scalar_has_its_origin(
    content: str, style: Any, width: int, unicode: bool, depth: int
) -> None:
    """Whatever PyYAML writes, in every style, is read back to the character."""
    data: Any = content
    for _ in range(depth):
        data = {"k": data}
    source = yaml.safe_dump({"a": data, "b": 1}, default_style=style, width=width, allow_unicode=unicode)
    assume("\x85" not in source and "\u2028" not in source and "\u2029" not in source)
    node: Any = yaml.compose(source, Loader=yaml.SafeLoader)
    while isinstance(node, yaml.MappingNode):
        node = node.value[0][1]
    found = yaml_text(source, node.start_mark.index, node.end_mark.index, content, node.style)
    assert found is not None
    for index, character in enumerate(content):
        written = source[slice(*found.origin_of(index))]
        assert written == character or written.strip(" \t\n") == "" or _yaml_means(written, character)


def _yaml_means(written: str, character: str) -> bool:
    if written == "''":
        return character == "'"
    return bool(yaml.safe_load(f'"{written}"') == character) or "\n" in written


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("a: |\n  x\n   y\n\n  z\n", "x\n y\n\nz\n"),
        ("a: |2\n    x\n   y\n", "  x\n y\n"),
        ("a: |+\n  x\n\n\nb: 1", "x\n\n\n"),
        ("a: |\n  x", "x\n"),
        ("a: >\n  x\n  y\n\n  z\n   more\n  q\nb: 1", "x y\nz\n more\nq\n"),
        ("a: plain\n  text\n\n  more\nb: 2", "plain text\nmore"),
        ('a: "x \\\n   y\\\n\n   z"', "x y\nz"),
    ],
)
def test_scalars_as_people_write_them(source: str, value: str) -> None:
    """Forms that PyYAML reads and never writes."""
    root: Any = yaml.compose(source, Loader=yaml.SafeLoader)
    node = root.value[0][1]
    assert value.removesuffix("\n") == node.value.removesuffix("\n")
    found = yaml_text(source, node.start_mark.index, node.end_mark.index, node.value, node.style)
    assert found is not None
    letters = [index for index, character in enumerate(node.value) if character.isalpha()]
    assert [node.value[i] for i in letters] == [source[slice(*found.origin_of(i))] for i in letters]


def test_what_does_not_come_to_the_value_is_refused() -> None:
    """A reader that errs says so, and does not point at a wrong place."""
    assert python_text("'abc'", 0, 5, "abd") is None
    assert python_text("b'abc'()", 0, 8, "abc") is None
    assert yaml_text("a: |\n  abc", 3, 10, "abd", "|") is None
    assert yaml_text('"\\q"', 0, 4, "q", '"') is None


def test_a_huge_literal_costs_little() -> None:
    """Four million characters in one literal, and a hundred thousand escapes."""
    began = time.process_time()
    text = "x" * 4_000_000
    assert python_text(f'"""{text}"""', 0, len(text) + 6, text) is not None
    escapes = "\\n" * 100_000
    assert python_text(f"'{escapes}'", 0, len(escapes) + 2, "\n" * 100_000) is not None
    assert time.process_time() - began < 5
