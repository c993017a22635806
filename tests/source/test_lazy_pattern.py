"""Patterns that are compiled when they are used, and those that first ask for a text that must be there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from guardlint.source.lazy_pattern import lazy_pattern

TEXTS = ("a word, and another word", "nothing of it", "", "word")


def plain(answer: Any) -> Any:
    """What a pattern has answered, in a form that can be compared."""
    if isinstance(answer, re.Match):
        return answer.span()
    return answer if isinstance(answer, str | list | None) else [found.span() for found in answer]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("method", ["search", "match", "fullmatch", "finditer", "findall"])
def test_what_must_be_there_changes_no_answer(method: str, text: str) -> None:
    """The answers are those of the pattern itself."""
    compiled, needy = re.compile("wor(d)"), lazy_pattern("wor(d)", needs=("word",))
    assert plain(getattr(compiled, method)(text)) == plain(getattr(needy, method)(text))
    assert compiled.sub("X", text) == needy.sub("X", text)


def test_a_pattern_is_compiled_only_for_a_text_that_may_fit() -> None:
    """One that is none raises at the first such text, not before."""
    needy = lazy_pattern("word(", needs=("word",))
    assert needy.search("nothing of it") is None
    with pytest.raises(re.error):
        needy.search("a word")
