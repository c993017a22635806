"""The plan of a bundle: which step runs when (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.bundle.ingredients import HOOKS
from guardlint.bundle.running import runs
from guardlint.nemo.configuration import Configuration
from guardlint.policy.central import Central
from guardlint.policy.company import nemo_rails
from guardlint.policy.handling import plan_handling
from guardlint.policy.model import ComposedPolicy, Direction, RailUse
from guardlint.policy.rails import Rail
from guardlint.policy.streams import plan_stream

__all__ = ["plan_bytes", "plan_of"]


def plan_of(policy: ComposedPolicy, central: Central, team: Configuration) -> dict[str, Any]:
    """Input: personal data first, so that nothing behind it sees any, then company, team, company again.

    Output: masked before any rail looks, so that no judge reads personal data; again when the team's rails
    have had the text, who may put some in; the company's rails last.
    """
    in_nemo = {(use.direction, use.ref) for use, _ in nemo_rails(policy, central)}
    masks = {
        hook: [
            _native_step(use, central.rail(use.ref))
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
        again = [step for step in masks["output"] if step["step"] != "tools"]
        steps_out += [{"step": "team"}, *again]
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
    handled = {hook: plan_handling(_handlings(policy, central, hook)) for hook in HOOKS}
    if any(handled.values()):
        plan["rails"] = {hook: flows for hook, flows in handled.items() if flows}
    if "audit" in policy.guard:
        # Only where it is asked for: a guard that does not know the key refuses the bundle.
        needed = policy.guard["audit"].value == "required"
        plan["audit"] = "required" if needed else {"on_failure": "degrade"}
    if "stream" in policy.guard:
        plan["stream"] = plan_stream(policy.guard["stream"].value)
    return plan


def plan_bytes(plan: Mapping[str, Any]) -> bytes:
    """The content of ``plan.yml``."""
    from guardlint.source.pyyaml import yaml

    return yaml.safe_dump(dict(plan), sort_keys=False, allow_unicode=True, width=2**31).encode()


def _handlings(
    policy: ComposedPolicy, central: Central, hook: Direction
) -> dict[str, list[Mapping[str, Any]]]:
    """Flow -> what each rail that it belongs to says of it: rails with patterns share one."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for use, rail in nemo_rails(policy, central):
        for flow in rail.directions[hook].flows if use.direction == hook else ():
            found.setdefault(flow, []).append(use.handling)
    return found


def _native_step(use: RailUse, rail: Rail) -> dict[str, Any]:
    """The step of a rail that runs in the guard itself."""
    if rail.runs == "pii":
        return _pii_step(use, rail)
    if rail.runs == "tools":
        side = {"input": "results", "output": "calls"}[use.direction]
        said = {name: value for name, value in use.settings.items() if value != "any"}
        return {"step": "tools", "rail": use.rail, "checks": [side], **said}
    return {"step": "native", "rail": use.rail, "check": rail.check, "settings": dict(use.settings)}


def _pii_step(use: RailUse, rail: Rail) -> dict[str, Any]:
    entities = use.settings["entities"]
    step = {
        "step": "pii",
        "rail": use.rail,
        "entities": None if entities == "default" else sorted(entities),
        "action": use.settings["action"],
    }
    scores = use.settings.get("thresholds", {})
    if scores:
        step["thresholds"] = {name: scores[name] for name in sorted(scores)}
    if use.settings.get("restore"):
        step["restore"] = True
    if rail.recognizers:
        step["recognizers"] = [recognizer.step() for recognizer in rail.recognizers]
    if rail.allow_list:
        step["allow_list"] = list(rail.allow_list)
    if rail.models:
        step["models"] = [model.step() for model in rail.models]
    return step
