"""One seed, and what is drawn from it."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence

from faker import Faker

__all__ = ["DIGITS", "LETTERS", "LOWER", "UPPER", "Chance", "cut", "luhn_digit"]

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
LETTERS = string.ascii_letters + DIGITS
_LOCALES = {
    "en": ("en_GB", "en_GB", "en_US", "en_US", "en_IE"),
    "de": ("de_DE", "de_DE", "de_AT"),
    "fr": ("fr_FR",),
}
_ABROAD = ("en_IN", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_PT", "sv_SE", "tr_TR", "ro_RO", "hr_HR")


class Chance:
    """Makes one value after another from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._fakers: dict[str, Faker] = {}

    def make(self, kind: str, language: str) -> str:
        """A value of an entity or of a harmless kind, as people of that language write it."""
        maker: Callable[[str], str] = getattr(self, "_" + kind.lower())
        return maker(language)

    def chance(self, share: float) -> bool:
        """True in ``share`` of the calls."""
        return self.random.random() < share

    def choice(self, items: Sequence[str]) -> str:
        """One of ``items``."""
        return self.random.choice(items)

    def number(self, least: int, most: int) -> int:
        """A whole number between the two, both included."""
        return self.random.randint(least, most)

    def digits(self, count: int) -> str:
        """That many digits, the first not 0."""
        return self.choice("123456789") + "".join(self.random.choices(DIGITS, k=count - 1))

    def of(self, alphabet: str, count: int) -> str:
        """That many characters of ``alphabet``."""
        return "".join(self.random.choices(alphabet, k=count))

    def faker(self, language: str, *, abroad: bool = False) -> Faker:
        locale = self.choice(_ABROAD if abroad else _LOCALES[language])
        if locale not in self._fakers:
            self._fakers[locale] = Faker(locale)
            self._fakers[locale].seed_instance(self.random.getrandbits(32))
        return self._fakers[locale]


def luhn_digit(body: str) -> str:
    """The digit that makes the mod 10 sum right."""
    total = 0
    for index, char in enumerate(reversed(body)):
        value = int(char) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def cut(text: str, size: int) -> list[str]:
    """Pieces of that many characters."""
    return [text[index : index + size] for index in range(0, len(text), size)]
