"""Check digits accept the issuers' specimens and refuse every neighbour of them."""

from collections.abc import Callable

import pytest

from guardlint.pii import check_digits as check

SPECIMENS = [
    (check.fr_nir, "1 85 05 78 006 084 91"),
    (check.nl_bsn, "1112.22.333"),
    (check.ie_pps, "1234567T"),
    (check.ie_pps, "1234567FA"),
    (check.ie_pps, "1234567TW"),
    (check.de_tax_id, "86 095 742 719"),
    (check.de_pension_number, "15 070649 C 103"),
    (check.luhn, "4111 1111 1111 1111"),
]


@pytest.mark.parametrize(("accepts", "value"), SPECIMENS)
def test_specimen_is_accepted(accepts: Callable[[str], bool], value: str) -> None:
    """Blanks, dots and small letters do not matter."""
    assert accepts(value)
    assert accepts(value.lower())


@pytest.mark.parametrize(("accepts", "value"), SPECIMENS)
def test_one_wrong_digit_is_refused(accepts: Callable[[str], bool], value: str) -> None:
    """Single-digit slips are caught; the German pension scheme (weight 7 in cross sums) misses a few."""
    slips = [
        value[:index] + other + value[index + 1 :]
        for index, char in enumerate(value)
        if char.isdigit()
        for other in "0123456789".replace(char, "")
    ]
    missed = [slip for slip in slips if accepts(slip)]
    assert len(missed) <= (2 if accepts is check.de_pension_number else 0)


@pytest.mark.parametrize("accepts", sorted({f for f, _ in SPECIMENS}, key=lambda f: f.__name__))
@pytest.mark.parametrize("value", ["", "x", "1", "²²²²²²²²²", "١" * 9, "A" * 40, "12345678Ä012"])
def test_nonsense_is_refused_without_an_error(accepts: Callable[[str], bool], value: str) -> None:
    """A check never raises."""
    assert accepts(value) is False


def test_corsican_numbers_use_their_own_digits() -> None:
    """2A counts as 19 and 2B as 18 in the French key."""
    for letters, digits in (("2A", "19"), ("2B", "18")):
        body = f"26902{digits}588157"
        assert len(body) == 13
        key = 97 - int(body) % 97
        assert check.fr_nir(f"26902{letters}588157{key:02d}")
