"""Street addresses in the word order of English, German and French, with the town and code that follow."""

from __future__ import annotations

import re

from guardlint.pii.rule import Needs, Rule, against

__all__ = ["RULES"]

_UPPER = "A-ZÀ-ÖØ-Þ"
_NAME = rf"(?:Ste?\.|[{_UPPER}][\w'-]{{0,30}})"
_EN_TYPE = (
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Cres|Way|Place|Pl|Square|Sq|Terrace|"
    r"Gardens|Grove|Hill|Park|Mews|Row|Walk|Boulevard|Blvd|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Quay|Parade"
)
_UK_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_US_CODE = r"[A-Z]{2} \d{5}(?:-\d{4})?"
_EN_TOWN = rf"(?:,? (?:{_NAME} ?){{1,3}}){{0,2}}(?:,? ?(?:{_UK_CODE}|{_US_CODE}))"
_UNIT = r"(?:(?:Flat|Apt|Apartment|Unit|Suite|Apt\.) ?[\w-]{1,5},? )?"
_DE_TYPE = (
    r"(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer|steig|chaussee|promenade|"
    r"straat|laan|plein|gracht|kade|gatan|vägen|vegen|veien|gade|vej|stræde|katu)"
)
# Italian, Spanish, Portuguese and Polish put the kind of street first and the number last.
_SOUTH_TYPE = (
    r"(?:Via|Viale|Corso|Piazza|Calle|Avenida|Avda\.|Av\.|Plaza|Paseo|Camino|Rua|Praça|"
    r"Travessa|Largo|ul\.|Ulica)"
)
# A break within a postal address: a blank, a comma, or a new line, perhaps of a quoted letter.
_BREAK = r"(?:,? |,?[ ]?\n[>? ]{0,6})"
_BREAK_AFTER = r"(?: |[ ]?\n[>? ]{0,6})"
_PART = r"[\w'\u2019.-]{1,25}"
_DE_WORD = r"(?:Str\.|Stra(?:ß|ss)e|Weg|Platz|Allee|Ring|Damm)"
_FR_TYPE = r"(?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|cours|quai|route|square|passage)"
_TOWN = rf"{_NAME}(?:[ -](?:am|an der|im|sur|sous|lès|la|le|les|de|du|{_NAME})){{0,3}}"


# Any street: what follows is a postcode and a town, which prove it.
_ANY_STREET = rf"[{_UPPER}][\w'.-]{{1,30}}(?: (?:den|der|dem|des|[{_UPPER}][\w'.-]{{1,30}})){{0,3}}"
_SMALL_LIVES = r"(?:wohne|wohnt|wohnhaft|adresse|anschrift)(?: (?:ist|in|im|jetzt|der)){0,2}[ :,]{1,2}"


def _names_no_thing(value: str) -> bool | None:
    return False if against(value, 32) else None


def _rule(pattern: str, score: float, *, ignore_case: bool = False) -> Rule:
    flags = re.IGNORECASE if ignore_case else 0
    return Rule("ADDRESS", re.compile(pattern, flags), score, needs=Needs.DIGIT)


RULES: tuple[Rule, ...] = (
    Rule(
        "ADDRESS",
        re.compile(
            rf"(?<![\w-]){_ANY_STREET} \d{{1,4}} ?[a-zA-Z]?,{_BREAK_AFTER}(?:D-|A-|CH-)?\d{{5}} {_TOWN}"
        ),
        0.7,
        check=_names_no_thing,
        needs=Needs.DIGIT,
    ),
    Rule(
        "ADDRESS",
        re.compile(
            rf"(?i){_SMALL_LIVES}(?P<value>(?:[^\W\d_][\w'.-]{{0,30}} ){{1,4}}\d{{1,4}} ?[a-z]?,? \d{{5}} "
            r"(?:(?:bad|sankt|st\.) )?[^\W\d_][\w-]{1,30})"
        ),
        0.8,
        needs=Needs.DIGIT,
    ),
    _rule(
        rf"(?<![\w.,-])\d{{1,4}}[A-Za-z]? (?:{_NAME} ){{0,3}}{_NAME}{_BREAK}"
        rf"(?:{_NAME}(?:[ -]{_NAME}){{0,2}}{_BREAK}){{1,2}}{_UK_CODE}(?!\w)",
        0.85,
    ),
    _rule(
        rf"(?<![\w.,-]){_UNIT}\d{{1,5}}[A-Za-z]?(?:-\d{{1,5}})?,? (?:{_NAME} ){{1,4}}(?:{_EN_TYPE})\b\.?"
        rf"(?: (?:North|South|East|West|[NSEW]{{1,2}})\b)?(?:{_EN_TOWN}(?!\w))?",
        0.85,
    ),
    # Lower case: the house number, one or two words, a street type that is no everyday word.
    _rule(
        r"(?<![\w.,-])\d{1,4}[a-z]? (?:[a-z]{3,20} ){1,2}"
        r"(?:street|road|avenue|lane|crescent|terrace|boulevard)\b(?:,? [a-z]{3,20}){0,2}"
        r"(?:,? [a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b)?",
        0.6,
    ),
    # In front of a postcode every street type counts.
    _rule(
        rf"(?i)(?<![\w.,-])\d{{1,4}}[a-z]? (?:[a-z'-]{{2,20}} ){{1,3}}(?:{_EN_TYPE})"
        r"(?:,? [a-z]{3,20}){0,3},? "
        r"(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]{2} \d{5})(?!\w)",
        0.8,
    ),
    _rule(r"(?<!\w)P\.?\s?O\.?\s?Box \d{1,6}(?!\w)", 0.8, ignore_case=True),
    # The unit says that what stands before it is a street, in any language.
    _rule(
        rf"(?<![\w.,-])\d{{1,6}}(?: {_PART}){{1,5}}{_BREAK}(?i:apt|apartment|suite|unit|flat|ste)\.? ?"
        rf"#?\d{{1,5}}(?!\w)(?:{_BREAK}[{_UPPER}]{_PART}(?: [{_UPPER}]{_PART}){{0,3}}){{0,2}}"
        rf"(?:{_BREAK}[A-Z]{{2}})?"
        rf"(?:{_BREAK}\d{{4,6}}(?!\w))?",
        0.8,
    ),
    _rule(
        r"(?<!\w)(?:(?:PSC|CMR|Unit) \d{1,5},? Box \d{1,5}|US[NSVC]{1,2}S? [A-Z]\w{1,20}),?\s{1,3}"
        r"(?:APO|FPO|DPO),? A[AEP] \d{5}(?!\d)",
        0.9,
    ),
    _rule(
        rf"(?<![\w-])(?:\d{{1,6}} )?{_SOUTH_TYPE} "
        r"(?:(?:de|da|do|dos|das|del|della|dei|la|las|los|di) ){0,2}"
        rf"{_NAME}(?: (?:de|da|do|del|della|e|y|{_NAME})){{0,4}},? \d{{1,4}}(?![\w.])",
        0.7,
    ),
    # "Am Markt 5" is an address when a postcode and a town follow.
    _rule(
        rf"(?<!\w)(?:Am|An der|An den|Auf der|Auf dem|Im|In der|Zum|Zur) {_NAME} \d{{1,4}} ?[a-zA-Z]?"
        rf",? (?:D-)?\d{{5}} {_TOWN}",
        0.85,
    ),
    _rule(
        rf"(?<![\w-])(?:[{_UPPER}][\w-]{{0,30}}{_DE_TYPE}|(?:{_NAME}[ -]){{1,3}}{_DE_WORD})"
        rf" \d{{1,4}} ?[a-zA-Z]?(?!\w)(?:,? (?:D-)?\d{{5}} {_TOWN})?",
        0.85,
    ),
    _rule(
        rf"(?<![\w.,-])\d{{1,4}} ?(?:bis|ter|quater)?,? {_FR_TYPE} "
        rf"(?:(?:de|du|des|la|le|les|l'|d'|de l') ?){{0,3}}"
        rf"{_NAME}(?:[ -](?:de|du|des|la|le|les|et|{_NAME})){{0,5}}(?:,? (?:F-)?\d{{5}} {_TOWN})?",
        0.85,
    ),
)
