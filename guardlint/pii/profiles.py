"""Which entities a detector looks for, and how sure it must be of each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from guardlint.errors import ConfigError
from guardlint.pii.model_spec import ModelSpec
from guardlint.source.record import record, replace

__all__ = ["NER_ENTITIES", "PROFILES", "Custom", "Profile", "profile_named"]

NER_ENTITIES = frozenset({"LOCATION", "NRP", "ORGANIZATION", "DATE_TIME"})
"""What only the statistical model finds; PERSON is found by rules too, where the text announces a name."""

USUAL_SCORE = 0.4

_STRUCTURED = (
    *("EMAIL_ADDRESS", "PHONE_NUMBER", "URL", "IP_ADDRESS", "MAC_ADDRESS", "ADDRESS", "DATE_OF_BIRTH"),
    *("CREDIT_CARD", "IBAN_CODE", "SWIFT_BIC", "UK_SORT_CODE", "BANK_ACCOUNT", "CRYPTO"),
    *("UK_NHS", "UK_NINO", "UK_PASSPORT", "UK_DRIVING_LICENCE", "UK_VEHICLE_REGISTRATION", "UK_POSTCODE"),
    *("US_SSN", "US_ITIN", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER", "ABA_ROUTING_NUMBER"),
    *("US_MBI", "US_NPI", "MEDICAL_LICENSE"),
    *(
        "DE_TAX_ID",
        "DE_ID_CARD",
        "DE_PASSPORT",
        "DE_SOCIAL_SECURITY",
        "DE_VAT_ID",
        "FR_NIR",
        "NL_BSN",
        "IE_PPS",
    ),
    *("ES_NIF", "ES_NIE", "IT_FISCAL_CODE", "PL_PESEL"),
    *("API_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "JWT", "PRIVATE_KEY", "PASSWORD"),
)
# Dates, nationalities, organisations and UUIDs are mostly no personal data: masking them all (which Presidio
# does) makes one hit in six right and the text useless to the model.
_WIDE = ("PERSON", "LOCATION", "NRP", "ORGANIZATION", "DATE_TIME", "UUID")


@record
class Custom:
    """A recogniser of a company's own: a pattern of Python's ``re`` for one entity, old or new.

    The group ``value`` is the personal data, else the whole match. ``context``: words before a candidate
    that raise its score, or without which it does not count (``required``).
    """

    entity: str
    pattern: str
    score: float = 0.6
    context: tuple[str, ...] = ()
    required: bool = False


@record
class Profile:
    """Entities with the least score (0..1) at which each is reported, and the language assumed.

    ``custom``: recognisers beside guardlint's own. ``allowed``: values that are never reported, whatever
    their capitals, such as the company's own address and switchboard.
    ``models``: a company's own, each for the texts of one language; English ones replace the small model.
    Hashable, so that detectors with equal profiles share one engine.
    """

    name: str
    thresholds: tuple[tuple[str, float], ...]
    language: str = "en"
    custom: tuple[Custom, ...] = ()
    allowed: frozenset[str] = frozenset()
    models: tuple[ModelSpec, ...] = ()

    @property
    def entities(self) -> frozenset[str]:
        """The names looked for."""
        return frozenset(entity for entity, _ in self.thresholds)

    @property
    def needs_model(self) -> bool:
        """Whether the statistical model has to be loaded."""
        return not self.entities.isdisjoint(NER_ENTITIES | {"PERSON"})

    def only(self, entities: Iterable[str]) -> Profile:
        """This profile for some entities, as a policy or a rail names them.

        One that the profile does not hold is taken with the usual threshold.
        Raises ConfigError for a name that no recogniser serves, since it would never match.
        """
        held = dict(self.thresholds)
        known = PROFILES["everything"].entities
        chosen = sorted(set(entities))
        for entity in chosen:
            if entity not in known:
                from guardlint.source.names import closest

                meant = closest(entity, known)
                raise ConfigError(
                    f"no recogniser finds the entity {entity}",
                    help=f"did you mean {meant}?" if meant else None,
                )
        return replace(
            self, name=f"{self.name}*", thresholds=tuple((e, held.get(e, USUAL_SCORE)) for e in chosen)
        )

    def with_custom(self, recognisers: Iterable[Custom]) -> Profile:
        """This profile with more recognisers; their entities are looked for.

        Raises ConfigError for a pattern that is none, a score outside 0..1, or a bad name.
        """
        added = tuple(recognisers)
        for one in added:
            _check_custom(one)
        thresholds = {**{one.entity: USUAL_SCORE for one in added}, **dict(self.thresholds)}
        return replace(
            self,
            name=f"{self.name}*",
            thresholds=tuple(sorted(thresholds.items())),
            custom=(*self.custom, *added),
        )

    def with_models(self, models: Iterable[ModelSpec]) -> Profile:
        """This profile with models of a company's own.

        Raises ConfigError for one that cannot be meant, or for two of one language.
        """
        added = (*self.models, *(one.checked() for one in models))
        if len({one.language for one in added}) < len(added):
            raise ConfigError("two models read the same language", help="name one model for each language")
        return replace(self, name=f"{self.name}*", models=added)

    def allowing(self, values: Iterable[str]) -> Profile:
        """This profile with values that are never reported."""
        return replace(
            self, name=f"{self.name}*", allowed=self.allowed | {value.casefold().strip() for value in values}
        )


def _check_custom(one: Custom) -> None:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{1,39}", one.entity):
        raise ConfigError(
            f"the entity {one.entity!r} has a bad name", help="write capitals, digits and _, as Presidio does"
        )
    if not 0 <= one.score <= 1:
        raise ConfigError(f"the score of the recogniser for {one.entity} is not between 0 and 1")
    try:
        pattern = re.compile(one.pattern)
    except re.error as error:
        raise ConfigError(f"the pattern for {one.entity} is no regular expression: {error}") from None
    if pattern.match(""):
        raise ConfigError(
            f"the pattern for {one.entity} matches nothing at all, so it would match everywhere"
        )


def _profile(name: str, *entities: str) -> Profile:
    return Profile(name, tuple((entity, USUAL_SCORE) for entity in sorted(entities)))


PROFILES: dict[str, Profile] = {
    "default": _profile("default", *_STRUCTURED, "PERSON", "LOCATION"),
    "structured": _profile("structured", *_STRUCTURED),
    "everything": _profile("everything", *_STRUCTURED, *_WIDE),
}


def profile_named(name: str | Profile) -> Profile:
    """The profile of that name; ConfigError when there is none."""
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise ConfigError(f"there is no PII profile {name!r}", help="profiles: " + ", ".join(PROFILES))
    return PROFILES[name]
