# ruff: noqa: ARG002 - every maker takes the language, most need none
"""Identifiers with right check digits, computed from the rules that their issuers publish."""

from __future__ import annotations

from .chance import DIGITS, UPPER, Chance, cut, luhn_digit

__all__ = ["Identifiers"]

_HEX = "0123456789abcdef"
_NINO_FIRST = "ABCEGHJKLMNOPRSTWXYZ"
_NINO_SECOND = "ABCEGHJKLMNPRSTWXYZ"
_DE_ID = "CFGHJKLMNPRTVWXYZ0123456789"


class Identifiers(Chance):
    """Makes numbers of people, banks and states."""

    def _credit_card(self, language: str) -> str:
        body = self.choice(("4", "51", "52", "53", "54", "55", "2223", "37"))
        length = 15 if body == "37" else 16
        body += self.of(DIGITS, length - len(body) - 1)
        number = body + luhn_digit(body)
        groups = [number[:4], number[4:10], number[10:]] if length == 15 else cut(number, 4)
        return self.choice((number, " ".join(groups), "-".join(groups)))

    def _iban_code(self, language: str) -> str:
        country, bank = {
            "de": ("DE", self.digits(18)),
            "fr": ("FR", self.digits(10) + self.of(DIGITS, 11) + self.digits(2)),
            "en": self.random.choice(
                (
                    ("GB", self.of(UPPER, 4) + self.digits(14)),
                    ("IE", self.of(UPPER, 4) + self.digits(14)),
                    ("NL", self.of(UPPER, 4) + self.digits(10)),
                )
            ),
        }[language]
        checked = "".join(str(int(char, 36)) for char in bank + country + "00")
        iban = f"{country}{98 - int(checked) % 97:02}{bank}"
        return " ".join(cut(iban, 4)) if self.chance(0.6) else iban

    def _swift_bic(self, language: str) -> str:
        return (
            self.of(UPPER, 4)
            + {"de": "DE", "fr": "FR", "en": "GB"}[language]
            + self.choice(("FF", "2L", "PP", "MM", "HH"))
            + self.choice(("", "XXX", "500"))
        )

    def _uk_sort_code(self, language: str) -> str:
        return self.choice(("-", "-", " ")).join(cut(self.digits(6), 2))

    def _bank_account(self, language: str) -> str:
        return self.digits(10 if language == "de" else 8)

    def _uk_nino(self, language: str) -> str:
        while (prefix := self.choice(_NINO_FIRST) + self.choice(_NINO_SECOND)) in {
            "GB",
            "NK",
            "TN",
            "ZZ",
            "BG",
            "KN",
            "NT",
        }:
            pass
        parts = [prefix, *cut(self.digits(6), 2), self.choice("ABCD")]
        return (" " if self.chance(0.5) else "").join(parts)

    def _uk_nhs(self, language: str) -> str:
        while True:
            body = self.digits(9)
            check = 11 - sum(int(c) * (10 - i) for i, c in enumerate(body)) % 11
            if check != 10:
                number = body + str(check % 11)
                return f"{number[:3]} {number[3:6]} {number[6:]}" if self.chance(0.6) else number

    def _uk_postcode(self, language: str) -> str:
        area = self.choice(("LS", "M", "B", "SW", "EC", "BS", "YO", "G", "EH", "CF"))
        inward = self.choice(DIGITS) + self.of("ABDEFGHJLNPQRSTUWXYZ", 2)
        return f"{area}{self.number(1, 19)} {inward}"

    def _uk_passport(self, language: str) -> str:
        return self.digits(9)

    def _uk_driving_licence(self, language: str) -> str:
        last = self.make("LAST", "en").upper().replace("'", "").replace("-", "").replace(" ", "")
        year, month, day = self.of(DIGITS, 2), self.number(1, 12), self.number(1, 28)
        return f"{last[:5]:9<5}{year[0]}{month:02}{day:02}{year[1]}{self.of(UPPER, 2)}9{self.of(UPPER, 2)}"

    def _uk_vehicle_registration(self, language: str) -> str:
        area, year = self.of("ABCDEFGHKLMNOPRSVWY", 2), self.choice(("12", "68", "19", "71", "23"))
        return f"{area}{year} {self.of('ABCDEFGHJKLMNOPRSTUVWXYZ', 3)}"

    def _us_ssn(self, language: str) -> str:
        area, group = self.number(1, 665), self.number(10, 99)
        return f"{area:03}-{group}-{self.number(1000, 9999)}"

    def _us_itin(self, language: str) -> str:
        return f"9{self.of(DIGITS, 2)}-{self.number(70, 88)}-{self.number(1000, 9999)}"

    def _aba_routing_number(self, language: str) -> str:
        body = self.choice(("02", "11", "12", "07", "31")) + self.of(DIGITS, 6)
        total = sum(int(c) * w for c, w in zip(body, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
        return body + str(-total % 10)

    def _us_passport(self, language: str) -> str:
        return self.choice("ABC") + self.digits(8)

    def _us_driver_license(self, language: str) -> str:
        return self.choice(UPPER) + self.digits(7)

    def _crypto(self, language: str) -> str:
        return "0x" + self.of(_HEX, 40)

    def _de_tax_id(self, language: str) -> str:
        while True:
            pool = self.random.sample(DIGITS, 9)
            body = [*pool, self.random.choice(pool)]
            self.random.shuffle(body)
            if body[0] != "0":
                break
        product = 10
        for char in body:
            total = (int(char) + product) % 10 or 10
            product = total * 2 % 11
        number = "".join(body) + str((11 - product) % 10)
        return f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}" if self.chance(0.5) else number

    def _de_id_card(self, language: str) -> str:
        return self.choice("LCFGHJK") + self.of(_DE_ID, 6) + self.of(DIGITS, 2)

    def _de_social_security(self, language: str) -> str:
        born = f"{self.number(1, 28):02}{self.number(1, 12):02}{self.of(DIGITS, 2)}"
        body = f"{self.number(10, 79)}{born}"
        letter = self.choice(UPPER)
        serial = self.of(DIGITS, 2)
        plain = body + f"{ord(letter) - 64:02}" + serial
        weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
        total = sum(sum(divmod(int(c) * w, 10)) for c, w in zip(plain, weights, strict=True))
        number = f"{body}{letter}{serial}{total % 10}"
        return number if self.chance(0.5) else f"{number[:2]} {number[2:8]} {number[8]} {number[9:]}"

    def _fr_nir(self, language: str) -> str:
        body = (
            self.choice("12")
            + self.of(DIGITS, 2)
            + f"{self.number(1, 12):02}"
            + f"{self.number(1, 95):02}"
            + f"{self.number(1, 990):03}"
            + f"{self.number(1, 999):03}"
        )
        number = f"{body}{97 - int(body) % 97:02}"
        if self.chance(0.4):
            return number
        return " ".join(
            (number[0], number[1:3], number[3:5], number[5:7], number[7:10], number[10:13], number[13:])
        )

    def _nl_bsn(self, language: str) -> str:
        while True:
            body = self.digits(8)
            check = sum(int(c) * (9 - i) for i, c in enumerate(body)) % 11
            if check < 10:
                return body + str(check)

    def _ie_pps(self, language: str) -> str:
        body = self.digits(7)
        second = self.choice(("", "A"))
        total = sum(int(c) * (8 - i) for i, c in enumerate(body)) + (9 if second else 0)
        return body + ("W" + UPPER[:22])[total % 23] + second

    def _es_nif(self, language: str) -> str:
        number = self.number(10_000_000, 99_999_999)
        return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"

    def _it_fiscal_code(self, language: str) -> str:
        body = (
            self.of("BCDFGLMNPRSTV", 6)
            + self.of(DIGITS, 2)
            + self.choice("ABCDEHLMPRST")
            + f"{self.number(1, 28):02}"
            + self.choice("ABCDEFGHL")
            + f"{self.number(100, 999)}"
        )
        odd = dict(
            zip(
                DIGITS + UPPER,
                (
                    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
                    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3),
                    *(6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
                ),
                strict=True,
            )
        )
        total = sum(
            odd[c] if i % 2 == 0 else int(c, 36) - (10 if c.isalpha() else 0) for i, c in enumerate(body)
        )
        return body + UPPER[total % 26]

    def _pl_pesel(self, language: str) -> str:
        born = f"{self.number(40, 99)}{self.number(1, 12):02}{self.number(1, 28):02}"
        body = born + self.of(DIGITS, 4)
        total = sum(int(c) * w for c, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
        return body + str(-total % 10)
