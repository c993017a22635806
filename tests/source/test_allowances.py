"""Comments that allow a finding: where they are comments, and what is wrong with the others."""

from __future__ import annotations

from datetime import date

import pytest

from guardlint.source.allowances import allowances_of


@pytest.mark.parametrize("file", ["a.yml", "a.co", "a.py"])
@pytest.mark.parametrize("end", ["\n", "\n\n"])
def test_behind_a_line_and_above_it(file: str, end: str) -> None:
    """Behind a text it speaks of its line, alone of the next one with a text."""
    text = f"a: 1  # guardlint: allow[one] -- why{end}# guardlint: allow[two, three] -- why\n\n# note\nb: 2\n"
    first, second = allowances_of(text, file)
    assert (1, ("one",)) == (first.line, tuple(name for name, _ in first.rules))
    assert (text.count("\n"), ["two", "three"]) == (second.line, [name for name, _ in second.rules])
    place = second.rules[1][1]
    assert "three" == text.split("\n")[place.line - 1][place.column - 1 : place.end_column - 1]


def test_the_last_day_and_the_reason() -> None:
    """The reason may hold anything."""
    [found] = allowances_of("a: 1 # guardlint: allow[x] until=2027-03-31 -- CARD-7: -- see # wiki\n", "a.yml")
    assert (date(2027, 3, 31), "CARD-7: -- see # wiki") == (found.until, found.reason)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.yml", 'a: "# guardlint: allow[x] -- no"\n'),
        ("a.yml", "a: |\n  # guardlint: allow[x] -- no\n"),
        ("a.yml", "a: x# guardlint: allow[x] -- no\n"),
        ("a.co", 'define user a\n  "# guardlint: allow[x] -- no"\n'),
        ("a.co", '"""\n# guardlint: allow[x] -- no\n"""\n'),
        ("a.py", 'A = "# guardlint: allow[x] -- no"\n'),
        ("a.py", '"""\n# guardlint: allow[x] -- no\n"""\n'),
        ("a.yml", "# about guardlint: nothing\n"),
        ("a.py", "A = (\n# guardlint: nothing, and no Python\n"),
    ],
)
def test_texts_are_no_comments(file: str, text: str) -> None:
    """Neither is a mention."""
    assert [] == [found for found in allowances_of(text, file) if not found.problem]
    if '"' in text or "|" in text:
        assert [] == list(allowances_of(text, file))


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("# guardlint: allow[x]", "gives no reason"),
        ("# guardlint: allow[x] --", "gives no reason"),
        ("# guardlint: allow[x] until=2027-02-30 -- why", "no date"),
        ("# guardlint: allow[] -- why", "names no rule"),
        ("# guardlint: allow x -- why", "is not written"),
        ("# guardlint: allow[x] why", "is not written"),
        ("# Guardlint: disable", "is not written"),
    ],
)
def test_what_is_written_wrongly_says_so(comment: str, problem: str) -> None:
    """And is never applied."""
    [found] = allowances_of(f"a: 1 {comment}\n", "a.yml")
    assert found.problem is not None
    assert problem in found.problem
