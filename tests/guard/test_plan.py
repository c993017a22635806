"""The plan: nothing unknown is skipped."""

from __future__ import annotations

from typing import Any

import pytest

from guardlint.errors import ConfigError
from guardlint.guard.plan import read_plan


def test_contract_plan(shared_configs: Any) -> None:
    """The plan that the compiler writes."""
    plan = read_plan(shared_configs.plan(pii=True))
    assert [step.name for step in plan.steps["input"]] == ["pii", "company", "team", "company"]
    assert [step.rewritten_only for step in plan.steps["input"]] == [False, False, False, True]
    assert [step.name for step in plan.steps["output"]] == ["team", "company", "pii"]
    assert (plan.timeout, plan.has("company", "input"), plan.has("pii", "output")) == (30.0, True, True)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "guardlint/plan/v2"},
        {"unknown": 1},
        {"on_error": "allow"},
        {"refusal": ""},
        {"timeout_seconds": 0},
        {"timeout_seconds": True},
        {"input": None},
        {"input": [{"step": "magic"}]},
        {"input": ["company"]},
        {"input": [{"step": ["company"]}]},
        {"input": [{"step": "company", "when": "sometimes"}]},
        {"input": [{"step": "team", "when": "rewritten"}]},
        {"output": [{"step": "company", "when": "rewritten"}]},
        {"input": [{"step": "pii", "action": "encrypt"}]},
        {"input": [{"step": "pii", "entities": []}]},
        {"input": [{"step": "pii", "entities": "EMAIL_ADDRESS"}]},
        {"input": [{"step": "pii", "thresholds": {"PERSON": 2}}]},
        {"input": [{"step": "pii", "thresholds": ["PERSON"]}]},
        {"rails": []},
        {"rails": {"retrieval": {}}},
        {"rails": {"input": {"x": {"on_failure": "pass"}}}},
        {"rails": {"input": {"x": {"timeout_seconds": 0}}}},
        {"rails": {"input": {"x": {"at_once": True}}}},
        {"rails": {"input": {"x": {"breaker": {"failures": 1}}}}},
        {"rails": {"input": {"x": {"surprise": 1}}}},
    ],
)
def test_odd_plans_are_refused(shared_configs: Any, change: dict[str, Any]) -> None:
    """Every fault is an error of the plan, in one line."""
    with pytest.raises(ConfigError, match=r"^plan\.yml: ") as caught:
        read_plan(shared_configs.plan(**change))
    assert "\n" not in str(caught.value)


def test_handling_of_rails_that_do_not_run(workshop: Any, shared_configs: Any) -> None:
    """A handling that no rail has would be lost in silence."""
    plan = shared_configs.plan(rails={"input": {"self check input": {"timeout_seconds": 2}}})
    with pytest.raises(ConfigError, match="names a rail that does not run: self check input"):
        workshop.guard(plan_data=plan)


def test_what_rewrites_is_not_left_out(workshop: Any, shared_configs: Any) -> None:
    """What was to be masked must not pass as it is."""
    company = shared_configs.regex().replace("[regex check input]", "[context bloat detection on input]")
    handling = {"on_failure": "degrade", "timeout_seconds": 1}
    plan = shared_configs.plan(rails={"input": {"context bloat detection on input": handling}})
    with pytest.raises(ConfigError, match="may rewrite what it reads"):
        workshop.guard(company=company, plan_data=plan)
