"""The guard counts a find from the score on that the plan says for its entity."""

from __future__ import annotations

from typing import Any

import pytest

TEXT = "Anna Schmidt called from 020 7946 0958"


@pytest.mark.parametrize(
    ("thresholds", "shown"),
    [
        ({}, "<PERSON> called from <PHONE_NUMBER>"),
        ({"PERSON": 0.87}, "Anna Schmidt called from <PHONE_NUMBER>"),
        ({"PERSON": 0.75, "PHONE_NUMBER": 0.8}, "<PERSON> called from 020 7946 0958"),
    ],
)
def test_each_entity_has_its_own(
    workshop: Any, shared_configs: Any, thresholds: dict[str, float], shown: str
) -> None:
    """In both directions: a score is read where the step stands."""
    plan = shared_configs.plan(pii=True)
    for hook in ("input", "output"):
        plan[hook] = [
            {**step, "thresholds": thresholds} if step["step"] == "pii" else step for step in plan[hook]
        ]
    guard = workshop.guard(plan_data=plan)
    seen: list[Any] = []
    result = guard.call(lambda messages: seen.extend(messages) or TEXT, [{"role": "user", "content": TEXT}])
    assert (seen[0]["content"], result.reply) == (shown, shown)
