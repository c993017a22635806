# ruff: noqa: ARG002, E501 - every maker takes the language, most need none
"""Values and disguises of the fresh sets, made by other hands than the detector and the first two sets.

Names from countries that the other sets do not draw on, other spellings of numbers, and disguises of the families
that attackers use (invisible and odd characters, look-alikes, spelled and spaced values, words for signs, encodings).
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Callable

from faker import Faker

from .chance import DIGITS, LETTERS, LOWER, UPPER, cut, luhn_digit
from .rows import Gold, Row
from .values import Values

__all__ = ["FRESH_TRICKS", "FreshValues", "fresh_disguise"]

_FAR = (
    "cs_CZ",
    "da_DK",
    "fi_FI",
    "hu_HU",
    "no_NO",
    "es_MX",
    "pt_BR",
    "vi_VN",
    "en_IN",
    "fr_CH",
    "de_CH",
    "sk_SK",
)
_NEAR = {
    "en": ("en_US", "en_GB", "en_AU", "en_NZ"),
    "de": ("de_DE", "de_CH", "de_AT"),
    "fr": ("fr_FR", "fr_CA"),
}
_DOUBLE = (
    "van den Berg",
    "de la Cruz",
    "O'Sullivan",
    "McAllister",
    "Al-Sayed",
    "Schmidt-Weber",
    "da Silva",
    "Nguyen",
)
_FIRSTS = (
    "Aoife",
    "Siobhán",
    "Chidi",
    "Mehmet",
    "Zofia",
    "Björn",
    "Priya",
    "Wei",
    "Fatima",
    "José",
    "Anneliese",
    "Luc",
)
_MBI = "ACDEFGHJKMNPQRTUVWXY"
_PASSPORT = "CFGHJKLMNPRTVWXYZ"
_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
}


class FreshValues(Values):
    """Other spellings of the same things, and the entities that the first two sets leave out."""

    def _near(self, language: str) -> Faker:
        return self._of_place(self.choice(_FAR if self.chance(0.25) else _NEAR[language]))

    def _of_place(self, place: str) -> Faker:
        if place not in self._fakers:
            self._fakers[place] = Faker(place)
            self._fakers[place].seed_instance(self.random.getrandbits(32))
        return self._fakers[place]

    def _person(self, language: str) -> str:
        faker = self._near(language)
        return f"{self._first_of(faker)} {self._last_of(faker)}"

    def _first(self, language: str) -> str:
        return self._first_of(self._near(language))

    def _last(self, language: str) -> str:
        return self._last_of(self._near(language))

    def _first_of(self, faker: Faker) -> str:
        return self.choice(_FIRSTS) if self.chance(0.15) else faker.first_name()

    def _last_of(self, faker: Faker) -> str:
        return self.choice(_DOUBLE) if self.chance(0.15) else faker.last_name()

    def _email_address(self, language: str) -> str:
        name = (
            f"{self.of(LOWER, 5)}{self.choice(('.', '_', '-', '+'))}{self.of(LOWER, 6)}{self.number(1, 99)}"
        )
        return f"{name}@{self.choice(('kunde.example', 'uni-ulm.example.org', 'mx3.example.net', 'firma.example.com'))}"

    def _phone_number(self, language: str) -> str:
        d, tail = self.digits, self.of(DIGITS, 6)
        if language == "de":
            return self.choice(
                (f"0{d(3)}-{d(6)}", f"+49 {d(3)} {d(4)} {d(3)}", f"+49-30-{d(6)}", f"(040) {d(6)}")
            )
        if language == "fr":
            pairs = cut(self.of(DIGITS, 8), 2)
            return self.choice(
                (f"06.{'.'.join(pairs)}", f"01-{'-'.join(pairs)}", f"+33 (0)6 {' '.join(pairs)}")
            )
        exchange = f"{self.number(201, 989)}".replace("11", "22")
        return self.choice(
            (
                f"+44 (0)7700 9{tail[:2]} {tail[3:]}",
                f"07700 9{tail[:2]}{tail[3:]}",
                f"0113 496 0{tail[:3]}",
                f"(303) {exchange}-{tail[:4]}",
                f"303.{exchange}.{tail[:4]}",
                f"+1-303-{exchange}-{tail[:4]}",
                f"+353 87 {exchange} {tail[:4]}",
            )
        )

    def _address(self, language: str) -> str:
        number = str(self.number(2, 199))
        if language == "de":
            street = self.choice(
                ("Lindenstr.", "Am Mühlbach", "Goethestraße", "Unter den Eichen", "Bergweg", "Neuer Platz")
            )
            return f"{street} {number}{self.choice(('', '', 'a'))}, {self.digits(5)} {self.choice(('Ulm', 'Bad Tölz', 'Görlitz'))}"
        if language == "fr":
            street = self.choice(
                (
                    "rue du Faubourg",
                    "allée des Tilleuls",
                    "impasse Pasteur",
                    "quai Voltaire",
                    "cours Mirabeau",
                )
            )
            return f"{number}{self.choice(('', '', ' bis'))} {street}, {self.digits(5)} {self.choice(('Pau', 'Aix-en-Provence', 'Dijon'))}"
        street = self.choice(
            (
                "Mill Hill",
                "Church Crescent",
                "Station Rd",
                "Maple St.",
                "Kings Court",
                "Harbour View",
                "Elm Grove",
            )
        )
        if self.chance(0.5):
            return f"{number} {street}, {self.choice(('Exeter', 'Milton Keynes', 'Hull'))}, {self._uk_postcode('en')}"
        return f"{number} {street}, Apt {self.number(1, 40)}, {self.choice(('Denver, CO', 'Salem, OR'))} {self.digits(5)}"

    def _date_of_birth(self, language: str) -> str:
        day, month, year = self.number(1, 28), self.number(1, 12), self.number(1936, 2015)
        name = _MONTHS[language][month - 1]
        if language == "de":
            return self.choice(
                (f"{day}.{month}.{year % 100:02}", f"{day:02}.{month:02}.{year}", f"{day}. {name} {year}")
            )
        if language == "fr":
            ordinal = "1er" if day == 1 else str(day)
            return self.choice(
                (f"{ordinal} {name} {year}", f"{day:02}-{month:02}-{year}", f"{day:02}.{month:02}.{year}")
            )
        suffix = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
        return self.choice(
            (
                f"{day}{suffix} {name} {year}",
                f"{name} {day}{suffix}, {year}",
                f"{day}/{month}/{year % 100:02}",
                f"{year}/{month:02}/{day:02}",
                f"{day:02}.{month:02}.{year}",
                f"{day}-{name}-{year}",
            )
        )

    def _ip_address(self, language: str) -> str:
        if self.chance(0.4):
            return "2001:db8:" + ":".join(f"{self.number(1, 65535):x}" for _ in range(6))
        return ".".join(str(self.number(11, 254)) for _ in range(4))

    def _mac_address(self, language: str) -> str:
        return self.choice((":", "-")).join(f"{self.number(0, 255):02X}" for _ in range(6))

    def _crypto(self, language: str) -> str:
        return "0x" + self.of("0123456789abcdef", 40)

    def _us_mbi(self, language: str) -> str:
        def alnum() -> str:
            return self.choice(_MBI + DIGITS)

        first = f"{self.number(1, 9)}{self.choice(_MBI)}{alnum()}{self.choice(DIGITS)}"
        middle = f"{self.choice(_MBI)}{alnum()}{self.choice(DIGITS)}"
        return self.choice(("-", "")).join((first, middle, self.of(_MBI, 2) + self.of(DIGITS, 2)))

    def _us_npi(self, language: str) -> str:
        body = self.choice("12") + self.of(DIGITS, 8)
        return body + luhn_digit("80840" + body)

    def _medical_license(self, language: str) -> str:
        body = [int(char) for char in self.of(DIGITS, 6)]
        check = (body[0] + body[2] + body[4] + 2 * (body[1] + body[3] + body[5])) % 10
        return f"{self.choice('ABFM')}{self.choice(UPPER)}{''.join(map(str, body))}{check}"

    def _us_bank_number(self, language: str) -> str:
        return self.digits(self.number(9, 12))

    def _us_driver_license(self, language: str) -> str:
        return self.choice(UPPER) + self.digits(12)

    def _de_passport(self, language: str) -> str:
        body = self.choice("CFGHJK") + self.of(_PASSPORT + DIGITS, 7)
        values = [int(char, 36) for char in body]
        return body + str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)

    def _de_vat_id(self, language: str) -> str:
        body, product = self.digits(8), 10
        for char in body:
            product = ((int(char) + product) % 10 or 10) * 2 % 11
        return f"DE{body}{(11 - product) % 10}"

    def _es_nie(self, language: str) -> str:
        first, body = self.number(0, 2), self.of(DIGITS, 7)
        return f"{'XYZ'[first]}{body}{'TRWAGMYFPDXBNJZSQVHLCKE'[int(str(first) + body) % 23]}"

    def _password(self, language: str) -> str:
        word = self.choice(("Sommer", "tulip", "Falcon", "hunter", "Brücke", "citron"))
        return self.choice(
            (
                f"{word}!{self.digits(4)}",
                f"{word}-{self.of(LETTERS, 5)}9",
                f"{self.of(LETTERS, 7)}%{self.digits(3)}x",
            )
        )

    def _api_key(self, language: str) -> str:
        return self.choice(
            (
                "sk" + "-proj-" + self.of(LETTERS, 48),
                "sk" + "-ant-api03-" + self.of(LETTERS, 40),
                "rk_" + "live_" + self.of(LETTERS, 24),
                "github" + "_pat_" + self.of(LETTERS, 22) + "_" + self.of(LETTERS, 59),
                "hf" + "_" + self.of(LETTERS, 34),
                "npm" + "_" + self.of(LETTERS, 36),
                "SG" + "." + self.of(LETTERS, 22) + "." + self.of(LETTERS, 43),
            )
        )


_SPELLED = dict(zip(DIGITS, "zero one two three four five six seven eight nine".split(), strict=True))
_GREEK = str.maketrans("AEHIKMNOPTXYZBaeopcxy", "ΑΕΗΙΚΜΝΟΡΤΧΥΖΒаеорсху")


def _between(sign: str) -> Callable[[str], str]:
    return sign.join


def _words(value: str) -> str:
    return " ".join(_SPELLED.get(char, char) for char in value if not char.isspace())


def _shifted(start: int) -> Callable[[str], str]:
    return lambda value: "".join(chr(start + int(c)) if c in DIGITS else c for c in value)


def _mail(at: str, dot: str) -> Callable[[str], str]:
    return lambda value: value.replace("@", at).replace(".", dot) if "@" in value else value


FRESH_TRICKS: dict[str, Callable[[str], str]] = {
    "word joiners": _between("\u2060"),
    "soft hyphens": _between("\u00ad"),
    "a zero width space": lambda v: v[: len(v) // 2] + "\u200b" + v[len(v) // 2 :],
    "variation selectors": _between("\ufe0f"),
    "mathematical digits": _shifted(0x1D7CE),
    "monospace digits": _shifted(0x1D7F6),
    "Arabic digits": _shifted(0x0660),
    "Devanagari digits": _shifted(0x0966),
    "circled digits": lambda v: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c in DIGITS else c for c in v),
    "keycaps": lambda v: "".join(c + "\ufe0f\u20e3" if c in DIGITS else c for c in v),
    "full width": lambda v: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in v),
    "Greek and Cyrillic": lambda v: v.translate(_GREEK),
    "O and l for digits": lambda v: v.replace("0", "O").replace("1", "l"),
    "em dashes": lambda v: v.replace(" ", "\u2014").replace("-", "\u2014"),
    "figure dashes": lambda v: v.replace(" ", "\u2012").replace("-", "\u2012"),
    "thin spaces": lambda v: v.replace(" ", "\u2009").replace("-", "\u2009"),
    "no-break spaces": lambda v: v.replace(" ", "\u00a0\u00a0"),
    "spaced out": _between(" "),
    "dotted out": lambda v: ".".join(c for c in v if c.isalnum()) if "@" not in v else v,
    "underscores": lambda v: "_".join(c for c in v if c.isalnum()) if "@" not in v else v,
    "spelled": _words,
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "every letter in URL encoding": lambda v: "".join(f"%{ord(c):02x}" for c in v),
    "URL encoding": lambda v: urllib.parse.quote(v, safe=""),
    "HTML entities": lambda v: "".join(f"&#{ord(c)};" for c in v),
    "at and dot": _mail(" (at) ", " (dot) "),
    "AT and DOT": _mail(" AT ", " DOT "),
    "arrobas": _mail("[at]", "[dot]"),
    "line breaks": lambda v: v.replace(" ", "\n").replace("-", "\n"),
}
"""What becomes of a value; one that a trick leaves as it was is not asked for."""


def fresh_disguise(row: Row, trick: str) -> Row | None:
    """The row with every value disguised, ``None`` if that changes nothing."""
    change = FRESH_TRICKS[trick]
    parts: list[str] = []
    gold: list[Gold] = []
    end = length = 0
    for one in row.gold:
        before, value = row.text[end : one.start], change(row.text[one.start : one.end])
        parts += (before, value)
        length += len(before)
        gold.append(Gold(length, length + len(value), one.entity))
        length += len(value)
        end = one.end
    text = "".join((*parts, row.text[end:]))
    return None if text == row.text else Row(text, row.section, tuple(gold))
