"""What enforces what. A requirement that nothing enforces is refused when it is read, never ignored.

``configuration``: ``guardlint check`` and ``guardlint compile`` hold the team's configuration against it.
``bundle``: the company half of every bundle does it, whatever the team writes; held against the policy's own
``rails`` when policies are composed. ``runtime``: the guard does it.
"""

from __future__ import annotations

from collections.abc import Mapping

from guardlint.errors import ConfigError
from guardlint.policy.documents import Document
from guardlint.policy.model import Direction, Mechanism, Requirement, Subject

__all__ = ["GUARDED", "GUARD_KEYS", "check_guard", "check_mechanism", "check_use", "mechanism_text"]

GUARDED: tuple[Direction, ...] = ("input", "output")
"""The directions in which the guard runs the company's rails."""

_ENFORCED: Mapping[Subject, tuple[Mechanism, ...]] = {
    "personal_data": ("configuration", "bundle"),
    "text": ("configuration", "bundle"),
}
# Where NeMo's library has rails for personal data, and where its rails and models read a text.
_WITH_PERSONAL_DATA: tuple[Direction, ...] = ("input", "output", "retrieval")

# What this guard can do. Anything else that a policy may ask for is known and refused.
_GUARD: Mapping[str, Mapping[str, str]] = {
    "mode": {
        "monitor": "the guard always enforces",
        "canary": "the guard always enforces",
    },
    "content_capture": {
        "redacted": "the guard never records content; write 'never'",
        "full": "the guard never records content; write 'never'",
    },
    "telemetry": {"required": "the guard sends no telemetry"},
    # The guard does not start without a place for records; a call that it cannot record it blocks or,
    # where the policy says so, lets go as degraded.
    "audit": {},
    "stream": {},
}

GUARD_KEYS = tuple(_GUARD)
"""What a policy may say under ``runtime`` beside on_error, timeout_seconds and refusal."""


def check_mechanism(requirement: Requirement) -> None:
    """Raises ConfigError where the mechanism that a requirement names does not enforce it."""
    named = requirement.enforced_by
    possible = _ENFORCED.get(requirement.subject, ("configuration",))
    what = _what(requirement)
    if named not in possible:
        raise _refused(
            requirement, f"'{named}' does not enforce {what}", f"write {_or(possible)}{_instead(requirement)}"
        )
    direction = requirement.direction
    if named == "bundle" and direction not in GUARDED:
        raise _refused(
            requirement,
            f"no bundle enforces {what}",
            f"a bundle works on {_or(GUARDED)}",
        )
    if named == "bundle" and requirement.subject == "text" and not requirement.masked:
        raise _refused(
            requirement,
            "no bundle enforces where a text goes, only that it is masked before",
            "add 'masked: true', or write 'enforced_by: configuration'",
        )
    if named == "bundle" and requirement.when is not None:
        raise _refused(requirement, "a bundle does not look at the team's settings", "leave 'when' out, here")
    if requirement.subject == "personal_data" and direction not in _WITH_PERSONAL_DATA:
        raise _refused(
            requirement,
            f"nothing enforces {what}: NeMo has no rail for personal data there",
            f"the directions are {_or(_WITH_PERSONAL_DATA)}",
        )
    if requirement.subject == "order" and direction == "dialog":
        raise _refused(
            requirement,
            "nothing enforces an order on dialog: what people say decides which flow runs",
            "require a rail on dialog, or an order in another direction",
        )


def check_use(document: Document, direction: str) -> None:
    """Raises ConfigError for a company rail on a direction that the guard does not run."""
    if direction not in GUARDED:
        raise document.error(
            f"nothing enforces a company rail on {direction}: the guard runs rails on input and output",
            "rails",
            direction,
            key=True,
            help="require a NeMo rail of the team's configuration: 'require: [{rail: <name>, "
            f"direction: {direction}, enforced_by: configuration, …}}]'",
        )
    for index, use in enumerate(document.data["rails"][direction]):
        if use.get("on_error") == "pass":
            raise document.error(
                "nothing lets one rail fail open: the guard blocks when a rail fails",
                "rails",
                direction,
                index,
                "on_error",
                help="leave it out; 'on_failure: degrade' leaves a rail that judges out of a call, counted",
            )


def check_guard(document: Document) -> None:
    """Raises ConfigError for what ``runtime`` asks of the guard and this guard does not do."""
    asked = document.data.get("runtime", {})
    for key, refused in _GUARD.items():
        value = asked.get(key)
        if isinstance(value, str) and value in refused:
            raise document.error(
                f"nothing enforces '{key}: {value}': {refused[value]}",
                "runtime",
                key,
                help="leave it out; see to it where the bundle is loaded" if value == "required" else None,
            )


def mechanism_text(mechanism: str) -> str:
    """The mechanism in words, for people who read a policy."""
    return {
        "configuration": "guardlint check and compile",
        "bundle": "every bundle",
        "runtime": "the guard at run time",
        "reports": "every report",
    }[mechanism]


def _what(requirement: Requirement) -> str:
    names = {
        "rail": "a rail of the team's",
        "order": "an order of the team's rails",
        "personal_data": "what becomes of personal data",
        "text": "where a text goes",
    }
    subject = requirement.subject.replace("_", " ")
    what = names.get(requirement.subject, f"{'an' if subject[0] in 'aeo' else 'a'} {subject}")
    return f"{what} on {requirement.direction}" if requirement.direction else what


def _instead(requirement: Requirement) -> str:
    if requirement.enforced_by == "bundle" and requirement.subject == "rail":
        return ", or put an approved rail under 'rails'"
    return ""


def _refused(requirement: Requirement, message: str, help: str) -> ConfigError:
    return ConfigError(message, place=str(requirement.origin.place), help=help)


def _or(names: tuple[str, ...]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
