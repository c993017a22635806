"""The guard: a verified bundle's rails around any chat function.

::

    guard = Guard.load("claims.glbundle", trust="trust/")

    @guard.protect
    def chat(messages: list[dict]) -> str: ...

Importing this package imports neither NeMo Guardrails nor Presidio; :meth:`Guard.load` does.
"""

from guardlint.guard.audit import AuditLog, ChainReport, verify_chain
from guardlint.guard.guard import Guard
from guardlint.guard.verdict import Checked, Result, StepRecord, Verdict

__all__ = ["AuditLog", "ChainReport", "Checked", "Guard", "Result", "StepRecord", "Verdict", "verify_chain"]
