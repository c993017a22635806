"""Ways to write a value so that people still read it and patterns do not."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from urllib.parse import quote

from .rows import Gold, Row

__all__ = ["TRICKS", "disguised"]

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_WORDS_DE = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"
_LOOKALIKE = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")
_ODD_SPACES = "\u00a0\u2009\u202f\u2003"
_NUMBERS = frozenset(
    {
        "PHONE_NUMBER",
        "CREDIT_CARD",
        "UK_NHS",
        "US_SSN",
        "UK_SORT_CODE",
        "BANK_ACCOUNT",
        "IBAN_CODE",
        "UK_NINO",
    }
)
_LONG = _NUMBERS - {"UK_SORT_CODE", "BANK_ACCOUNT"}


def _zero_width(value: str, chance: random.Random) -> str:
    return "".join(
        char + (chance.choice("\u200b\u200d\u2060") if i % 2 else "") for i, char in enumerate(value)
    )


def _full_width(value: str, _chance: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value)


def _homoglyph(value: str, _chance: random.Random) -> str:
    return value.translate(_LOOKALIKE)


def _spaced(value: str, _chance: random.Random) -> str:
    return " ".join(char for char in value if char != " ")


def _separated(value: str, chance: random.Random) -> str:
    mark = chance.choice("._*|~")
    return mark.join(char for char in value if char.isalnum())


def _digit_words(value: str, _chance: random.Random) -> str:
    return " ".join(_WORDS[int(char)] if char.isdigit() else char for char in value if char.isalnum())


def _digit_words_de(value: str, _chance: random.Random) -> str:
    return " ".join(_WORDS_DE[int(char)] if char.isdigit() else char for char in value if char.isalnum())


def _oh_for_zero(value: str, _chance: random.Random) -> str:
    return value.replace("0", "O").replace("1", "l")


def _circled(value: str, _chance: random.Random) -> str:
    return "".join(_CIRCLED[int(char)] if char.isdigit() else char for char in value)


def _arabic(value: str, _chance: random.Random) -> str:
    return "".join(_ARABIC[int(char)] if char.isdigit() else char for char in value)


def _keycaps(value: str, _chance: random.Random) -> str:
    return "".join(char + "\ufe0f\u20e3" if char.isdigit() else char for char in value)


def _at_dot(value: str, chance: random.Random) -> str:
    at, dot = chance.choice(
        ((" at ", " dot "), ("[at]", "[dot]"), (" (at) ", " (dot) "), ("(a)", "."), (" AT ", " DOT "))
    )
    return value.replace("@", at).replace(".", dot)


def _base64(value: str, _chance: random.Random) -> str:
    return base64.b64encode(value.encode()).decode()


def _percent(value: str, _chance: random.Random) -> str:
    return (
        "".join(f"%{ord(char):02X}" if not char.isalnum() else char for char in value)
        if not value.isalnum()
        else quote(value)
    )


def _odd_space(value: str, chance: random.Random) -> str:
    return "".join(
        chance.choice(_ODD_SPACES) if char == " " else "\u2011" if char == "-" else char for char in value
    )


TRICKS: dict[str, tuple[Callable[[str, random.Random], str], frozenset[str]]] = {
    "zero width": (_zero_width, _NUMBERS | {"EMAIL_ADDRESS", "PERSON"}),
    "full width": (_full_width, _NUMBERS | {"EMAIL_ADDRESS", "PERSON"}),
    "look-alikes": (_homoglyph, frozenset({"EMAIL_ADDRESS", "PERSON", "UK_NINO", "IBAN_CODE"})),
    "circled digits": (_circled, _NUMBERS),
    "Arabic digits": (_arabic, _NUMBERS),
    "keycaps": (_keycaps, _NUMBERS),
    "spaced": (_spaced, _NUMBERS | {"EMAIL_ADDRESS"}),
    "separated": (_separated, _LONG),
    "digit words": (_digit_words, _NUMBERS),
    "German digit words": (_digit_words_de, _LONG),
    "O for 0": (_oh_for_zero, _LONG),
    "at and dot": (_at_dot, frozenset({"EMAIL_ADDRESS"})),
    "base64": (_base64, _NUMBERS | {"EMAIL_ADDRESS", "PERSON"}),
    "percent": (_percent, frozenset({"EMAIL_ADDRESS", "PHONE_NUMBER", "IBAN_CODE", "CREDIT_CARD"})),
    "odd spaces": (_odd_space, _NUMBERS),
}
"""Each trick, and the entities that people write so."""


def disguised(row: Row, trick: str) -> Row | None:
    """The row with its values written in that way; None when nobody would, or when nothing changes."""
    change, entities = TRICKS[trick]
    if not all(gold.entity in entities for gold in row.gold):
        return None
    chance = random.Random(row.text)
    parts: list[str] = []
    gold: list[Gold] = []
    length = end = 0
    for one in row.gold:
        value = change(row.text[one.start : one.end], chance)
        if value == row.text[one.start : one.end]:
            return None
        parts += (row.text[end : one.start], value)
        length += one.start - end
        gold.append(Gold(length, length + len(value), one.entity))
        length += len(value)
        end = one.end
    return Row("".join((*parts, row.text[end:])), row.section, tuple(gold))
