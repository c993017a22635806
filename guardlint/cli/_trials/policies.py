"""The cases beside policies: does a configuration violate exactly what its case lists?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from guardlint.cli._trials.outcome import Aspect, Mark, Outcome, Settings, Suite
from guardlint.cli._trials.trying import Attempt, tried
from guardlint.policy.central import Central
from guardlint.policy.documents import read_document
from guardlint.policy.model import ComposedPolicy, Origin

__all__ = ["control_outcomes", "policy_aspects", "policy_outcomes"]

_WAYS = ("fires", "holds")


def control_outcomes(suite: Suite) -> Iterator[Outcome]:
    """Every identifier of a known framework that the framework does not have, as a case that fails."""
    from guardlint.policy.controls import unknown_controls

    for unknown in unknown_controls(suite.folder):
        yield Outcome(unknown.who, unknown.control, unknown.place, "failed", unknown.message)


def policy_outcomes(suite: Suite, central: Central, settings: Settings) -> Iterator[Outcome]:
    """Every case of one file, on the linter's reading."""
    policy = central.policy(suite.name)
    document = read_document(suite.path, "policy-tests")
    for index, case in enumerate(document.data["cases"]):
        if settings.picks(policy.label, case["id"]):
            place = str(document.place("cases", index))
            outcome = Outcome(policy.label, case["id"], place, "passed")
            yield tried(outcome, lambda case=case: _attempt(policy, case), settings)  # type: ignore[misc]


def policy_aspects(policy: ComposedPolicy) -> Iterator[Aspect]:
    """The constraints that this very policy puts on configurations; its parents' are theirs.

    What the bundle or the guard enforces is no question to a configuration, so no case can make it fire.
    """
    for name, origin in _constraints(policy):
        if origin.policy == policy.id:
            place = str(origin.place)
            yield Aspect(policy.id, "constraint", name, place, _WAYS, required=True)


def _constraints(policy: ComposedPolicy) -> Iterator[tuple[str, Origin]]:
    """Name (as a case lists it) and origin, once each."""
    found: dict[tuple[str, str], tuple[str, Origin]] = {}
    for requirement in policy.requirements:
        if requirement.enforced_by == "configuration":
            found.setdefault(
                (requirement.id, requirement.origin.policy), (requirement.id, requirement.origin)
            )
    if policy.allow_engines is not None:
        found["models.allow_engines", ""] = ("models.allow_engines", policy.allow_engines.origin)
    for key, rule in (("config_py", policy.config_py), ("actions", policy.actions)):
        # A default has the place of the whole document; what is written stands further right.
        if rule.value != "isolated" and rule.origin.place.column > 1:
            found[f"team_code.{key}", ""] = (f"team_code.{key}", rule.origin)
    for budget, most in policy.budgets.items():
        found.setdefault((budget.id, most.origin.policy), (budget.id, most.origin))
    yield from found.values()


def _attempt(policy: ComposedPolicy, case: Mapping[str, Any]) -> Attempt:
    from guardlint.nemo.configuration import read_configuration
    from guardlint.policy.evaluate import violations
    from guardlint.rules.effective_view import ConfigurationView

    with tempfile.TemporaryDirectory(prefix="guardlint-test-") as root:
        for name, text in case["configuration"].items():
            file = Path(root, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        view = ConfigurationView(read_configuration(Path(root), version=case.get("nemo")))
        hits = list(violations(policy, view))
    found = {item.requirement for item in hits}
    wanted = set(case["violates"])
    wrong = [f"does not violate {name}" for name in sorted(wanted - found)]
    wrong += [f"violates {name}" for name in sorted(found - wanted)]
    # Of two parents with a requirement of one name, only the one that speaks has fired.
    fired = {(item.requirement, item.origin.policy) for item in hits}
    marks: list[Mark] = [
        (origin.policy, name, "fires" if (name, origin.policy) in fired else "holds")
        for name, origin in _constraints(policy)
    ]
    said = f"violates {', '.join(sorted(found))}" if found else "violates nothing"
    return Attempt(said, ", ".join(wrong) or None, tuple(marks))
