"""Which NeMo versions a requirement allows: PEP 440 comparisons, and Poetry's ``^`` and ``~``.

Only the numbers of a version count; a pre-release or post-release stands for its release.
"""

from __future__ import annotations

import re
from functools import cache

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["Allowed", "is_older", "parse_allowed"]

_CLAUSE = lazy_pattern(
    r"(===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s*v?(\d+(?:\.\d+)*)(\.\*)?[0-9a-z.+!-]*", re.IGNORECASE
)
_Numbers = tuple[int, ...]


@record
class Allowed:
    """The clauses of one requirement, all of which hold; none: any version."""

    clauses: tuple[tuple[str, _Numbers], ...]

    @property
    def exact(self) -> str | None:
        """The one version that is allowed (``==0.21.0``), or None."""
        for operator, numbers in self.clauses:
            if operator == "==":
                return ".".join(map(str, numbers))
        return None

    def holds(self, version: str) -> bool:
        """Whether ``version`` is allowed."""
        wanted = _numbers(version)
        return all(_holds(operator, numbers, wanted) for operator, numbers in self.clauses)

    def reaches(self, series: str) -> bool:
        """Whether some release of ``series`` (``0.21``) is allowed, as far as numbers tell."""
        # If any patch release fits, one next to the end of a clause does, or the first.
        ends = {_patch(numbers) for _, numbers in self.clauses}
        patches = {0, *(end + step for end in ends for step in (-1, 0, 1))}
        return any(self.holds(f"{series}.{patch}") for patch in patches if patch >= 0)


def parse_allowed(text: str) -> Allowed:
    """The clauses of ``>=0.20,<0.22``, ``^0.21`` or ``0.21.*``; what is none of these says nothing."""
    clauses: list[tuple[str, _Numbers]] = []
    for part in re.split(r"[,\s]+(?=[=~!<>^])|,", text.strip().strip("()")):
        found = _CLAUSE.fullmatch(part.strip())
        if found is not None:
            clauses.extend(_clauses(found[1] or "==", _numbers(found[2]), wildcard=bool(found[3])))
    return Allowed(tuple(clauses))


@cache
def is_older(version: str, than: str) -> bool:
    """Whether ``version`` is before ``than`` (``0.9.1`` is before ``0.24``)."""
    return _padded(_numbers(version)) < _padded(_numbers(than))


def _clauses(operator: str, numbers: _Numbers, *, wildcard: bool) -> list[tuple[str, _Numbers]]:
    if wildcard:
        return [("!=*", numbers)] if operator == "!=" else _between(numbers, len(numbers))
    if operator in ("==", "===", "="):
        return [("==", numbers)]
    if operator == "~=":
        return _between(numbers, len(numbers) - 1)
    if operator == "~":
        return _between(numbers, min(2, len(numbers)))
    if operator == "^":
        # The leftmost number that is not zero may not change.
        fixed = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        return _between(numbers, fixed + 1)
    return [(operator, numbers)]


def _between(numbers: _Numbers, kept: int) -> list[tuple[str, _Numbers]]:
    """From ``numbers`` to the end of what shares its first ``kept`` numbers."""
    kept = max(kept, 1)
    return [(">=", numbers), ("<", (*numbers[: kept - 1], numbers[kept - 1] + 1))]


def _holds(operator: str, numbers: _Numbers, wanted: _Numbers) -> bool:
    if operator == "!=*":
        return wanted[: len(numbers)] != numbers
    left, right = _padded(wanted), _padded(numbers)
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator]


def _patch(numbers: _Numbers) -> int:
    return numbers[2] if len(numbers) > 2 else 0


def _numbers(version: str) -> _Numbers:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(number) for number in found[0].split(".")) if found else (0,)


def _padded(numbers: _Numbers) -> _Numbers:
    return (*numbers, 0, 0, 0, 0)[:4]
