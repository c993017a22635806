"""Texts made out of a file know where every character came from."""

from __future__ import annotations

import textwrap
import time

from hypothesis import given
from hypothesis import strategies as st

from guardlint.source.mapped_text import MappedText, Origin, dedented, joined, stripped
from guardlint.source.place import Place

TEXTS = st.text(alphabet="ab \t\n\\é'\u3000", max_size=60)


def made_of(mapped: MappedText, source: str) -> str:
    """The characters of the file that those of the text point at."""
    return "".join(source[slice(*mapped.origin_of(index))] for index in range(len(mapped.text)))


@given(TEXTS, TEXTS)
def test_dedent_is_that_of_the_library_and_keeps_the_places(before: str, text: str) -> None:
    """``dedented`` takes out what ``textwrap.dedent`` takes out, and nothing moves."""
    mapped = dedented(MappedText.whole(text, len(before)))
    assert textwrap.dedent(text) == mapped.text
    assert mapped.text == made_of(mapped, before + text)


@given(TEXTS, st.sampled_from([None, "\n", " a"]), st.sampled_from(["both", "left", "right"]))
def test_strip_is_that_of_str(text: str, characters: str | None, sides: str) -> None:
    """All three of ``strip``, ``lstrip`` and ``rstrip``."""
    name = {"both": "strip", "left": "lstrip", "right": "rstrip"}[sides]
    mapped = stripped(MappedText.whole(text), characters, sides)
    assert getattr(text, name)(characters) == mapped.text
    assert mapped.text == made_of(mapped, text)


@given(TEXTS, TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_parts_of_joined_texts_keep_their_places(one: str, two: str, begin: int, end: int) -> None:
    """Texts can be cut and put together again in any order."""
    mapped = joined([MappedText.whole(two, len(one)), MappedText.whole(one)])
    part = MappedText.of(mapped.pieces(begin, end))
    assert (two + one)[begin : max(begin, end)] == part.text
    assert part.text == made_of(part, one + two)


def test_many_pieces_cost_little() -> None:
    """A hundred thousand lines, each of two pieces."""
    began = time.process_time()
    pieces = [piece for line in range(100_000) for piece in ((" a", 4 * line, 2), ("\n", 4 * line + 2, 2))]
    assert 200_000 == len(dedented(MappedText.of(pieces)).text)
    assert time.process_time() - began < 5


def test_a_place_in_a_text_is_one_in_the_file() -> None:
    """Lines and columns of both sides count from 1; what lies outside the text is drawn to its edge."""
    origin = Origin("app.py", "\ufeffx = '''\n  models:\n    - y'''\n")
    mapped = dedented(MappedText.whole("  models:\n    - y", 8))
    assert "models:\n  - y" == mapped.text
    assert Place("app.py", 2, 3, 2, 9) == origin.place_of(mapped, Place("v", 1, 1, 1, 7))
    assert Place("app.py", 3, 7, 3, 8) == origin.place_of(mapped, Place("v", 2, 5, 2, 6))
    assert Place("app.py", 2, 3, 3, 8) == origin.place_of(mapped, Place("v", 1, 1, 2, 6))
    assert Place("app.py", 3, 8, 3, 9) == origin.place_of(mapped, Place("v", 9, 9, 9, 12))


def test_nothing_has_the_first_place_of_the_file() -> None:
    """An empty text has no character to point at."""
    assert Place("a", 1, 1, 1, 2) == Origin("a", "xyz").place_of(MappedText.whole(""), Place.at("v"))
