"""Names that are known as names: a given name from a list, with the family name that follows it.

The model misses names in lower case, in German and in French, and nearly all of a table's.
A given name that is a word too (``Mark``, ``Grace``) needs a known family name behind it, and in lower case
every name does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from guardlint.pii.lexicon import lexicon
from guardlint.pii.rule import Needs
from guardlint.pii.span import Hit, Rank

__all__ = ["FINDERS", "find_countries", "find_known_names", "is_family_name", "is_given_name", "is_word"]

_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|la|le|du|dos|bin|ibn|al|el|ter|zu|zum|mac|mc)"
_PART = r"(?:[^\W\d_]\.|(?:[DdLOo]['\u2019])?[^\W\d_]{1,30}(?:-[^\W\d_]{2,30}){0,2})"
# A word, and what may follow it as part of one name; the follower is matched without being consumed.
_PAIR = re.compile(
    rf"(?<![\w@.'\u2019/-])(?P<given>{_PART})(?=(?P<rest>(?: {_PARTICLE}){{0,2}}(?: {_PART}){{1,3}})?)"
)
_WORD = re.compile(r"\S+")
_NO_PERSON_BEFORE = re.compile(
    r"(?:\b(?:[Tt]he|[Aa]n?|[Dd]er|[Dd]ie|[Dd]as|[Ll]es?|[Ll]a|in|from|near|via|aus)|[A-Z][\w-]*|\d) \Z"
)
_GOES_ON = re.compile(r" [A-Z0-9]|[-/_.@]\w|\w")


def find_known_names(text: str) -> Iterator[Hit]:
    """Given names that the lists hold, each with its family name."""
    end = 0
    for match in _PAIR.finditer(text):
        if match.start() < end:
            continue
        given = match["given"]
        if not is_given_name(given):
            continue
        found = _name(text, match)
        if found:
            end = found.end
            yield found


def is_given_name(word: str) -> bool:
    """Whether the lists hold it, or both parts of a double name."""
    known = lexicon("first_names")
    plain = word.lower()
    return plain in known or _bare(plain) in _bare_names() or all(part in known for part in plain.split("-"))


def is_word(name: str) -> bool:
    """Whether that name is an everyday word, a place or a product too."""
    return name.lower() in lexicon("names_that_are_words")


def _name(text: str, match: re.Match[str]) -> Hit | None:
    given, start = match["given"], match.start()
    capital = given[0].isupper()
    end, family = _family(text, match, capital)
    if not family:
        return _alone(text, start, given)
    if not capital or given.isupper():
        known = is_family_name(family) or not family.isascii()
        sure = not is_word(given) and known and not is_word(family)
        return Hit(start, end, "PERSON", 0.6, Rank.LIKELY) if sure else None
    if is_word(given) and (not is_family_name(family) or is_word(family)):
        return None
    return Hit(start, end, "PERSON", 0.8, Rank.LIKELY)


def _alone(text: str, start: int, given: str) -> Hit | None:
    """A given name without a family name: capitalised in running text, and nothing else that is known."""
    end = start + len(given)
    if len(given) < 3 or not given.istitle() or is_word(given) or given.lower() in _elsewhere():
        return None
    # "the Jackson parser", "Jackson Road": part of another name.
    if _NO_PERSON_BEFORE.search(text[max(0, start - 8) : start]) or _GOES_ON.match(text, end):
        return None
    return Hit(start, end, "PERSON", 0.5, Rank.GUESSED)


def _family(text: str, match: re.Match[str], capital: bool) -> tuple[int, str]:
    """Where the name ends, and its last word; an empty one when no family name follows."""
    if not match["rest"]:
        return match.end(), ""
    stopped = lexicon("not_names")
    end, family = match.end(), ""
    for word in _WORD.finditer(text, match.start("rest"), match.end("rest")):
        plain = word.group()
        initial = len(plain) == 2 and plain.endswith(".")
        if plain.lower() in stopped:
            break
        if plain.lower() in _PARTICLES and not family:
            continue
        if not capital and (family or not plain.islower()):
            break
        if capital and not plain[0].isupper():
            if plain.lower() not in _PARTICLES or family:
                break
            continue
        if not initial:
            end, family = word.end(), plain
    return end, family


_PARTICLES = frozenset(_PARTICLE.strip("(?:)").split("|"))


def is_family_name(word: str) -> bool:
    """Whether the list holds it, or one part of a double name."""
    plain = word.lower().replace("\u2019", "'")
    return plain.replace("'", "") in lexicon("last_names") or any(
        part in lexicon("last_names") for part in plain.split("-")
    )


def _elsewhere() -> frozenset[str]:
    """What is more often a product, a place or a family name than a person's given name."""
    return lexicon("not_names_alone") | lexicon("not_names") | lexicon("common_words")


@cache
def _bare_names() -> frozenset[str]:
    return frozenset(map(_bare, lexicon("first_names")))


def _bare(word: str) -> str:
    """Without accents: people leave them out."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def find_countries(text: str) -> Iterator[Hit]:
    """Names of countries, which the model takes for persons or overlooks in addresses."""
    for match in _country_names().finditer(text):
        yield Hit(match.start(), match.end(), "LOCATION", 0.85, Rank.GUESSED)


@cache
def _country_names() -> re.Pattern[str]:
    names = sorted(lexicon("country_names"), key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, names)) + r")(?![\w-])")


FINDERS = (
    ("PERSON", Needs.NOTHING, find_known_names),
    ("LOCATION", Needs.NOTHING, find_countries),
)
