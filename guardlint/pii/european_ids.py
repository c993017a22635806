"""European identifiers that Presidio lacks, or accepts in one spelling only.

German, Spanish, Italian and Polish numbers in their usual spelling are Presidio's (``borrowed``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from guardlint.pii.check_digits import de_pension_number, de_tax_id, fr_nir, ie_pps, nl_bsn
from guardlint.pii.rule import Context, Needs, Rule, words

__all__ = ["RULES"]

_TAX_ID = words("steuer", "steuer-id", "steuer id", "tax id", "tax number", "idnr", "tin", "finanzamt")
_ID_CARD = words("personalausweis", "ausweis", "id card", "identity card", "dokumentennummer")
_DE_PASSPORT = words("reisepass", "passnummer", "pass-nr", "pass nr")
_UK_PASSPORT = words("passport")


def _has_digit(value: str) -> bool | None:
    return None if any(char.isdigit() for char in value) else False


def _rule(
    entity: str,
    pattern: str,
    score: float,
    *,
    check: Callable[[str], bool | None] | None = None,
    context: Context | None = None,
) -> Rule:
    return Rule(entity, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"), score, check, context, Needs.DIGIT)


RULES: tuple[Rule, ...] = (
    _rule(
        "FR_NIR",
        r"[1278][ .]?\d\d[ .]?\d\d[ .]?(?:\d\d|2[ABab])[ .]?\d{3}[ .]?\d{3}[ .]?\d\d",
        0.5,
        check=fr_nir,
    ),
    # One number in eleven passes by chance, so the word must stand near.
    _rule(
        "NL_BSN",
        r"\d{9}|\d{3}[ .]\d{3}[ .]\d{3}|\d{4}[ .]\d\d[ .]\d{3}",
        0.3,
        check=nl_bsn,
        context=Context(
            words("bsn", "burgerservicenummer", "sofi", "citizen service", "dutch"), required=True
        ),
    ),
    _rule("IE_PPS", r"\d{7} ?[A-W][A-IW]?", 0.5, check=ie_pps),
    _rule(
        "IE_PPS",
        r"\d{7} ?[A-Wa-w][A-IWa-iw]?",
        0.3,
        check=ie_pps,
        context=Context(words("pps", "ppsn", "personal public service"), required=True),
    ),
    _rule("DE_TAX_ID", r"\d{2} \d{3} \d{3} \d{3}", 0.5, check=de_tax_id),
    _rule("DE_TAX_ID", r"\d{11}", 0.3, check=de_tax_id, context=Context(_TAX_ID, required=True)),
    _rule(
        "DE_SOCIAL_SECURITY",
        r"\d\d ?\d{6} ?[A-Z] ?\d{3}",
        0.5,
        check=de_pension_number,
    ),
    # The check digit is part of the machine-readable zone only; people write nine characters or ten.
    _rule(
        "DE_ID_CARD",
        r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?",
        0.4,
        check=_has_digit,
        context=Context(_ID_CARD, required=True, others=_DE_PASSPORT),
    ),
    _rule(
        "DE_PASSPORT",
        r"[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\d?",
        0.4,
        check=_has_digit,
        context=Context(_DE_PASSPORT, required=True, others=_ID_CARD),
    ),
    _rule("UK_PASSPORT", r"\d{9}", 0.3, context=Context(_UK_PASSPORT, required=True)),
    _rule("ES_NIE", r"[XYZ]-\d{7}-?[A-Z]", 0.6),
)
