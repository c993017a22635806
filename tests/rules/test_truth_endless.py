"""A rail that waits to be armed, run in parallel: real NeMo never answers."""

from __future__ import annotations

import pytest
from talking import ANSWER, rules

from guardlint.harness.scripted import telemetry_off
from guardlint.harness.timed import Timed

telemetry_off()

CONFIG = """\
models: []
rails:
  output: {parallel: PARALLEL, flows: [RAIL]}
prompts:
  - task: self_check_facts
    content: "Evidence: {{ evidence }} Hypothesis: {{ response }} (Yes or No)"
  - task: self_check_hallucination
    content: "{{ paragraph }} {{ statement }} (Yes or No)"
"""
# Seconds; an answer takes less than one, on a machine that does nothing else.
PATIENCE = 12.0
LONG_PATIENCE = 90.0


@pytest.mark.parametrize("rail", ["self check facts", "self check hallucination"])
def test_the_request_never_ends(team, rail: str) -> None:
    """In order, the answer comes; in parallel, the process has to be killed."""
    from guardlint.harness.unending import reply

    broken = team(config_yml=CONFIG.replace("RAIL", rail).replace("PARALLEL", "true"))
    assert "endless-parallel-rail" in rules(broken)
    mended = team(config_yml=CONFIG.replace("RAIL", rail).replace("PARALLEL", "false"))
    assert "endless-parallel-rail" not in rules(mended)
    with Timed(reply, LONG_PATIENCE) as timed:
        assert ANSWER == timed(str(mended), ANSWER)
    with Timed(reply, PATIENCE) as timed, pytest.raises(TimeoutError):
        timed(str(broken), ANSWER)
