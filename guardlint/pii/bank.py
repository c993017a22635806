"""Bank data that Presidio lacks: sort codes, account numbers, BIC, the second Mastercard range, Ethereum.

IBAN (mod 97), payment cards (Luhn), Bitcoin and US bank data are Presidio's (``borrowed``).
"""

from __future__ import annotations

import re

from guardlint.pii.check_digits import compact, luhn
from guardlint.pii.lexicon import lexicon
from guardlint.pii.rule import Context, Needs, Rule, words
from guardlint.pii.span import Rank

__all__ = ["RULES"]

_SORT_CODE = words("sort code", "sort-code", "sortcode", "s/c", "bank", "account", "branch code")
_ACCOUNT = words(
    *("account", "acct", "acc no", "a/c", "sort code", "bank details", "payee", "iban"),
    *("konto", "kontonummer", "bankverbindung", "compte", "rib", "numéro de compte"),
)
_BIC = words("bic", "swift", "iban", "bank", "banque", "überweisung", "virement", "correspondent")

_COUNTRIES = lexicon("countries")


def _is_bic(value: str) -> bool | None:
    return None if value[4:6].upper() in _COUNTRIES else False


def _is_second_mastercard_range(value: str) -> bool:
    return 222100 <= int(compact(value)[:6]) <= 272099 and luhn(value)


def _rule(entity: str, pattern: str, score: float, context: Context | None = None) -> Rule:
    return Rule(entity, re.compile(pattern), score, context=context, needs=Needs.DIGIT)


RULES: tuple[Rule, ...] = (
    # A sort code and an account number next to each other prove one another.
    _rule(
        "UK_SORT_CODE",
        r"(?<![\w-])(?P<value>\d\d[- ]\d\d[- ]\d\d)(?=[\s,;/|]{1,3}(?:[A-Za-z/]+[.:]?\s){0,3}\d{8}(?![\w-]))",
        0.9,
    ),
    _rule(
        "BANK_ACCOUNT",
        r"(?<![\w-])\d\d[- ]\d\d[- ]\d\d[\s,;/|]{1,3}(?:[A-Za-z/]+[.:]?\s){0,3}(?P<value>\d{8})(?![\w-])",
        0.9,
    ),
    _rule("UK_SORT_CODE", r"(?<![\w-])\d\d-\d\d-\d\d(?![\w-])", 0.3, Context(_SORT_CODE)),
    # Right behind its name it is no short account number.
    Rule(
        "UK_SORT_CODE",
        re.compile(r"(?i)(?<!\w)sort[ _-]?code\W{1,4}(?:is\s)?(?P<value>\d{6}|\d\d \d\d \d\d)(?![\w-])"),
        0.9,
        needs=Needs.DIGIT,
        rank=Rank.PROVEN,
    ),
    _rule(
        "UK_SORT_CODE",
        r"(?<![\w-])(?:\d{6}|\d\d \d\d \d\d)(?![\w-])",
        0.3,
        Context(words("sort code", "sort-code", "sortcode"), required=True),
    ),
    _rule("BANK_ACCOUNT", r"(?<![\w.-])\d{6,10}(?![\w-]|\.\d)", 0.3, Context(_ACCOUNT, required=True)),
    Rule(
        "SWIFT_BIC",
        re.compile(r"(?<!\w)[A-Za-z]{6}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?(?!\w)(?<=[A-Z0-9]{8})"),
        0.5,
        check=_is_bic,
        context=Context(_BIC, required=True),
    ),
    Rule(
        "CREDIT_CARD",
        re.compile(r"(?<![\w-])2\d{3}(?:[- ]?\d{4}){3}(?![\w-])"),
        0.3,
        check=_is_second_mastercard_range,
        needs=Needs.DIGIT,
    ),
    Rule("CRYPTO", re.compile(r"(?<!\w)0x[0-9a-fA-F]{40}(?!\w)"), 0.85, needs=Needs.DIGIT, rank=Rank.PROVEN),
)
