"""The marks stand under what they mean, in any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlint.report.frame import code_frame, width_of
from guardlint.source.place import Place


def frame(text: str, line: int, column: int, end: int) -> tuple[str, str]:
    found = code_frame(Place("f", line, column, line, end), text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("rails: {inputs: 1}", "inputs"),
        ("\trail: x", "rail"),
        ("有害 rail: x", "rail"),
        ("e\u0301 rail: x", "rail"),
        ("\ufeffrail: x", "rail"),
        ("a: \x1b[31mred rail: x", "rail"),
        ("password: hunter2 rail: x", "rail"),
        ("x" * 500 + " rail " + "y" * 500, "rail"),
    ],
)
def test_the_mark_stands_under_the_word(line: str, word: str) -> None:
    """Tabs, wide and combining letters, control characters, hidden secrets and very long lines included."""
    plain = line.lstrip("\ufeff")
    start = plain.index(word)
    shown, marks = frame(line, 1, start + 1, start + len(word) + 1)
    assert "\x1b" not in shown
    before = shown[: shown.index(word)]
    assert width_of(before) == len(marks) - len(marks.lstrip())
    assert "^" * len(word) == marks.strip()
    assert width_of(shown) <= 200


def test_a_place_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    """Not further."""
    found = code_frame(Place("f", 1, 4, 3, 2), "a: 'one\n  two\n b'\n")
    assert ("a: 'one", "   ^^^^") == found


@pytest.mark.parametrize(("line", "text"), [(1, None), (9, "a\n"), (1, "\n"), (2, "a\n   \n")])
def test_a_line_that_is_not_there_has_no_frame(line: int, text: str | None) -> None:
    """Nor has an empty one."""
    assert code_frame(Place.at("f", line), text) is None


def test_a_private_key_of_several_lines_is_hidden_in_every_frame() -> None:
    """A line from its middle looks like any text, but what stands above it tells."""
    begin, end = (f"  -----{word} FAKE PRIVATE KEY-----\n" for word in ("BEGIN", "END"))
    text = "key: |\n" + begin + "  ZmFrZWZha2U=\n" + end + "rail: 1\n"
    assert "ZmFr" not in frame(text, 3, 3, 9)[0]
    assert "rail: 1" == frame(text, 5, 1, 5)[0]


@given(st.text(), st.integers(1, 5), st.integers(1, 30), st.integers(0, 30))
def test_no_place_is_too_odd(text: str, line: int, column: int, width: int) -> None:
    """There is always a mark, and never a control character."""
    found = code_frame(Place.at("f", line, column, width), text)
    if found is not None:
        shown, marks = found
        assert "^" in marks
        assert "\x1b" not in shown
        assert "\n" not in shown
