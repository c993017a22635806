"""Names: those that the text announces, and a second look at those that the model guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.pii.lexicon import lexicon
from guardlint.pii.rule import Needs
from guardlint.pii.span import Hit, Rank

__all__ = ["FINDERS", "find_names", "trim_guess"]

_UPPER = "A-ZÀ-ÖØ-ÞĀ-Ž"
_CAPITAL = rf"(?:[{_UPPER}]\.|(?:[DdLO]')?[{_UPPER}][\w'-]{{0,30}})"
_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|la|le|du|dos|bin|ibn|al|el|ter|zu)"
_NAME = rf"(?P<name>{_CAPITAL}(?: (?:{_PARTICLE} ){{0,2}}{_CAPITAL}){{0,3}})"
_FULL_NAME = rf"(?P<name>{_CAPITAL}(?: (?:{_PARTICLE} ){{0,2}}{_CAPITAL}){{1,3}})"
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme|Mlle)\.?"
_LABEL = (
    r"(?:(?:full|first|last|sur|middle|given|family|customer|patient|client|employee|holder|account|beneficiary|"
    r"policyholder|cardholder|contact|payee|legal)[ _-]?)?name|cardholder|account holder|policyholder|"
    r"beneficiary|kontoinhaber(?:in)?|karteninhaber(?:in)?|vorname|nachname|familienname|nom|prénom|titulaire"
)
_LABELLED = re.compile(rf"(?<!\w)(?i:{_LABEL})[\"']?[ ]{{0,2}}[:=][ \"']{{0,3}}{_NAME}")
_NAME_OF_A_THING = re.compile(
    r"(?i)(?:product|file|host|domain|brand|model|project|table|package|event|server|company|user)[ _-]?\Z"
)
# Cues that little but a name follows take one word, the rest (the fourth) need two.
_CUES = (
    re.compile(
        r"(?<!\w)(?i:my (?:full |first |last )?name is|my name's|i am called|they call me|"
        r"mein name ist|ich heiße|ich heisse|je m'appelle|mon nom est)[ :]{1,2}" + _NAME
    ),
    re.compile(rf"(?<!\w){_TITLE} {_NAME}"),
    _LABELLED,
    re.compile(
        r"(?<!\w)(?i:i am|i'm|this is|ich bin|je suis|hier ist|speaking with|signed|"
        rf"(?:kind |best |warm )?regards|sincerely|(?:viele |liebe |beste )?grüße|cordialement|bien à vous),?"
        rf"\s{{1,3}}{_FULL_NAME}"
    ),
    re.compile(
        rf"(?<!\w)(?i:dear|hi|hello|hey|hallo|liebe[rs]?|chère|cher|bonjour) {_NAME}(?=[ ]?[,!.:\n-]|\Z)"
    ),
)
_LOWER_CUE = re.compile(
    r"(?<!\w)(?:my (?:full )?name is|my name's|ich heiße|ich heisse|mein name ist|je m'appelle) "
    r"(?P<name>[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)(?!\w)"
)
# Lower-case words that follow a name and are none.
_AFTER_NAME = re.compile(
    r" (?:and|und|et|but|aber|mais|i|ich|je|from|aus|de|my|mein|meine|mon|with|mit|avec|please|bitte|can|"
    r"could|on|in|at|so|the|who|here|hier|ici|not|spelled|is|born|living|calling)\Z"
)

_NOT_NAMES = lexicon("not_names")
_WORD = re.compile(r"\S+")
# Also ASP.NET, but neither an initial nor the end of a sentence.
_ODD = re.compile(r"[\d@/\\_=#{}<>|*\[\]+~^]|\w{2}\.\w")


def find_names(text: str) -> Iterator[Hit]:
    """Names that a cue announces: "my name is", a title, a label, a greeting, a signature."""
    for cue in _CUES:
        for match in cue.finditer(text):
            before = text[max(0, match.start() - 12) : match.start()]
            if cue is _LABELLED and _NAME_OF_A_THING.search(before):
                continue
            kept = trim_guess(text, *match.span("name"))
            if kept:
                yield Hit(*kept, "PERSON", 0.9, Rank.SHAPED)
    for match in _LOWER_CUE.finditer(text.lower()) if text.isascii() else _LOWER_CUE.finditer(text):
        start, end = match.span("name")
        end = start + len(_AFTER_NAME.sub("", text[start:end]))
        kept = trim_guess(text, start, end, capitals=False)
        if kept:
            yield Hit(*kept, "PERSON", 0.7, Rank.SHAPED)


def trim_guess(text: str, start: int, end: int, *, capitals: bool = True) -> tuple[int, int] | None:
    """The part of ``text[start:end]`` that can be a name or a place, or None.

    Labels and odd words are cut off at both ends; what is left needs two letters, and no word in the middle
    may hold a digit or a sign that names never hold.
    """
    words = [(m.start() + start, m.end() + start) for m in _WORD.finditer(text[start:end])]
    while words and not _is_name_word(text[slice(*words[0])], capitals):
        words.pop(0)
    while words and not _is_name_word(text[slice(*words[-1])], capitals):
        words.pop()
    if not words:
        return None
    first, last = words[0][0], words[-1][1]
    while first < last and not text[first].isalpha():
        first += 1
    while first < last and not (text[last - 1].isalpha() or text[last - 1] == "."):
        last -= 1
    if text[first:last].endswith("'s"):
        last -= 2
    elif text[last - 1 : last] == "." and last - first > 3 and text[last - 3 : last - 2] not in " .":
        last -= 1  # the end of a sentence, not of an initial
    kept = text[first:last]
    if sum(char.isalpha() for char in kept) < 2 or _ODD.search(kept):
        return None
    return first, last


def _is_name_word(word: str, capitals: bool) -> bool:
    bare = word.strip(".,;:!?()\"'-")
    if not bare or _ODD.search(bare) or bare.lower() in _NOT_NAMES:
        return False
    return not capitals or any(char.isupper() or (char.isalpha() and not char.islower()) for char in bare)


FINDERS = (("PERSON", Needs.NOTHING, find_names),)
