# ruff: noqa: ARG002 - every maker takes the language, most need none
"""People, and how they are reached; names, streets and towns come from Faker."""

from __future__ import annotations

from .chance import LOWER, UPPER, Chance

__all__ = ["People"]

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_STREETS = ("Street", "Road", "Avenue", "Lane", "Close", "Drive", "Way")
_TOWNS = ("Leeds", "Bristol", "London", "York")
_US_TOWNS = ("Springfield, IL", "Austin, TX", "Boston, MA")
_HEX = "0123456789abcdef"


class People(Chance):
    """Makes what belongs to a person."""

    def _person(self, language: str) -> str:
        faker = self.faker(language, abroad=self.chance(0.2))
        first, last = faker.first_name(), faker.last_name()
        if self.chance(0.1):
            return f"{first} {self.choice(UPPER)}. {last}"
        return f"{first} {last}"

    def _first(self, language: str) -> str:
        return self.faker(language).first_name()

    def _last(self, language: str) -> str:
        return self.faker(language).last_name()

    def _email_address(self, language: str) -> str:
        faker = self.faker(language)
        plain = faker.user_name() if self.chance(0.5) else faker.email().split("@")[0]
        return f"{plain}@{self.choice(('example.com', 'mail.example.org', 'post.example', 'example.co.uk'))}"

    def _phone_number(self, language: str) -> str:
        d = self.digits
        if language == "de":
            return self.choice(
                (
                    f"0171 {d(7)}",
                    f"+49 151 {d(8)}",
                    f"030 {d(7)}",
                    f"+49 (0)89 {d(7)}",
                    f"0049 40 {d(7)}",
                    f"0160/{d(7)}",
                )
            )
        if language == "fr":
            return self.choice(
                (
                    f"06 {d(2)} {d(2)} {d(2)} {d(2)}",
                    f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}",
                    f"01.{d(2)}.{d(2)}.{d(2)}.{d(2)}",
                    f"07{d(8)}",
                )
            )
        area = self.choice(("212", "415", "312", "617", "206"))
        exchange = self.choice("23456789") + self.digits(2)
        exchange = exchange if exchange[1:] != "11" else "482"
        return self.choice(
            (
                f"07{self.choice('4578')}{d(2)} {d(6)}",
                f"+44 7{self.choice('4578')}{d(2)} {d(6)}",
                f"020 7{d(3)} {d(4)}",
                f"0161 496 {d(4)}",
                f"({area}) {exchange}-{d(4)}",
                f"{area}-{exchange}-{d(4)}",
                f"+1 {area} {exchange} {d(4)}",
            )
        )

    def _address(self, language: str) -> str:
        number = str(self.number(1, 240))
        if language == "de":
            faker = self.faker("de")
            return f"{faker.street_name()} {number}, {self.digits(5)} {faker.city_name()}"
        if language == "fr":
            faker = self.faker("fr")
            kind = self.choice(("rue", "avenue", "boulevard", "place", "chemin"))
            what = self.choice(
                ("des Lilas", "Victor Hugo", "de la Gare", "du Moulin", "Jean Jaurès", "de Verdun")
            )
            return f"{number} {kind} {what}, {self.digits(5)} {faker.city()}"
        faker = self.faker("en")
        street = f"{faker.last_name()} {self.choice(_STREETS)}"
        if self.chance(0.5):
            return f"{number} {street}, {self.choice(_TOWNS)} {self.make('UK_POSTCODE', 'en')}"
        return f"{number} {street}, {self.choice(_US_TOWNS)} {self.digits(5)}"

    def _street(self, language: str) -> str:
        return self._address(language).split(",", maxsplit=1)[0]

    def _location(self, language: str) -> str:
        return {
            "en": self.choice(
                ("Manchester", "Bristol", "Chicago", "Boston", "Dublin", "Edinburgh", "Seattle")
            ),
            "de": self.choice(("Hamburg", "München", "Leipzig", "Stuttgart", "Köln")),
            "fr": self.choice(("Lyon", "Marseille", "Toulouse", "Nantes", "Lille")),
        }[language]

    def _date_of_birth(self, language: str) -> str:
        day, month = self.number(1, 28), self.number(1, 12)
        year = self.number(1938, 2006)
        name = _MONTHS[language].split()[month - 1]
        if language == "de":
            return self.choice(
                (f"{day:02}.{month:02}.{year}", f"{day}. {name} {year}", f"{day}.{month}.{year}")
            )
        if language == "fr":
            return self.choice((f"{day:02}/{month:02}/{year}", f"{day} {name} {year}"))
        return self.choice(
            (
                f"{day:02}/{month:02}/{year}",
                f"{day} {name} {year}",
                f"{name} {day}, {year}",
                f"{year}-{month:02}-{day:02}",
                f"{day:02}-{month:02}-{year}",
            )
        )

    def _ip_address(self, language: str) -> str:
        return ".".join(str(self.number(1, 254)) for _ in range(4))

    def _mac_address(self, language: str) -> str:
        return ":".join(self.of(_HEX, 2) for _ in range(6))

    def _url(self, language: str) -> str:
        return f"https://{self._first('en').lower()}.example.com/{self.of(LOWER, 6)}"
