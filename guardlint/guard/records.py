"""The audit record of a call (``schemas/audit-record.json``), made of what the verdict and the bundle say."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from guardlint.guard.audit import SCHEMA, Record
from guardlint.guard.verdict import StepRecord, Verdict

__all__ = ["FunctionOutcome", "Hook", "Identity", "make_record"]

Hook = Literal["call", "input", "output"]
FunctionOutcome = Literal["not-called", "returned", "raised"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What every record of a guard says alike: which bundle, signed by whom, under which policy."""

    name: str
    digest: str
    revision: int
    key_ids: tuple[str, ...]
    policy_id: str
    policy_version: str
    tier: str | None

    @classmethod
    def of(cls, manifest: Mapping[str, Any], digest: str, key_ids: tuple[str, ...]) -> Identity:
        """The identity in a verified manifest."""
        policy = manifest.get("policy") or {}
        tier = manifest.get("tier")
        return cls(
            str(manifest.get("name", "")),
            digest,
            int(manifest.get("revision") or 0),
            key_ids,
            str(policy.get("id", "")),
            str(policy.get("version", "")),
            None if tier is None else str(tier),
        )


def make_record(
    identity: Identity,
    verdict: Verdict,
    *,
    now: datetime,
    hook: Hook,
    function: FunctionOutcome,
    messages: int,
    guard_ms: float,
    function_ms: float | None,
    content: Mapping[str, str | None],
) -> Record:
    """One record, not yet chained.  ``content`` holds keyed hashes only."""
    return {
        "schema": SCHEMA,
        "id": uuid.uuid4().hex,
        "time": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "bundle": {
            "name": identity.name,
            "digest": identity.digest,
            "revision": identity.revision,
            "key_ids": list(identity.key_ids),
        },
        "policy": {"id": identity.policy_id, "version": identity.policy_version},
        "tier": identity.tier,
        "hook": hook,
        "verdict": verdict.status,
        "rail": verdict.rail,
        "reason": verdict.reason,
        "error": verdict.error,
        "degraded": verdict.degraded,
        "function": function,
        "messages": messages,
        "entities": dict(verdict.entities),
        "steps": [_step(step) for step in verdict.steps],
        "llm_calls": verdict.llm_calls,
        "latency_ms": {"guard": round(guard_ms, 3), "function": _rounded(function_ms)},
        "content_hmac": {key: value for key, value in content.items() if value is not None},
    }


def _step(step: StepRecord) -> Record:
    return {
        "hook": step.hook,
        "step": step.step,
        "engine": step.engine,
        "rails": list(step.rails),
        "verdict": step.status,
        "rail": step.rail,
        "error": step.error,
        "checked": step.checked,
        "llm_calls": step.llm_calls,
        "latency_ms": step.latency_ms,
    }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
