"""NeMo Guardrails without its usage statistics and without content in its logs.

Its usage statistics are on by default and repeat every ten minutes (``nemoguardrails/telemetry.py``).  Its
log lines hold user messages, prompts and completions at every level: events at INFO (``runtime.py``,
``generate_events``), the parameters of a failed action at WARNING (``action_dispatcher.py``), the text of an
exception at ERROR.  A level cannot separate that, and handlers may sit anywhere (some tools read records
before any handler does), so the text is withheld where records are made.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Final

__all__ = ["NEMO_SWITCHES", "keep_quiet"]

NEMO_SWITCHES: Final = {"NEMO_GUARDRAILS_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
_NEMO: Final = "nemoguardrails"


class _Withholding:
    """A factory for log records that leaves NeMo's only where they came from."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(
        self,
        name: str,
        level: int,
        path: str,
        line: int,
        msg: object,
        args: Any,
        exc_info: Any,
        *more: Any,
        **named: Any,
    ) -> logging.LogRecord:
        if name == _NEMO or name.startswith(f"{_NEMO}."):
            kind = exc_info[0] if isinstance(exc_info, tuple) else None
            msg = "message at line %d withheld by guardlint%s"
            args, exc_info = (line, f" ({kind.__name__})" if kind else ""), None
        record: logging.LogRecord = self._inner(name, level, path, line, msg, args, exc_info, *more, **named)
        return record


def keep_quiet(environ: MutableMapping[str, str]) -> None:
    """Switch statistics off in ``environ`` and content off in NeMo's log records, in all of this process.

    Idempotent.  Levels below WARNING are dropped before any record is made.
    """
    environ.update(NEMO_SWITCHES)
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _Withholding):
        logging.setLogRecordFactory(_Withholding(factory))
    logger = logging.getLogger(_NEMO)
    logger.setLevel(max(logger.level, logging.WARNING))
