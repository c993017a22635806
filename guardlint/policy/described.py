"""A composed policy line by line: what each says, who says it and where, and what enforces it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.policy.budgets import budget_text
from guardlint.policy.entries import VERBS
from guardlint.policy.handling import handling_text
from guardlint.policy.model import ComposedPolicy, Origin, RailUse, Requirement, Valued
from guardlint.policy.words import bound_text, one_of, show
from guardlint.source.record import record

__all__ = ["Line", "lines_of", "says", "shows_use"]


@record
class Line:
    """One thing that a policy says.

    ``section`` is the key it stands under (``rails.input``, ``require``), ``id`` names it there.
    ``enforced_by`` is a mechanism (``guardlint.policy.mechanisms``), or ``reports`` for what findings say of
    themselves. ``waivable`` is None where there is nothing to waive.
    """

    section: str
    id: str
    says: str
    origin: Origin
    enforced_by: str
    reason: str = ""
    controls: tuple[str, ...] = ()
    waivable: bool | None = None


def lines_of(policy: ComposedPolicy) -> Iterator[Line]:
    """Every line of the policy, sections in the order of a document."""
    for direction, uses in policy.rails.items():
        for use in uses:
            yield Line(
                f"rails.{direction}", use.rail, shows_use(use), use.origin, "bundle", use.reason, use.controls
            )
    for entry in sorted(policy.requirements, key=lambda entry: VERBS.index(entry.verb)):
        waivable = policy.waivable(entry.id) if entry.enforced_by == "configuration" else None
        yield Line(
            entry.verb,
            entry.id,
            says(entry),
            entry.origin,
            entry.enforced_by,
            entry.reason,
            entry.controls,
            waivable,
        )
    if policy.allow_engines is not None:
        engines = ", ".join(policy.allow_engines.value)
        yield _valued(policy, "models", "allow_engines", engines, policy.allow_engines, "configuration")
    if policy.judge is not None:
        judge = policy.judge.value
        yield _valued(policy, "models", "judge", f"{judge.engine}/{judge.model}", policy.judge, "bundle")
    for name, code in (("actions", policy.actions), ("config_py", policy.config_py)):
        # Isolated code is nothing to check: the guard keeps it apart.
        by = "runtime" if code.value == "isolated" else "configuration"
        yield _valued(policy, "team_code", name, code.value, code, by)
    for name, valued in _runtime(policy):
        yield _valued(policy, "runtime", name, show(valued.value), valued, "runtime")
    for rule, severity in policy.severity.items():
        yield _valued(policy, "severity", rule, severity.value, severity, "configuration")
    if policy.longest_waiver is not None:
        days = f"at most {policy.longest_waiver.value} days"
        yield _valued(policy, "waivers", "longest_days", days, policy.longest_waiver, "reports")
    for key, most in policy.budgets.items():
        yield _valued(
            policy, "budgets", f"{key.profile}.{key.figure}", budget_text(key, most), most, "configuration"
        )
    for name, origin in policy.not_waivable.items():
        yield _valued(policy, "not_waivable", name, "no waiver lifts it", Valued(name, origin), "reports")


def _runtime(policy: ComposedPolicy) -> Iterator[tuple[str, Valued[Any]]]:
    yield "on_error", policy.on_error
    yield "timeout_seconds", policy.timeout_seconds
    yield from policy.guard.items()
    yield "refusal", policy.refusal


def _valued(policy: ComposedPolicy, section: str, id: str, text: str, valued: Valued[Any], by: str) -> Line:
    given = [one for one in policy.reasons.get(section, ()) if one.origin.policy == valued.origin.policy]
    reason, controls = (given[-1].reason, given[-1].controls) if given else ("", ())
    waivable = None
    if by == "configuration" and section in ("models", "team_code", "budgets"):
        waivable = policy.waivable(f"{section}.{id}")
    return Line(section, id, text, valued.origin, by, reason, controls, waivable)


def shows_use(use: RailUse) -> str:
    """An approved rail with its settings, and how it is handled."""
    settings = ", ".join(f"{name}: {show(value)}" for name, value in use.settings.items())
    handling = handling_text(use.handling)
    said = "; ".join(filter(None, (settings, handling)))
    return f"{use.ref} ({said})" if said else use.ref


def says(entry: Requirement) -> str:
    """A requirement in words: ``input rail 'self check input'``."""
    when = f", where {entry.when[0]} is {show(entry.when[1])}" if entry.when else ""
    return _SAYS.get(entry.verb, _required)(entry) + when


def _required(entry: Requirement) -> str:
    quoted = [f"'{name}'" for name in entry.names]
    if entry.subject == "rail":
        return (
            f"{entry.direction} rail {one_of(quoted)}"
            if entry.names != ("*",)
            else f"any {entry.direction} rail"
        )
    if entry.subject == "order":
        return f"{entry.direction} rails in the order {', '.join(quoted)}"
    if entry.subject == "setting":
        return f"{entry.names[0]} is {bound_text(entry)}"
    if entry.subject == "prompt":
        return f"prompts for {quoted[0]} are of {len(entry.digests)} approved"
    if entry.personal_data is not None:
        done = {"mask": "masked", "block": "blocked"}[entry.personal_data.action]
        least = entry.personal_data.threshold
        from_ = f", from a score of at most {least} on" if least is not None else ""
        return f"{', '.join(entry.names)} in {entry.direction} is {done}{from_}"
    assert entry.versions is not None
    said = [f"at least {entry.versions.at_least}"] if entry.versions.at_least else []
    said += [f"below {entry.versions.below}"] if entry.versions.below else []
    said += [f"not {one}" for one in entry.versions.excluded]
    return f"NeMo {' and '.join(said)}"


def _forbidden(entry: Requirement) -> str:
    name = f"'{entry.names[0]}'"
    if entry.subject == "setting":
        return f"no {entry.names[0]}" + (f" of {bound_text(entry)}" if entry.bound else "")
    side = f"{entry.direction} " if entry.direction else ""
    return f"no {side}{entry.subject} {name}"


def _allowed(entry: Requirement) -> str:
    names = one_of([f"'{name}'" for name in entry.names])
    if entry.subject == "text":
        return f"{entry.direction} text goes to {names} only" + (", masked" if entry.masked else "")
    return f"{entry.subject}s: {names} only"


_SAYS = {"require": _required, "forbid": _forbidden, "allow": _allowed}
