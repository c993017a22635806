"""Whether a text is English enough for the English model, from its small words.

On German and French the English model calls greetings and nouns persons (precision .35 and .57 where it has
.82 on English), so those texts are read by the rules alone.
"""

from __future__ import annotations

import re

from guardlint.pii.lexicon import lexicon

__all__ = ["is_english"]

_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = lexicon("small_words_en")
_GERMAN = lexicon("small_words_de")
_FRENCH = lexicon("small_words_fr")
_SAMPLE = 2000


def is_english(text: str, declared: str) -> bool:
    """True when ``declared`` is English and the text does not read as German or French.

    ``declared`` is a language tag (``en``, ``en-GB``); only the first 2,000 characters are looked at.
    """
    if declared.split("-", maxsplit=1)[0].split("_", maxsplit=1)[0].lower() != "en":
        return False
    words = [word.lower() for word in _WORD.findall(text[:_SAMPLE])]
    english = sum(word in _ENGLISH for word in words)
    other = max(sum(word in _GERMAN for word in words), sum(word in _FRENCH for word in words))
    return not other or other <= english
