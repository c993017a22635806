"""How people are reached: e-mail, web addresses, telephone numbers.

Presidio's own e-mail recogniser asks tldextract, which fetches the public suffix list over the network at
its first use and refuses internal domains; its phone recogniser reads the whole text once per region and
takes any ten digits.
So e-mail is a rule, and telephone numbers are cut out first and then judged by ``phonenumbers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.pii.rule import Context, Needs, Rule, against, words
from guardlint.pii.span import Hit, Rank

__all__ = ["FINDERS", "RULES", "find_emails", "find_phones"]

_DOMAIN = re.compile(r"(?:[\w](?:[\w-]{0,61}\w)?\.){1,8}[^\W\d_][\w-]{1,62}(?<!-)")
_LOCAL_END = re.compile(r"\w[\w.+!#$%*~^{}'-]*\Z")
_LONGEST_LOCAL = 128
# In scheme://user:password@host what stands before the @ is a password.
_CREDENTIALS = re.compile(r"://[^\s/@]{1,64}:[^\s/@]{0,64}\Z")

RULES: tuple[Rule, ...] = (
    Rule(
        "URL", re.compile(r"(?i)(?<!\w)(?:(?:https?|ftp)://|www\.)[^\s<>\"'`]{3,2000}(?<![.,;:!?)\]}])"), 0.6
    ),
)

_CANDIDATE = re.compile(
    r"(?<![\w.+/:=-])(?:\+ ?|00 ?)?(?:\(\+?\d{1,5}\)|\d)(?:[ ./()-]{0,3}\d){6,14}(?![\w-]|\.\d)"
)
_CALL = Context(
    words(
        *(
            "phone",
            "tel",
            "telephone",
            "mobile",
            "cell",
            "call",
            "fax",
            "whatsapp",
            "sms",
            "text me",
            "ring",
            "dial",
        ),
        *(
            "my number",
            "reach me",
            "handy",
            "telefon",
            "mobil",
            "anruf",
            "rückruf",
            "erreichbar",
            "erreichen",
        ),
        *("téléphone", "portable", "appel", "joindre"),
    ),
    required=True,
)
_NOT_PHONE = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}|"  # an IPv4 address
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?: \d+)*|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?: \d+)*|"  # a date
    r"\d\d-\d\d-\d\d(?: \d{8})?"  # a sort code
)
_US_SHAPE = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}")
_PLAIN = re.compile(r"\d+")
_TRUNK_REGIONS = ("GB", "FR", "DE", "IE", "AT", "CH", "NL", "BE")
_BARE_REGIONS = ("US", "ES", "IT", "PL", "LU", "PT", "GB", "FR")


def find_emails(text: str) -> Iterator[Hit]:
    """Addresses around each ``@``, with or without a public top-level domain."""
    at = text.find("@")
    while at >= 0:
        local = _LOCAL_END.search(text[max(0, at - _LONGEST_LOCAL) : at])
        domain = _DOMAIN.match(text, at + 1)
        start = at - len(local.group()) if local else at
        if local and domain and not _CREDENTIALS.search(text[max(0, start - _LONGEST_LOCAL) : start]):
            yield Hit(start, domain.end(), "EMAIL_ADDRESS", 1.0, Rank.PROVEN)
        at = text.find("@", at + 1)


def find_phones(text: str) -> Iterator[Hit]:
    """Numbers that exist in a numbering plan and are written, or announced, as telephone numbers."""
    for match in _CANDIDATE.finditer(text):
        start, number = match.start(), match.group()
        if _NOT_PHONE.fullmatch(number):
            continue
        announced = _CALL.score(text, start, 0.0) > 0
        if not announced and against(text, start):
            continue
        score = _phone_score(number, announced)
        if score:
            yield Hit(start, match.end(), "PHONE_NUMBER", score, Rank.LIKELY)


def _phone_score(number: str, announced: bool) -> float:
    plain = bool(_PLAIN.fullmatch(number))
    if number.startswith(("+", "00", "(+")):
        international = number.lstrip("(").replace(")", "", 1) if number.startswith("(+") else number
        found = _valid("+" + international.lstrip("+0 "), ("ZZ",))
        return 0.9 if found else 0.5 if announced else 0.0
    if announced:
        return 0.75 if _valid(number, _TRUNK_REGIONS + _BARE_REGIONS) else 0.0
    if _US_SHAPE.fullmatch(number):
        return 0.6 if _valid(number, ("US",)) else 0.0
    if number.lstrip("(").startswith("0"):
        # German numbers have no fixed length, so without blanks only the stricter plans count.
        return 0.6 if _valid(number, ("GB", "FR") if plain else _TRUNK_REGIONS) else 0.0
    return 0.0


def _valid(number: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
    return False


FINDERS = (
    ("EMAIL_ADDRESS", Needs.AT, find_emails),
    ("PHONE_NUMBER", Needs.DIGIT, find_phones),
)
