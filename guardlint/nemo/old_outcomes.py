"""What a test of an old verdict meant, in the words of the outcome that the action returns now.

Until NeMo 0.23 each action had a verdict of its own: True for "allowed" or for "found something", a mapping,
a score (the library's ``flows.v1.co`` of 0.10 to 0.23). Since 0.24 all return a RailOutcome.
"""

from __future__ import annotations

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["outcome_test"]

_ALLOWED = frozenset({"self_check_input", "self_check_output"})
_FOUND = frozenset(
    "self_check_hallucination jailbreak_detection_heuristics jailbreak_detection_model detect_sensitive_data "
    "detect_pii gliner_detect_pii".split()
)
_SCORES = frozenset({"self_check_facts", "alignscore_check_facts"})
# The member of a mapping, and whether True in it meant that the text was bad.
_MEMBERS = {
    "content_safety_check_input": ("allowed", False),
    "content_safety_check_output": ("allowed", False),
    "llama_guard_check_input": ("allowed", False),
    "llama_guard_check_output": ("allowed", False),
    "topic_safety_check_input": ("on_topic", False),
    "autoalign_input_api": ("guardrails_triggered", True),
    "autoalign_output_api": ("guardrails_triggered", True),
    "patronus_lynx_check_output_hallucination": ("hallucination", True),
    "detect_regex_pattern": ("is_match", True),
}
_TEST = lazy_pattern(
    r"(?P<no>not\s+)?\$(?P<name>\w+)(?:\.(?P<member>\w+)|\[[\"'](?P<key>\w+)[\"']\])?"
    r"(?:\s*(?P<sign>==|!=|is\s+not|is)\s*(?P<value>True|False))?"
)
_SCORE = lazy_pattern(r"\$(?P<name>\w+)\s*(?P<sign>[<>]=?)\s*0?\.\d+")
# What stands beside the verdict, and in the outcome's metadata now.
_BESIDE = {
    "content_safety_check_input": "policy_violations",
    "content_safety_check_output": "policy_violations",
    "llama_guard_check_input": "policy_violations",
    "llama_guard_check_output": "policy_violations",
    "patronus_lynx_check_output_hallucination": "reasoning",
}
# A name that says the opposite of what the action said: what its author meant cannot be told.
_SAYS_BAD = lazy_pattern(r"block|jailbreak|unsafe|harm|bad|toxic|inject|violat|forbid|reject|is_pii|has_")
_SAYS_GOOD = lazy_pattern(r"(?<!un)safe|(?<!dis)allow|(?:^|_)ok(?:$|_)|valid|clean|passed")


def outcome_test(action: str, expression: str) -> str | None:
    """``not $allowed`` of ``self_check_input`` → ``$allowed.is_blocked``; None where it is not certain."""
    score = _SCORE.fullmatch(expression.strip())
    if score is not None:
        if action not in _SCORES:
            return None
        return _is_blocked(score["name"], score["sign"].startswith("<"))
    found = _TEST.fullmatch(expression.strip())
    if found is None or (found["no"] and found["sign"]):
        return None
    member = found["member"] or found["key"]
    if member is not None and _BESIDE.get(action) == member:
        plain = found["no"] is None and found["sign"] is None
        return f'${found["name"]}.metadata["{member}"]' if plain else None
    if member is None and action in _ALLOWED | _FOUND:
        true_is_bad = action in _FOUND
    elif member is not None and action in _MEMBERS and _MEMBERS[action][0] == member:
        true_is_bad = _MEMBERS[action][1]
    else:
        return None
    name = found["name"].lower()
    if member is None and (_SAYS_GOOD if true_is_bad else _SAYS_BAD).search(name):
        return None
    true = not found["no"]
    if found["sign"]:
        true = (found["sign"] in ("==", "is")) == (found["value"] == "True")
    return _is_blocked(found["name"], true == true_is_bad)


def _is_blocked(name: str, blocked: bool) -> str:
    return f"${name}.is_blocked" if blocked else f"not ${name}.is_blocked"
