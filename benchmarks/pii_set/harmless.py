# ruff: noqa: ARG002 - every maker takes the language, most need none
"""What looks like personal data and is none."""

from __future__ import annotations

from .chance import DIGITS, LOWER, UPPER, Chance, luhn_digit

__all__ = ["HARMLESS", "Harmless"]

_HEX = "0123456789abcdef"
_PRODUCTS = (
    *("Galaxy S24", "ThinkPad X1 Carbon", "Model Y", "PlayStation 5", "Surface Pro 9", "Dyson V15"),
    *("Kindle Paperwhite", "Golf GTI", "Windows Server 2022", "Visa Infinite", "Amex Platinum"),
    *("Python 3.11", "Jenkins", "Jupyter", "Kafka", "Oracle Exadata", "Red Hat Enterprise Linux 9"),
)


HARMLESS = (
    *("ORDER", "VERSION", "ISBN", "TIMESTAMP", "UUID", "PRODUCT", "HASH", "AMOUNT", "DATE", "TICKET"),
    *("TRACKING", "SKU", "N6", "N8", "N9", "N10", "N11", "N16", "EPOCH", "POINT", "SMALL", "YEAR", "PATH"),
)
"""Placeholders for what looks like personal data and is none."""


class Harmless(Chance):
    """Makes order numbers, versions, hashes."""

    def _order(self, language: str) -> str:
        return self.choice(
            (self.digits(8), self.digits(10), f"{self.digits(3)}-{self.digits(7)}-{self.digits(7)}")
        )

    def _version(self, language: str) -> str:
        return self.choice(
            (
                f"{self._small('')}.{self._small('')}.{self._small('')}",
                f"{self._small('')}.{self._small('')}.{self._small('')}.{self.digits(4)}",
            )
        )

    def _isbn(self, language: str) -> str:
        return f"978-{self.choice('0123')}-{self.digits(2)}-{self.digits(6)}-{self.choice(DIGITS)}"

    def _timestamp(self, language: str) -> str:
        day = f"20{self.number(19, 26)}-{self.number(1, 12):02}-{self.number(1, 28):02}"
        return f"{day}T{self.number(0, 23):02}:{self.number(0, 59):02}:{self.number(0, 59):02}Z"

    def _uuid(self, language: str) -> str:
        return "-".join(self.of(_HEX, n) for n in (8, 4, 4, 4, 12))

    def _product(self, language: str) -> str:
        return self.choice(_PRODUCTS)

    def _hash(self, language: str) -> str:
        return self.of(_HEX, self.random.choice((7, 32, 40, 64)))

    def _amount(self, language: str) -> str:
        whole = f"{self.number(10, 98000):,}"
        return f"{whole}.{self.of(DIGITS, 2)}"

    def _date(self, language: str) -> str:
        return self.make("DATE_OF_BIRTH", language).replace("19", "20")

    def _ticket(self, language: str) -> str:
        return f"{self.choice(('INC', 'CASE-', 'JIRA-', 'TKT', 'SR-'))}{self.digits(7)}"

    def _tracking(self, language: str) -> str:
        return self.choice((f"1Z{self.of(UPPER + DIGITS, 6)}{self.digits(10)}", f"JD{self.digits(16)}"))

    def _sku(self, language: str) -> str:
        return f"{self.of(UPPER, 3)}-{self.digits(4)}-{self.of(UPPER, 2)}"

    def _n6(self, language: str) -> str:
        return self.digits(6)

    def _n8(self, language: str) -> str:
        return self.digits(8)

    def _n9(self, language: str) -> str:
        return self.digits(9)

    def _n10(self, language: str) -> str:
        return self.digits(10)

    def _n11(self, language: str) -> str:
        return self.digits(11)

    def _n16(self, language: str) -> str:
        body = self.digits(15)
        return body + str((int(luhn_digit(body)) + 3) % 10)

    def _epoch(self, language: str) -> str:
        return "17" + self.digits(8)

    def _point(self, language: str) -> str:
        return f"{self.random.uniform(-80, 80):.4f}, {self.random.uniform(-170, 170):.4f}"

    def _small(self, language: str) -> str:
        return str(self.number(1, 40))

    def _year(self, language: str) -> str:
        return str(self.number(1990, 2031))

    def _path(self, language: str) -> str:
        return f"/var/lib/{self.of(LOWER, 5)}/{self.digits(4)}/{self.of(LOWER, 6)}.log"
