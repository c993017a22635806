"""What a name of an entity was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

from guardlint.source.names import closest

__all__ = ["meant_entity"]

_MEANT = {
    "SSN": "US_SSN",
    "SOCIAL_SECURITY_NUMBER": "US_SSN",
    "SOCIAL_SECURITY": "US_SSN",
    "SOCIAL_SECURITY_NO": "US_SSN",
    "EMAIL": "EMAIL_ADDRESS",
    "E_MAIL": "EMAIL_ADDRESS",
    "MAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "TELEPHONE": "PHONE_NUMBER",
    "TELEPHONE_NUMBER": "PHONE_NUMBER",
    "MOBILE": "PHONE_NUMBER",
    "MOBILE_NUMBER": "PHONE_NUMBER",
    "FAX": "PHONE_NUMBER",
    "NAME": "PERSON",
    "PER": "PERSON",
    "PERSON_NAME": "PERSON",
    "FULL_NAME": "PERSON",
    "FIRST_NAME": "PERSON",
    "LAST_NAME": "PERSON",
    "PATIENT": "PERSON",
    "CARD": "CREDIT_CARD",
    "CARD_NUMBER": "CREDIT_CARD",
    "CREDIT_CARD_NUMBER": "CREDIT_CARD",
    "CREDITCARD": "CREDIT_CARD",
    "DEBIT_CARD": "CREDIT_CARD",
    "CC": "CREDIT_CARD",
    "PAN": "CREDIT_CARD",
    "IBAN": "IBAN_CODE",
    "IBAN_NUMBER": "IBAN_CODE",
    "BANK_ACCOUNT": "US_BANK_NUMBER",
    "BANK_ACCOUNT_NUMBER": "US_BANK_NUMBER",
    "ACCOUNT_NUMBER": "US_BANK_NUMBER",
    "BANK_NUMBER": "US_BANK_NUMBER",
    "IP": "IP_ADDRESS",
    "MAC": "MAC_ADDRESS",
    "ADDRESS": "LOCATION",
    "STREET_ADDRESS": "LOCATION",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "CITY": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGANISATION": "ORGANIZATION",
    "COMPANY": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "DOB": "DATE_TIME",
    "DATE_OF_BIRTH": "DATE_TIME",
    "BIRTH_DATE": "DATE_TIME",
    "PASSPORT": "US_PASSPORT",
    "PASSPORT_NUMBER": "US_PASSPORT",
    "DRIVER_LICENSE": "US_DRIVER_LICENSE",
    "DRIVERS_LICENSE": "US_DRIVER_LICENSE",
    "DRIVING_LICENSE": "US_DRIVER_LICENSE",
    "DRIVING_LICENCE": "US_DRIVER_LICENSE",
    "US_DRIVERS_LICENSE": "US_DRIVER_LICENSE",
    "ITIN": "US_ITIN",
    "NHS": "UK_NHS",
    "NHS_NUMBER": "UK_NHS",
    "URI": "URL",
    "WEBSITE": "URL",
    "NORP": "NRP",
    "NATIONALITY": "NRP",
    "BITCOIN": "CRYPTO",
    "CRYPTO_WALLET": "CRYPTO",
}


def meant_entity(name: str, served: Iterable[str]) -> str | None:
    """The entity of ``served`` that ``name`` stands for, or is misspelt of; None where none is near."""
    known = set(served)
    folded = name.strip().upper().replace("-", "_").replace(" ", "_")
    if folded in known:
        return folded
    meant = _MEANT.get(folded)
    if meant is not None and meant in known:
        return meant
    return closest(folded, known)
