"""The guard: a verified bundle's rails around any chat function.

::

    guard = Guard.load("claims.glbundle", trust="trust/")

    @guard.protect
    def chat(messages: list[dict]) -> str: ...

Importing this package imports neither NeMo Guardrails nor Presidio; :meth:`Guard.load` does.
"""

from guardlint.guard.audit import AuditLog, ChainReport, read_audit_key, verify_chain
from guardlint.guard.audit_context import audit_context
from guardlint.guard.guard import Guard
from guardlint.guard.refusals import Blocked
from guardlint.guard.session import Session
from guardlint.guard.streamed import AsyncStreamed, Streamed
from guardlint.guard.streaming.stream import StreamBlocked
from guardlint.guard.verdict import Checked, Result, StepRecord, Verdict

__all__ = [
    "AsyncStreamed",
    "AuditLog",
    "Blocked",
    "ChainReport",
    "Checked",
    "Guard",
    "Result",
    "Session",
    "StepRecord",
    "StreamBlocked",
    "Streamed",
    "Verdict",
    "audit_context",
    "read_audit_key",
    "verify_chain",
]
