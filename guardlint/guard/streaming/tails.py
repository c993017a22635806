"""Where a growing text stops being final: the end of it can still become part of something to be masked.

Everything here is a function of the text alone, never of the pieces in which it came.
The figures are the longest look-aheads of the recognisers in ``guardlint.pii``: the model's network sees four
words to each side and its parser three more; a name has at most ten words; digits are folded by what stands
24 characters away; spelled numbers, table rows and SQL tuples have no such bound, so they are found by shape.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

__all__ = ["HELD_CHARACTERS", "HELD_WORDS", "WORD", "ends_sentence", "growing_from", "json_from"]

HELD_WORDS: Final = 8
"""Words at the end of a text that are never final."""
HELD_CHARACTERS: Final = 48
"""Characters at the end that are never final, however many words they are."""
_MOST_RUN_WORDS: Final = 240  # a spelled value has 81 items at most, each with signs around it
_MOST_NAME_WORDS: Final = 24  # the longest address: unit, number, street, two towns and a code

_WIDE: Final = "\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
WORD: Final = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+")
"""A word, or one sign of a script that writes no blanks."""

_SIGNS: Final = re.compile(r"[\W_]+")
_NUMBER_WORDS: Final = frozenset(
    "zero one two three four five six seven eight nine oh nought naught niner double triple treble "
    "null eins zwei drei vier fünf sechs sieben acht neun zwo fuenf doppel "
    "zéro un deux trois quatre cinq sept huit neuf".split()
)
_MAIL_WORDS: Final = frozenset("at ät a arobase arrobase klammeraffe dot punkt point".split())
_NAME_WORDS: Final = frozenset(
    "van von de der den del della dei di da do das dos la las le les los l d du des e y et am an im sur sous "
    "lès bin ibn al el ter zu zum zur bis quater rue avenue boulevard place chemin allée impasse cours quai "
    "route square passage apt apartment suite unit flat ste box".split()
)
_JSON_BEGIN: Final = re.compile(r"\s*[{\[]")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)

_CLOSING: Final = "\"'`*_)]}»›“”’"
_ENDINGS: Final = (".", "!", "?", "…", "。", "！", "？", ":")

Words = Sequence[tuple[int, int]]


def ends_sentence(text: str, start: int, end: int) -> bool:
    """Whether the word ``text[start:end]``, with a character behind it, ends a sentence or a line."""
    return text[end] == "\n" or text[start:end].rstrip(_CLOSING).endswith(_ENDINGS)


def growing_from(text: str, words: Words, count: int, since: int) -> int:
    """Where the part of a text begins that what follows may still change, by shape; at least ``since``.

    The text goes to the end of the last of the first ``count`` words (at least one), whose places ``words``
    holds; the last eight of them wait in any case.
    """
    end = words[count - 1][1]
    first = max(count - HELD_WORDS, 0)
    while first and end - words[first][0] < HELD_CHARACTERS:
        first -= 1
    least = bisect_right(words, (since, -1), hi=count)  # the first word that is not final already
    for belongs, most in ((_is_numberish, _MOST_RUN_WORDS), (_is_namelike, _MOST_NAME_WORDS)):
        start = count
        while start > max(least, count - most) and belongs(text[slice(*words[start - 1])]):
            start -= 1
        first = min(first, start)
    while first > least and (_joins(text, words, first) or _joins(text, words, first - 1)):
        first -= 1
    return max(since, words[first][0])


def json_from(text: str, end: int, spans: Sequence[tuple[int, int]]) -> int | None:
    """Where in a JSON text, as far as ``end``, the first of ``spans`` stands outside a string, if any does.

    Such a number becomes a string when it is masked, but only if the whole turns out to be JSON.
    """
    if not spans or not _JSON_BEGIN.match(text):
        return None
    strings = [found.span() for found in _JSON_STRING.finditer(text, 0, end)]
    for start, _ in spans:
        index = bisect_right(strings, (start, end))
        if not index or start >= strings[index - 1][1]:
            return start
    return None


def _is_numberish(word: str) -> bool:
    """Whether a spelled, spaced or grouped value can hold it."""
    parts = _SIGNS.split(word)
    return all(
        len(part) < 2
        or part.lower() in _NUMBER_WORDS
        or any(map(str.isdigit, part))
        or (len(part) < 5 and part.isupper())
        for part in parts
    )


def _is_namelike(word: str) -> bool:
    """Whether an address or a long name can hold it."""
    bare = _SIGNS.sub("", word)
    return not bare or bare[0].isupper() or any(map(str.isdigit, bare)) or bare.lower() in _NAME_WORDS


def _joins(text: str, words: Words, index: int) -> bool:
    """Whether it stands between two parts of an address, as in ``anna at example dot org``."""
    bare = _SIGNS.sub("", text[slice(*words[index])])
    return not bare or bare.lower() in _MAIL_WORDS
