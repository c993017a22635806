"""The configuration lacks what the policy requires, or has what it forbids.

What it does: holds the effective configuration against every requirement and prohibition of the policy
that the team file or the central repository names.

Why it matters: the policy is the company's standard; ``guardlint compile`` makes no bundle of a
configuration that does not meet it.

How to fix: as the finding says, or ask the policy's owner for a waiver where the policy allows one.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each requirement that is not met; none without a policy."""
    policy = project.policy
    if policy is None:
        return
    # Imported here: most checks have no policy, and start sooner without its modules.
    from guardlint.policy.evaluate import violations
    from guardlint.rules.effective_view import ConfigurationView, place_of

    for violation in violations(policy, ConfigurationView(project.configuration)):
        waivable = policy.waivable(violation.requirement)
        said = "yes" if waivable else "no"
        yield Found(
            violation.message,
            place_of(project.configuration, violation),
            violation.at_run_time,
            violation.help,
            path=violation.path or None,
            value=(violation.requirement, violation.file),
            policy=f"{violation.policy}, {violation.requirement}: {violation.reason} (waivable: {said})",
            waivable=waivable,
            requirement=violation.requirement,
        )
