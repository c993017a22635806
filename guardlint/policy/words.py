"""How findings about policies are worded."""

from __future__ import annotations

import json
from collections.abc import Sequence

from guardlint.policy.model import Requirement
from guardlint.policy.settings import Path
from guardlint.policy.view import Violation
from guardlint.source.place import Place

__all__ = ["bound_text", "example", "one_of", "show", "violation"]


def violation(
    requirement: Requirement,
    message: str,
    path: Path | None,
    at_run_time: str,
    help: str,
    *,
    file: str | None = None,
    place: Place | None = None,
) -> Violation:
    """The violation of one requirement, with its reason and controls."""
    return Violation(
        requirement=requirement.id,
        origin=requirement.origin,
        reason=requirement.reason,
        controls=requirement.controls,
        message=message,
        path=path,
        file=file,
        at_run_time=at_run_time,
        help=help,
        place=place,
    )


def bound_text(requirement: Requirement) -> str:
    """What a setting must be, in words."""
    bound = requirement.bound
    assert bound is not None
    if bound.how == "schema":
        return f"what its schema says ({show(bound.value)})"
    if bound.how == "one_of":
        return one_of([show(value) for value in bound.value])
    return {"equals": "", "minimum": "at least ", "maximum": "at most "}[bound.how] + show(bound.value)


def example(requirement: Requirement) -> str | None:
    """A value that a setting may have; None where the bound names none."""
    assert requirement.bound is not None
    value = requirement.bound.value
    if requirement.bound.how == "schema":
        known = [
            *value.get("enum", ())[:1],
            *[value[key] for key in ("const", "minimum", "maximum") if key in value],
        ]
        return show(known[0]) if known else None
    return show(value[0] if requirement.bound.how == "one_of" else value)


def show(value: object) -> str:
    """A value as a finding shows it, cut where it is long."""
    if value is None:
        return "not set"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def one_of(names: Sequence[str]) -> str:
    """``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
