"""Dates of birth: a date is personal when the words before it say so, in English, German and French."""

from __future__ import annotations

import re

from guardlint.pii.rule import Needs, Rule
from guardlint.pii.span import Rank

__all__ = ["RULES"]

_CUE = (
    r"date of birth|birth ?date|birthday|d\.?o\.?b\b\.?|born(?: on)?|"
    r"geburtsdatum|geburtstag|geboren(?: am)?|geb\.(?: am)?|"
    r"date de naissance|né(?:e)?(?:\(e\))? (?:[àa] [^\W\d]+ )?le|naissance|anniversaire"
)
_MONTH = (
    r"(?:jan|feb|fév|mar|mär|apr|avr|may|mai|jun|juin|jul|juil|aug|août|aou|sep|oct|okt|nov|dec|dez|déc)"
    r"[a-zéûä]{0,7}\.?"
)
_DATE = (
    r"\d{1,2}(?:st|nd|rd|th|er)?[./\- ]{1,2}\d{1,2}[./\- ]{1,2}(?:\d{4}|\d{2})|"
    r"\d{4}[./-]\d{1,2}[./-]\d{1,2}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)?[ -](?:of )?{_MONTH}[ ,-]{{1,2}}\d{{2,4}}|"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|"
    r"(?<=\D)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d"
)
_NUMBER = re.compile(r"\d+")


def _is_date(value: str) -> bool | None:
    """All-numeric dates need a day and a month that exist, in either order."""
    numbers = [int(part) for part in _NUMBER.findall(value)]
    if len(numbers) < 3:
        return None
    day, month = sorted(numbers[1:] if numbers[0] > 31 else numbers[:2], reverse=True)
    return None if 1 <= month <= 12 and day <= 31 else False


RULES: tuple[Rule, ...] = (
    Rule(
        "DATE_OF_BIRTH",
        re.compile(rf"(?i)(?<!\w)(?:{_CUE})[^\d\n]{{0,24}}?(?<![\d.])(?P<value>{_DATE})(?!\w)"),
        0.9,
        check=_is_date,
        needs=Needs.DIGIT,
        rank=Rank.PROVEN,
    ),
    # "am 3. Mai 1980 in Ulm geboren", "3 May 1980 is my birthday".
    Rule(
        "DATE_OF_BIRTH",
        re.compile(
            rf"(?i)(?<![\w.])(?P<value>{_DATE})"
            r"(?=,? (?:[^\W\d]{1,30} ){0,4}(?:geboren|born|birthday)\b)"
        ),
        0.9,
        check=_is_date,
        needs=Needs.DIGIT,
        rank=Rank.PROVEN,
    ),
)
