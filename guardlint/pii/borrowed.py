"""Presidio's recognisers that guardlint runs, and what each of them needs to be trusted.

Plain Presidio false-alarms most on bare numbers, so a class whose pattern many harmless numbers fit only
counts when its words stand near (Presidio merely raises the score then); some classes get words they lack.
Country classes run for every language, since a German IBAN turns up in English chats.
Not borrowed: e-mail, URL, phone (``contact``), dates (``dates``), the German classes that refuse the usual
spelling (``european_ids``).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from guardlint.pii.check_digits import fr_nir
from guardlint.pii.rule import Context, Needs, words
from guardlint.pii.span import Hit, Rank
from guardlint.source.record import record

__all__ = ["TABLE", "Borrowed", "finder"]

_MODULE = "presidio_analyzer.predefined_recognizers"
_WRITTEN_AS_NOTHING_ELSE = 0.5

Test = Callable[[str, int, int], bool]


@record
class Borrowed:
    """One of Presidio's classes.

    ``context`` replaces the words of the class.
    ``required``: without one of them before it a candidate is dropped, unless ``typical`` holds.
    ``keep`` drops candidates outright.
    ``upper``: the class knows capital letters only, so it is shown the text in capitals.
    ``hint``: what each of its matches holds, searched for first, since the class takes ten times as long.
    """

    entity: str
    recogniser: str
    context: re.Pattern[str] | None = None
    required: bool = False
    typical: Test | None = None
    keep: Test | None = None
    upper: bool = False
    needs: Needs = Needs.DIGIT
    hint: re.Pattern[str] | None = None


def _capitals(text: str) -> str:
    """``text`` in capitals, as long as it was: those of a few signs are longer, and offsets would shift."""
    shown = text.upper()
    if len(shown) == len(text):
        return shown
    return "".join(capital if len(capital := char.upper()) == 1 else char for char in text)


def finder(spec: Borrowed) -> Callable[[str], Iterator[Hit]]:
    """A function that runs a new instance of the class on a text."""
    # Patterns know no language; the class is told the one that every Presidio class accepts.
    recogniser: Any = getattr(importlib.import_module(_MODULE), spec.recogniser)(supported_language="en")
    supporting = spec.context or (words(*recogniser.context) if recogniser.context else None)
    context = Context(supporting, required=spec.required) if supporting else None

    def find(text: str) -> Iterator[Hit]:
        shown = _capitals(text) if spec.upper else text
        if spec.hint and not spec.hint.search(shown):
            return
        for result in recogniser.analyze(shown, [spec.entity], None) or ():
            start, end = result.start, result.end
            if spec.keep and not spec.keep(text, start, end):
                continue
            score = context.score(text, start, result.score) if context else result.score
            if not score and spec.typical and spec.typical(text, start, end):
                score = max(result.score, _WRITTEN_AS_NOTHING_ELSE)
            if score:
                proven = result.score >= 1.0 and not spec.required
                yield Hit(start, end, spec.entity, float(score), Rank.PROVEN if proven else Rank.SHAPED)

    return find


_NUMBERED = re.compile(
    r"(?i)(?:version|release|build|firmware|driver|section|chapter|clause|paragraph|kapitel|abschnitt|\bv|§)"
    r"\.? ?\Z"
)


def _names_a_host(text: str, start: int, end: int) -> bool:
    """Not 0.0.0.0, loopback or broadcast, and no version number of four parts."""
    if text[start:end].startswith(("0.", "127.", "255.")) or text[start:end] in {"::", "::1"}:
        return False
    before = text[max(0, start - 12) : start]
    return not _NUMBERED.search(before)


def _has_eight_digits(text: str, start: int, end: int) -> bool:
    """A DNI has eight; seven and a letter are an Irish PPS number."""
    return sum(map(str.isdigit, text[start:end])) == 8


def _upper_and_spaced(text: str, start: int, end: int) -> bool:
    found = text[start:end]
    return " " in found and found == found.upper()


def _is_no_nir(text: str, start: int, end: int) -> bool:
    """A French insured person's number can pass the card's sum by chance; its own proves more."""
    found = text[start:end]
    return not (found.startswith(("1", "2")) and len(found) == _NIR_LENGTH and fr_nir(found))


_NIR_LENGTH = 15
_PASSPORT = words("passport", "travel document")
_NHS = words("nhs", "national health", "health service", "patient", "gp")
_POSTCODE = words("postcode", "post code", "postal", "zip", "address", "live", "delivery", "shipping")
_PLATE = words("vehicle", "registration", "reg", "number plate", "plate", "vrn", "dvla", "car", "van")
_ACCOUNT = words("account", "acct", "checking", "savings", "bank account", "iban")
_LICENCE = words("driver", "driving", "licence", "license", "dl")
_PRESCRIBER = words("dea", "medical licen", "prescriber")
_VAT = words("ust", "vat", "vat id", "vat no", "tva", "umsatzsteuer", "mwst")

# They begin with a digit (or a colon), for which a text is searched quickly.
_CARD = re.compile(r"\d{4}[- ]?\d{3,4}[- ]?\d{3,4}[- ]?\d{3}")
_IBAN = re.compile(r"\d\d(?<=[A-Z]{2}\d\d)[ -]?[A-Z0-9]{4}")
_NINO = re.compile(r"\d\d ?\d\d ?\d\d ?[A-Da-d]")
_IP = re.compile(r"[\d:](?:(?<=\d)\.\d{1,3}\.\d|(?<=:)[0-9A-Fa-f]{0,4}:)")

TABLE: tuple[Borrowed, ...] = (
    Borrowed("CREDIT_CARD", "CreditCardRecognizer", keep=_is_no_nir, hint=_CARD),
    Borrowed("CRYPTO", "CryptoRecognizer"),
    Borrowed("IBAN_CODE", "IbanRecognizer", upper=True, hint=_IBAN),
    Borrowed("IP_ADDRESS", "IpRecognizer", keep=_names_a_host, needs=Needs.NOTHING, hint=_IP),
    Borrowed("MAC_ADDRESS", "MacAddressRecognizer", needs=Needs.NOTHING),
    Borrowed("UK_NHS", "NhsRecognizer", _NHS, required=True),
    Borrowed("UK_NINO", "UkNinoRecognizer", hint=_NINO),
    Borrowed("UK_POSTCODE", "UkPostcodeRecognizer", _POSTCODE, required=True, typical=_upper_and_spaced),
    Borrowed("UK_PASSPORT", "UkPassportRecognizer", _PASSPORT, required=True),
    Borrowed("UK_DRIVING_LICENCE", "UkDrivingLicenceRecognizer"),
    Borrowed("UK_VEHICLE_REGISTRATION", "UkVehicleRegistrationRecognizer", _PLATE, required=True),
    Borrowed("US_SSN", "UsSsnRecognizer"),
    Borrowed("US_ITIN", "UsItinRecognizer"),
    Borrowed("US_PASSPORT", "UsPassportRecognizer", _PASSPORT, required=True),
    Borrowed("US_DRIVER_LICENSE", "UsLicenseRecognizer", _LICENCE, required=True),
    Borrowed("US_BANK_NUMBER", "UsBankRecognizer", _ACCOUNT, required=True),
    Borrowed("ABA_ROUTING_NUMBER", "AbaRoutingRecognizer", words("aba", "routing", "rtn"), required=True),
    Borrowed("US_MBI", "UsMbiRecognizer"),
    Borrowed("US_NPI", "UsNpiRecognizer", words("npi", "national provider"), required=True),
    Borrowed("MEDICAL_LICENSE", "MedicalLicenseRecognizer", _PRESCRIBER, required=True),
    Borrowed("ES_NIF", "EsNifRecognizer", keep=_has_eight_digits),
    Borrowed("ES_NIE", "EsNieRecognizer"),
    Borrowed("IT_FISCAL_CODE", "ItFiscalCodeRecognizer", words("codice fiscale", "cf", "fiscal code", "tax")),
    Borrowed("PL_PESEL", "PlPeselRecognizer", words("pesel", "polish"), required=True),
    Borrowed("DE_VAT_ID", "DeVatIdRecognizer", _VAT, required=True),
    Borrowed("UUID", "UuidRecognizer", needs=Needs.NOTHING),
)
