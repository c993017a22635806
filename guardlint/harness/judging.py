"""A judge for every rail of NeMo's library that asks a model: the vault code is unsafe, all else is not."""

from __future__ import annotations

from guardlint.harness.brain import SeenPrompt

__all__ = ["judge"]

_UNSAFE = "vault code"


def judge(prompt: SeenPrompt) -> str | None:
    """The answer in the form that each task's parser reads; None for what the brain answers itself."""
    bad = _UNSAFE in prompt.text.casefold()
    task = prompt.task
    if task.startswith("content_safety_check_input"):
        return f'{{"User Safety": "{"unsafe" if bad else "safe"}"}}'
    if task.startswith("content_safety_check_output"):
        return f'{{"User Safety": "safe", "Response Safety": "{"unsafe" if bad else "safe"}"}}'
    # Llama Guard's rails say that they ask for a self check (``library/llama_guard/actions.py``).
    if "safe or unsafe" in prompt.text.casefold():
        return "unsafe\nS1" if bad else "safe"
    if task.startswith("topic_safety"):
        return "off-topic" if bad else "on-topic"
    if task == "generate_user_intent_from_user_action":
        return "user intent: user asked something"
    if task == "generate_user_intent_and_bot_action_from_user_action":
        return 'user intent: user asked something\nbot intent: bot answer\nbot action: bot say "It is."'
    if task == "generate_flow_continuation":
        return 'bot intent: bot answer\nbot action: bot say "It is."'
    if task.startswith("patronus_lynx"):
        return f'{{"REASONING": ["none"], "SCORE": "{"FAIL" if bad else "PASS"}"}}'
    return None
