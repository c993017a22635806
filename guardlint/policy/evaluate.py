"""What a policy asks, held against one effective configuration.

Pure functions on a small view, so that the linter, compile and ``guardlint test`` ask one and the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from guardlint.policy.allowed import allowed, forbidden
from guardlint.policy.budgets import over_budget
from guardlint.policy.model import ComposedPolicy, Origin, Requirement, Valued, Verb
from guardlint.policy.required import required
from guardlint.policy.view import EffectiveView, Violation
from guardlint.policy.words import one_of

__all__ = ["EffectiveView", "Violation", "violations"]

_VERBS: Mapping[Verb, Callable[[Requirement, EffectiveView], Iterator[Violation]]] = {
    "require": required,
    "forbid": forbidden,
    "allow": allowed,
}


def violations(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    """What ``policy`` asks of a team's configuration and ``view`` does not give, in policy order.

    What the bundle or the guard enforces is not asked of the configuration.
    """
    for requirement in policy.requirements:
        if requirement.enforced_by == "configuration":
            yield from _VERBS[requirement.verb](requirement, view)
    yield from _engines(policy, view)
    yield from _team_code(policy, view)
    yield from over_budget(policy, view)


def _engines(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    listed = policy.allow_engines
    if listed is None:
        return
    choices = one_of([f"'{name}'" for name in listed.value])
    for index, engine in enumerate(view.engines):
        if engine not in listed.value:
            reason, controls = _why(
                policy,
                "models",
                listed.origin,
                "conversations go only to the model engines that the company has approved",
            )
            yield Violation(
                requirement="models.allow_engines",
                origin=listed.origin,
                reason=reason,
                controls=controls,
                message=f"the model engine '{engine}' is not on the allow list of {listed.origin.label}",
                path=("models", index, "engine"),
                file=None,
                at_run_time=f"conversations are sent to '{engine}'",
                help=f"use {choices}",
            )


def _team_code(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    for name in view.files:
        if not name.endswith(".py"):
            continue
        if name == "config.py":
            yield from _code(policy, view, policy.config_py, "config_py", name)
        elif policy.actions.value == "reviewed" or name == "actions.py" or name.startswith("actions/"):
            # Reviewed code imports what lies beside it, so that must be reviewed, too.
            yield from _code(policy, view, policy.actions, "actions", name)


def _code(
    policy: ComposedPolicy, view: EffectiveView, rule: Valued[str], key: str, file: str
) -> Iterator[Violation]:
    digest = view.code.get(file, "") if rule.value == "reviewed" else ""
    if rule.value == "isolated" or (rule.value == "reviewed" and digest in policy.reviewed):
        return
    reason, controls = _why(
        policy,
        "team_code",
        rule.origin,
        "Python of a configuration runs inside the process that holds the guard",
    )
    when = "the configuration is loaded" if key == "config_py" else "a flow executes one of its actions"
    is_forbidden = rule.value == "forbidden"
    yield Violation(
        requirement=f"team_code.{key}",
        origin=rule.origin,
        reason=reason,
        controls=controls,
        message=f"'{file}' is forbidden by {rule.origin.label}"
        if is_forbidden
        else f"'{file}' is reviewed by nobody, and {rule.origin.label} requires it",
        path=None,
        file=file,
        at_run_time=f"NeMo runs its code in the application's process when {when}",
        help=f"remove '{file}', and do its work in the application"
        if is_forbidden
        else f"ask the policy's owner to read it and to write its digest into policies/reviews.yml: {digest}",
    )


def _why(policy: ComposedPolicy, section: str, origin: Origin, default: str) -> tuple[str, tuple[str, ...]]:
    """The reason and controls that the policy which says it gives for its section."""
    said = policy.reasons.get(section, ())
    own = [one for one in said if one.origin.policy == origin.policy] or list(said[-1:])
    return (own[-1].reason, own[-1].controls) if own else (default, ("LLM03:2025",))
