"""An edit changes its span and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlint.source.edits import Edit, OverlappingEdits, apply_edits
from guardlint.source.place import Place


def at(line: int, column: int, end_line: int, end_column: int) -> Place:
    return Place("f", line, column, end_line, end_column)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_the_byte_order_mark_stay(end: str, mark: str) -> None:
    """New lines are written as the file's are."""
    text = f"{mark}rail:{end}  a: 1{end}"
    edits = [Edit(at(1, 1, 1, 5), "rails"), Edit.insert("f", 2, 7, "\n  b: 2")]
    assert apply_edits(text, edits) == f"{mark}rails:{end}  a: 1{end}  b: 2{end}"


def test_insertions_at_one_point_keep_their_order() -> None:
    """The first one given comes first."""
    assert apply_edits("ab", [Edit.insert("f", 1, 2, "1"), Edit.insert("f", 1, 2, "2")]) == "a12b"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(at(1, 1, 1, 3), ""), Edit(at(1, 2, 1, 4), "")],
        [Edit(at(3, 1, 3, 2), "")],
        [Edit(at(1, 4, 1, 9), "")],
        [Edit(at(1, 3, 1, 2), "")],
        [Edit(at(1, 0, 1, 1), "")],
    ],
)
def test_what_cannot_be_made_is_refused(edits: list[Edit]) -> None:
    """Edits that overlap, or stand outside of the text."""
    with pytest.raises(OverlappingEdits):
        apply_edits("abcd\n", edits)


@given(st.text("ab\n\r é😀", max_size=40), st.data())
def test_the_rest_of_the_text_stays(text: str, data: st.DataObject) -> None:
    """What stands before and behind the span is what it was."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    line = data.draw(st.integers(1, len(lines)))
    start = data.draw(st.integers(1, len(lines[line - 1]) + 1))
    end = data.draw(st.integers(start, len(lines[line - 1]) + 1))
    new = apply_edits(text, [Edit(at(line, start, line, end), "NEW")])
    shown = new.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines[line - 1] = lines[line - 1][: start - 1] + "NEW" + lines[line - 1][end - 1 :]
    assert shown == lines
    assert len(new) == len(text) - (end - start) + 3
