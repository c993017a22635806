"""NeMo Guardrails without its usage statistics and without content in its logs.

Its usage statistics are on by default and repeat every ten minutes (``nemoguardrails/telemetry.py``).  Its
log lines hold user messages, prompts and completions at every level: events at INFO (``runtime.py``,
``generate_events``), the parameters of a failed action at WARNING (``action_dispatcher.py``), the text of an
exception at ERROR.  The clients that it asks models with log requests (``openai._base_client``, at DEBUG).
A level cannot separate that, and handlers may sit anywhere (some tools read records before any handler does),
so the text is withheld where records are made, and again where a logger takes them: a host may set a factory
for records, or a level, whenever it likes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import MutableMapping
from typing import Any, Final

__all__ = ["NEMO_SWITCHES", "forget_here", "keep_quiet", "stay_quiet", "withhold_here"]

NEMO_SWITCHES: Final = {"NEMO_GUARDRAILS_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
_NEMO: Final = "nemoguardrails"
# The host may use them too, and reads its own records: only those of the guard's threads are withheld.
_CLIENTS: Final = frozenset(
    {"aiohttp", "anthropic", "asyncio", "httpcore", "httpx", "huggingface_hub", "langchain", "langchain_core"}
    | {"langchain_community", "langchain_openai", "langsmith", "litellm", "LiteLLM", "openai", "urllib3"}
)
_WITHHELD: Final = "message at line %d withheld by guardlint%s"
_OURS: Final[set[int]] = set()
"""The threads in which NeMo asks models, and nothing of the host runs."""


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
        if msg != _WITHHELD and _is_secret(name):
            msg, args, exc_info = _WITHHELD, (line, _kind(exc_info)), None
        record: logging.LogRecord = self._inner(name, level, path, line, msg, args, exc_info, *more, **named)
        return record


class _Filter(logging.Filter):
    """The same, at a logger: for records that another factory has made."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg != _WITHHELD and _is_secret(record.name):
            record.msg, record.args = _WITHHELD, (record.lineno, _kind(record.exc_info))
            record.exc_info = record.exc_text = record.stack_info = None
            record.__dict__.pop("message", None)
        return True


_FILTER: Final = _Filter()
_KNOWN = 0
"""How many loggers there were when they were last looked at."""


def keep_quiet(environ: MutableMapping[str, str]) -> None:
    """Switch statistics off in ``environ`` and content off in NeMo's log records, in all of this process.

    Idempotent.  Levels below WARNING are dropped before any record is made.
    """
    environ.update(NEMO_SWITCHES)
    stay_quiet()
    logger = logging.getLogger(_NEMO)
    logger.setLevel(max(logger.level, logging.WARNING))


def stay_quiet() -> None:
    """Look whether that still holds.  Costs next to nothing when nothing has changed."""
    global _KNOWN  # noqa: PLW0603 - what it counts is of the whole process
    factory = logging.getLogRecordFactory()
    if type(factory) is not _Withholding:
        logging.setLogRecordFactory(_Withholding(factory))
    loggers = logging.root.manager.loggerDict
    if len(loggers) != _KNOWN:
        _KNOWN = len(loggers)
        for name in list(loggers):
            if name.partition(".")[0] not in (_NEMO, *_CLIENTS):
                continue
            logger = logging.getLogger(name)  # of a mere place holder too: it could become one unseen
            if _FILTER not in logger.filters:
                logger.filters.insert(0, _FILTER)  # before a filter of the host's reads the record


def withhold_here() -> None:
    """Withhold what clients of models log in the calling thread, which is the guard's own."""
    _OURS.add(threading.get_ident())


def forget_here() -> None:
    """The thread ends: another one may get its number."""
    _OURS.discard(threading.get_ident())


def _is_secret(name: str) -> bool:
    first = name.partition(".")[0]
    return first == _NEMO or (first in _CLIENTS and threading.get_ident() in _OURS)


def _kind(exc_info: Any) -> str:
    kind = exc_info[0] if isinstance(exc_info, tuple) else None
    return f" ({kind.__name__})" if kind else ""
