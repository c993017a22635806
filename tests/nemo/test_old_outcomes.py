"""A test of an old verdict, asked of the outcome: only where what was meant is certain."""

from __future__ import annotations

import pytest

from guardlint.nemo.old_outcomes import outcome_test


@pytest.mark.parametrize(
    ("action", "expression", "expected"),
    [
        ("self_check_input", "not $allowed", "$allowed.is_blocked"),
        ("self_check_output", "$allowed", "not $allowed.is_blocked"),
        ("self_check_output", "$allowed == False", "$allowed.is_blocked"),
        ("self_check_output", "$allowed is not True", "$allowed.is_blocked"),
        ("self_check_hallucination", "$is_hallucination", "$is_hallucination.is_blocked"),
        ("jailbreak_detection_heuristics", "not $is_jailbreak", "not $is_jailbreak.is_blocked"),
        ("detect_sensitive_data", "$has_sensitive_data == True", "$has_sensitive_data.is_blocked"),
        ("self_check_facts", "$accuracy < 0.5", "$accuracy.is_blocked"),
        ("alignscore_check_facts", "$accuracy >= .5", "not $accuracy.is_blocked"),
        ("llama_guard_check_input", 'not $response["allowed"]', "$response.is_blocked"),
        ("content_safety_check_input", "$response['allowed']", "not $response.is_blocked"),
        ("content_safety_check_input", '$r["policy_violations"]', '$r.metadata["policy_violations"]'),
        ("topic_safety_check_input", "$response.on_topic == False", "$response.is_blocked"),
        ("autoalign_input_api", '$result["guardrails_triggered"]', "$result.is_blocked"),
        # Not certain: the name says the opposite, the old verdict was another thing, the words are more.
        ("self_check_input", "$is_unsafe", None),
        ("detect_sensitive_data", "$is_safe", None),
        ("self_check_input", '$response["allowed"]', None),
        ("content_safety_check_input", "$response", None),
        ("self_check_facts", "$accuracy", None),
        ("self_check_input", "$allowed < 0.5", None),
        ("self_check_input", "not $allowed == True", None),
        ("self_check_input", "len($allowed) > 0", None),
    ],
)
def test_the_same_decision(action: str, expression: str, expected: str | None) -> None:
    """True meant "allowed" for some actions and "found something" for others."""
    assert expected == outcome_test(action, expression)
