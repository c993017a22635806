"""Who and what a call belongs to: what the host says around it, and the current span of OpenTelemetry.

Both live in context variables, so they hold for the current thread or task and for what it starts.
"""

from __future__ import annotations

import contextlib
import contextvars
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, ParamSpec, TypeVar

from guardlint.errors import UsageError

__all__ = ["Given", "audit_context", "given", "trace_fields", "without_given"]

P = ParamSpec("P")
T = TypeVar("T")

_REQUEST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+-]{0,127}")
# https://www.w3.org/TR/trace-context/#traceparent-header; what is not one is to be ignored (section 4.3)
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}"
)


@dataclass(frozen=True, slots=True)
class Given:
    """What :func:`audit_context` was given; ``trace`` is the trace and the span."""

    user: str | None = None
    request_id: str | None = None
    trace: tuple[str, str] | None = None


_NOTHING: Final = Given()
_GIVEN: contextvars.ContextVar[Given] = contextvars.ContextVar("guardlint_audit", default=_NOTHING)


@contextlib.contextmanager
def audit_context(
    *, user: str | None = None, request_id: str | None = None, trace: str | None = None
) -> Iterator[None]:
    """What the records of the calls inside say beside the verdict.

    ``user`` is written as a keyed hash, and not at all without the key of an :class:`AuditLog`;
    ``request_id`` as it is: up to 128 letters, digits and ``._:/=+-``, never content; ``trace`` is the value
    of a W3C ``traceparent`` header, ignored where it is none.  Inside another context only what is given
    changes.

    Raises UsageError for another request id; the message does not quote it.
    """
    if request_id is not None and not _REQUEST.fullmatch(request_id):
        raise UsageError("request_id must be 1 to 128 letters, digits or ._:/=+-")
    found = _TRACEPARENT.fullmatch(trace.strip()) if trace is not None else None
    changes: dict[str, Any] = {"user": user, "request_id": request_id, "trace": found and found.groups()}
    now = replace(_GIVEN.get(), **{name: value for name, value in changes.items() if value is not None})
    token = _GIVEN.set(now)
    try:
        yield
    finally:
        _GIVEN.reset(token)


def without_given(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """``call`` in a copy of the current context that does not know what :func:`audit_context` was given."""
    context = contextvars.copy_context()
    context.run(_GIVEN.set, _NOTHING)
    return context.run(call, *args, **kwargs)


def given() -> Given:
    """What holds now."""
    return _GIVEN.get()


def trace_fields(trace: tuple[str, str] | None) -> dict[str, str] | None:
    """Trace and span: those given, else OpenTelemetry's current ones where the host uses it, else None.

    OpenTelemetry is never imported: a host that has spans has imported it.
    """
    if trace is None:
        api = sys.modules.get("opentelemetry.trace")
        if api is None:
            return None
        try:
            span = api.get_current_span().get_span_context()
            if not span.is_valid:
                return None
            trace = f"{span.trace_id:032x}", f"{span.span_id:016x}"
        except Exception:  # noqa: BLE001 - a half-made installation of somebody else's is no reason to block
            return None
    return {"trace_id": trace[0], "span_id": trace[1]}
