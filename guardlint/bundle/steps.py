"""The plan of a bundle: which step runs when (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.bundle.ingredients import HOOKS
from guardlint.bundle.running import runs
from guardlint.nemo.configuration import Configuration
from guardlint.policy.central import Central
from guardlint.policy.company import nemo_rails
from guardlint.policy.model import ComposedPolicy, RailUse
from guardlint.policy.rails import Rail

__all__ = ["plan_bytes", "plan_of"]


def plan_of(policy: ComposedPolicy, central: Central, team: Configuration) -> dict[str, Any]:
    """Input: personal data first, so that nothing behind it sees any, then company, team, company again.

    Output: masked before any rail looks, so that no judge reads personal data; again when the team's rails
    have had the text, who may put some in; the company's rails last.
    """
    in_nemo = {(use.direction, use.ref) for use, _ in nemo_rails(policy, central)}
    masks = {
        hook: [
            _pii_step(use, central.rail(use.ref))
            for use in policy.rails[hook]
            if (hook, use.ref) not in in_nemo
        ]
        for hook in HOOKS
    }
    company = {direction for direction, _ in in_nemo}
    steps_in: list[dict[str, Any]] = [*masks["input"]]
    if "input" in company:
        steps_in.append({"step": "company"})
    if runs(team, "input"):
        steps_in.append({"step": "team"})
        if "input" in company:
            steps_in.append({"step": "company", "when": "rewritten"})
    steps_out: list[dict[str, Any]] = [*masks["output"]]
    if runs(team, "output"):
        steps_out += [{"step": "team"}, *masks["output"]]
    if "output" in company:
        steps_out.append({"step": "company"})
    plan = {
        "schema": "guardlint/plan/v1",
        "input": steps_in,
        "output": steps_out,
        "refusal": policy.refusal.value,
        "on_error": policy.on_error.value,
        "timeout_seconds": policy.timeout_seconds.value,
    }
    if "audit" in policy.guard:
        # Only where it is asked for: a guard that does not know the key refuses the bundle.
        plan["audit"] = policy.guard["audit"].value
    return plan


def plan_bytes(plan: Mapping[str, Any]) -> bytes:
    """The content of ``plan.yml``."""
    from guardlint.source.pyyaml import yaml

    return yaml.safe_dump(dict(plan), sort_keys=False, allow_unicode=True, width=2**31).encode()


def _pii_step(use: RailUse, rail: Rail) -> dict[str, Any]:
    entities = use.settings["entities"]
    step = {
        "step": "pii",
        "rail": use.rail,
        "entities": None if entities == "default" else sorted(entities),
        "action": use.settings["action"],
    }
    if use.settings.get("restore"):
        step["restore"] = True
    if rail.recognizers:
        step["recognizers"] = [recognizer.step() for recognizer in rail.recognizers]
    if rail.allow_list:
        step["allow_list"] = list(rail.allow_list)
    return step
