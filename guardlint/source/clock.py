"""What time it is: for waivers, prices and bundles alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from guardlint.errors import UsageError

__all__ = ["now"]


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
