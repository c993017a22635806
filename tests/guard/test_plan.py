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
    ],
)
def test_odd_plans_are_refused(shared_configs: Any, change: dict[str, Any]) -> None:
    """Every fault is an error of the plan, in one line."""
    with pytest.raises(ConfigError, match=r"^plan\.yml: ") as caught:
        read_plan(shared_configs.plan(**change))
    assert "\n" not in str(caught.value)
