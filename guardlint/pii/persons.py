"""Names: those that the text announces, and a second look at those that the model guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.pii.gazetteer import is_family_name, is_given_name, is_word
from guardlint.pii.lexicon import lexicon
from guardlint.pii.rule import Needs
from guardlint.pii.span import Hit, Rank

__all__ = ["FINDERS", "find_names", "stands_for_a_thing", "trim_guess"]

_UPPER = "A-ZÀ-ÖØ-ÞĀ-Ž"
_CAPITAL = rf"(?:[{_UPPER}]\.|(?:[DdLO]')?[{_UPPER}][\w'-]{{0,30}})"
_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|la|le|du|dos|bin|ibn|al|el|ter|zu)"
_BEFORE = rf"(?:{_PARTICLE} ){{0,3}}"
_NAME = rf"(?P<name>{_BEFORE}{_CAPITAL}(?: (?:{_PARTICLE} ){{0,2}}{_CAPITAL}){{0,3}})"
_FULL_NAME = rf"(?P<name>{_CAPITAL}(?: (?:{_PARTICLE} ){{0,2}}{_CAPITAL}){{1,3}})"
_TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme|Mlle|Mevrouw|Signora?)\.?"
)
_LABEL = (
    r"(?:(?:full|first|last|sur|middle|given|family|customer|patient|client|employee|holder|account|beneficiary|"
    r"policyholder|cardholder|contact|payee|legal)[ _-]?)?namen?|cardholder|account holder|policyholder|"
    r"beneficiary|kontoinhaber(?:in)?|karteninhaber(?:in)?|vorname|nachname|familienname|nom|prénom|"
    r"prenom|nom complet|"
    r"titulaire|"
    r"bénéficiaire|assuré|assurée|inhaber(?:in)?|holder|issued to|insured|kunde|kundin|"
    r"versicherte(?:r| person)?|mieter(?:in)?|"
    r"ansprechpartner(?:in)?|patient(?:in)?|tenant|landlord|customer|client|employee|claimant|sender|recipient|"
    r"empfänger(?:in)?"
)
# People of whom one speaks: a full name follows.
_KIN = (
    r"(?:meine|mein|meiner|meinem|meinen|unser|unsere|mon|ma|notre|my|our) "
    r"(?:kollegin|kollege|kollegen|mann|frau|sohn|tochter|chef|chefin|freund|freundin|bruder|schwester|mutter|vater|"
    r"mieter|mieterin|nachbar|nachbarin|mari|femme|collègue|fils|fille|père|mère|frère|sœur|soeur|voisin|voisine|"
    r"patron|patronne|husband|wife|colleague|son|daughter|boss|friend|brother|sister|mother|father|tenant|"
    r"neighbour|neighbor|partner|manager|assistant)"
)
_LABELLED = re.compile(rf"(?<!\w)(?i:{_LABEL})[\"']?[ ]{{0,2}}[:=][ \"']{{0,3}}{_NAME}")
_NAME_OF_A_THING = re.compile(
    r"(?i)(?:product|file|host|domain|brand|model|project|table|package|event|server|company|user)[ _-]?\Z"
)
_MAILBOX = re.compile(rf"(?<![\w@]){_FULL_NAME}[\"']? <[^<>\s]{{1,128}}@")
# After these a name follows, or much else: it must hold a name that is known.
_ROLE = re.compile(
    rf"(?<!\w)(?i:(?:{_LABEL})(?: (?:is|ist|est|lautet|war|was))?|bitte|bitte an|an|mit|laut|für|von|durch|"
    rf"account of|attorney of|according to|behalf of|d'après|selon|par|pour|avec|chez|"
    rf"ask|tell|told|did|does) {_FULL_NAME}"
)
# Professions as well as titles: what follows must be no word of every day.
_PROFESSION = re.compile(rf"(?<!\w)(?i:docteur|doktor|professeur|professor|maître) {_NAME}")
_CHILD = re.compile(rf"(?<!\w)(?i:{_KIN}) (?P<name>{_CAPITAL})(?![\w.@-])")
_HANDLE = re.compile(rf"(?<![\w.@])@(?P<name>{_CAPITAL})(?![\w.@-])")
# Cues that little but a name follows take one word, the rest (the fourth) need two.
_CUES = (
    re.compile(
        r"(?<!\w)(?i:my (?:full |first |last )?name is|my name's|i am called|they call me|"
        r"mein name ist|ich heiße|ich heisse|je m'appelle|mon nom est)[ :]{1,2}" + _NAME
    ),
    re.compile(rf"(?<!\w){_TITLE}(?: (?:{_TITLE}|med\.)){{0,2}} {_NAME}"),
    _LABELLED,
    re.compile(
        rf"(?<!\w)(?i:{_KIN}|läuft auf|lautet auf|auf den namen|im namen von|au nom de|in the name of|"
        rf"M\.|witness,) {_FULL_NAME}"
    ),
    re.compile(
        r"(?<!\w)(?i:i am|i'm|this is|ich bin|je suis|hier ist|speaking with|signed|"
        rf"(?:kind |best |warm )?regards|sincerely|(?:viele |liebe |beste )?grüße|cordialement|bien à vous),?"
        rf"\s{{1,3}}{_FULL_NAME}"
    ),
    re.compile(
        rf"(?<!\w)(?i:dear|hi|hello|hey|hallo|liebe[rs]?|chère|cher|bonjour) {_NAME}(?=[ ]?[,!.:\n-]|\Z)"
    ),
)
_NUMBER = re.compile(r"[ :#]{0,3}\d")
# Nothing follows these two but a name.
_SURE = (_CUES[0], _CUES[3])
_LOWER_CUE = re.compile(
    r"(?<!\w)(?:my (?:full )?name is|my name's|ich heiße|ich heisse|mein name ist|je m'appelle) "
    rf"(?P<name>[^\W\d_]{{2,20}}(?:(?: [^\W\d_]\.| (?:{_PARTICLE})){{0,3}} [^\W\d_]{{2,20}})?)(?!\w)"
)
# Much else follows these too, so the name must begin with a known one.
_LOWER_HINT = re.compile(
    rf"(?<!\w)(?:i'm|im|i am|it's|its|this is|here is|hier ist|ich bin|je suis|c'est|spoke to|speak to|"
    r"did|does|bitte an|an|für|"
    rf"talk to|ask|tell|told|thanks|cheers|regards|signed|from|with|in the name of|on behalf of|{_KIN}),? "
    r"(?P<name>[^\W\d_]{3,20}"
    r"(?: [^\W\d_]\.| (?:van|von|de|der|den|da|di|la|le|el|al)){0,3} [^\W\d_][^\W\d_'-]{2,20})(?!\w)"
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
            if cue is _LABELLED:
                kept = _labelled(match, kept)
            elif kept and cue in _SURE:
                kept = _with_family(match, kept)
            if kept:
                yield Hit(*kept, "PERSON", 0.9, Rank.SHAPED)
    yield from _known_after_a_cue(text)
    lower = _small(text)
    for match in _LOWER_CUE.finditer(lower):
        start, end = match.span("name")
        end = start + len(_AFTER_NAME.sub("", text[start:end]))
        kept = trim_guess(text, start, end, capitals=False)
        if kept:
            yield Hit(*kept, "PERSON", 0.7, Rank.SHAPED)
    for match in _LOWER_HINT.finditer(lower):
        start, end = match.span("name")
        if text[start:end].islower() and _begins_with_a_name(lower[start:end].split()):
            yield Hit(start, end, "PERSON", 0.6, Rank.SHAPED)


def _with_family(match: re.Match[str], kept: tuple[int, int]) -> tuple[int, int]:
    """Also the "Day" of "Mark Day", which is cut off as a word of letters and forms."""
    start, end = match.span("name")
    words = match["name"].split()
    if kept != (start, end - len(words[-1]) - 1) or len(words) != 2 or _NUMBER.match(match.string, end):
        return kept
    return (start, end) if is_given_name(words[0]) and is_family_name(words[1]) else kept


def _labelled(match: re.Match[str], kept: tuple[int, int] | None) -> tuple[int, int] | None:
    """What a label says to be a name: also "April Ross", but under a bare ``name`` no Winter Jacket."""
    words = match["name"].split()
    bare = match.group().lower().startswith("name")
    if len(words) < 2:
        return kept
    given, family = words[0].lower(), words[-1].lower()
    if bare and not is_family_name(family) and (family in lexicon("common_words") or _are_things(words[:-1])):
        return None
    whole = is_given_name(given) and is_family_name(family) and family not in _NOT_NAMES
    return match.span("name") if whole else kept


def _are_things(words: list[str]) -> bool:
    """Whether two or more words before the last are all of every day, as in "Blue Running Shoes"."""
    return len(words) > 1 and all(is_word(word) or word.lower() in lexicon("common_words") for word in words)


def _known_after_a_cue(text: str) -> Iterator[Hit]:
    """Names of which a list holds a part, after words that announce much else too."""
    if "@" in text:
        for match in _MAILBOX.finditer(text):
            yield Hit(*match.span("name"), "PERSON", 0.8, Rank.SHAPED)
    for match in _ROLE.finditer(text):
        kept = trim_guess(text, *match.span("name"))
        words = text[slice(*kept)].split() if kept else []
        if kept and len(words) > 1 and _is_some_name(words):
            yield Hit(*kept, "PERSON", 0.6, Rank.LIKELY)
    for match in _PROFESSION.finditer(text):
        kept = trim_guess(text, *match.span("name"))
        words = text[slice(*kept)].split() if kept else []
        if kept and not any(word.lower() in lexicon("common_words") for word in words):
            yield Hit(*kept, "PERSON", 0.6, Rank.SHAPED)
    for cue in (_CHILD, _HANDLE):
        for match in cue.finditer(text):
            given = match["name"]
            if is_given_name(given) and not is_word(given) and given.lower() not in _NOT_NAMES:
                yield Hit(*match.span("name"), "PERSON", 0.6, Rank.LIKELY)


def _is_some_name(words: list[str]) -> bool:
    """Whether the first or the last word is known as a name and none of them as anything else."""
    plain = [word.lower().strip(".") for word in (words[0], words[-1])]
    if any(word in lexicon("common_words") or word in lexicon("not_names_alone") for word in plain):
        return False
    given, family = plain
    return (is_given_name(given) and not is_word(given)) or (is_family_name(family) and not is_word(family))


def _small(text: str) -> str:
    """``text`` in small letters, as long as it was: that of one sign is longer, and offsets would shift."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


def _begins_with_a_name(words: list[str]) -> bool:
    given, family = words[0], words[-1]
    if not is_given_name(given) or family in lexicon("common_words") or family in _NOT_NAMES:
        return False
    return not is_word(given) or (is_family_name(family) and not is_word(family))


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


_SENTENCE_START = re.compile(r"(?:\A|[.!?:\n]\s{0,3}|[-*|,;\t] ?)\Z")


def stands_for_a_thing(text: str, start: int, end: int) -> bool:
    """Whether a single word that the model took for a name is none: a product, or any word in capitals.

    A word at the start of a sentence is only a name when a list holds it.
    """
    word = text[start:end].strip(".").lower()
    if " " in word:
        return False
    if word in lexicon("not_names_alone") or word in lexicon("common_words"):
        return True
    known = is_given_name(word) or is_family_name(word)
    return not known and bool(_SENTENCE_START.search(text[max(0, start - 4) : start]))


def _is_name_word(word: str, capitals: bool) -> bool:
    bare = word.strip(".,;:!?()\"'-")
    if not bare or _ODD.search(bare) or bare.lower() in _NOT_NAMES:
        return False
    return not capitals or any(char.isupper() or (char.isalpha() and not char.islower()) for char in bare)


FINDERS = (("PERSON", Needs.NOTHING, find_names),)
