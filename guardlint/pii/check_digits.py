"""Check digits of the identifiers that Presidio has no recogniser for, or whose recogniser is too narrow.

Every function takes the value as written (blanks, dots and hyphens allowed) and never raises.
"""

from __future__ import annotations

__all__ = [
    "compact",
    "de_pension_number",
    "de_tax_id",
    "fr_nir",
    "ie_pps",
    "luhn",
    "nl_bsn",
]

_SEPARATORS = str.maketrans("", "", " \t\u00a0.-/")


def compact(value: str) -> str:
    """``value`` in upper case without blanks, dots, hyphens and slashes."""
    return value.translate(_SEPARATORS).upper()


def luhn(value: str) -> bool:
    """The mod 10 sum of payment cards (ISO/IEC 7812-1)."""
    digits = compact(value)
    if not digits.isdecimal():
        return False
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    total = sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0


def fr_nir(value: str) -> bool:
    """French social security number: 13 characters and the key 97 - n mod 97; 2A and 2B are Corsica."""
    number = compact(value)
    body = number[:13].replace("2A", "19", 1) if number[5:7] == "2A" else number[:13]
    body = body.replace("2B", "18", 1) if number[5:7] == "2B" else body
    key = number[13:]
    return len(number) == 15 and (body + key).isdecimal() and int(key) == 97 - int(body) % 97


def nl_bsn(value: str) -> bool:
    """Dutch citizen service number: nine digits, the weighted sum (last weight -1) divides by 11."""
    digits = compact(value)
    if len(digits) != 9 or not digits.isdecimal() or digits == "0" * 9:
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0


def ie_pps(value: str) -> bool:
    """Irish PPS number: seven digits, a letter mod 23, since 2013 a second letter that counts nine times."""
    number = compact(value)
    if len(number) not in {8, 9} or not number[:7].isdecimal() or not number[7:].isalpha():
        return False
    total = sum(w * int(d) for w, d in zip(range(8, 1, -1), number, strict=False))
    if len(number) == 9 and number[8] != "W":
        total += 9 * (ord(number[8]) - ord("A") + 1)
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == number[7]


def de_tax_id(value: str) -> bool:
    """German tax id: eleven digits, one digit of the first ten two or three times, ISO 7064 mod 11,10."""
    digits = compact(value)
    if len(digits) != 11 or not digits.isdecimal() or digits[0] == "0":
        return False
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if counts[-1] not in {2, 3} or counts[:-1].count(1) != len(counts) - 1:
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[10])


def de_pension_number(value: str) -> bool:
    """German pension insurance number: the letter counts as two digits; weighted cross sums mod 10."""
    number = compact(value)
    if len(number) != 12 or not number[8].isascii() or not number[8].isalpha():
        return False
    digits = f"{number[:8]}{ord(number[8]) - ord('A') + 1:02d}{number[9:11]}"
    if not (digits + number[11]).isdecimal():
        return False
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(w * int(d), 10)) for w, d in zip(weights, digits, strict=True))
    return total % 10 == int(number[11])
