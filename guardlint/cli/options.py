"""Values that several commands take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from guardlint.errors import UsageError
from guardlint.source.clock import now

__all__ = ["complete_rules", "instant", "now", "trust_source"]


def complete_rules(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """The ids of rules that begin with what stands on the command line, for the shell."""
    from guardlint.rules.registry import rule_ids

    return [name for name in rule_ids() if name.startswith(incomplete)]


def instant(text: str, option: str) -> datetime:
    """``2027-03-31`` (midnight UTC) or an RFC 3339 time. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"`{option} {text}` is no date", help="write 2027-03-31 or 2027-03-31T12:00:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def trust_source(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """``--trust``, else ``GUARDLINT_TRUST``. Raises UsageError where neither is given."""
    if given is not None:
        return given
    if environ.get("GUARDLINT_TRUST"):
        return Path(environ["GUARDLINT_TRUST"])
    raise UsageError(
        "no key to trust is named", help="give --trust PATH, a public key, a folder of them or a trust.yml"
    )
