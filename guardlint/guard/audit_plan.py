"""What the plan says of records: must there be a place for them, and what if one cannot be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from guardlint.errors import ConfigError

__all__ = ["OnFailure", "read_audit_choice"]

OnFailure = Literal["block", "degrade"]
_PLACE: Final = "plan.yml"


def read_audit_choice(data: Mapping[str, Any]) -> tuple[bool, OnFailure]:
    """Whether the guard needs a place for records, and what becomes of a call whose record fails.

    ``audit: required`` and ``audit: {on_failure: block}`` block it; ``{on_failure: degrade}`` lets the reply
    go, says so in the verdict, and the next record that can be written counts it.  Without the key the host
    chooses whether there are records, and where it has chosen them, one that fails blocks.

    Raises ConfigError for anything else.
    """
    if "audit" not in data:
        return False, "block"
    said = data["audit"]
    if said == "required":
        return True, "block"
    if isinstance(said, Mapping) and set(said) == {"on_failure"}:
        if said["on_failure"] == "block":
            return True, "block"
        if said["on_failure"] == "degrade":
            return True, "degrade"
    raise ConfigError(
        "`audit` must be `required` or `{on_failure: block | degrade}`, or absent", place=_PLACE
    )
