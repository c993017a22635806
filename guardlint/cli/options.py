"""Values that several commands take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from guardlint.errors import UsageError

__all__ = ["instant", "now", "trust_source"]


def now(environ: Mapping[str, str] = os.environ) -> datetime:
    """The present, or ``SOURCE_DATE_EPOCH`` where builds are reproduced.

    Raises UsageError when the variable is no number of seconds.
    """
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH is `{epoch}`, which is no number of seconds") from None


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
