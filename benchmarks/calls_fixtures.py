"""Random configurations that NeMo loads and whose calls of models can be counted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

__all__ = ["write"]

_ASK = "Is this bad? {{ %s }} Answer (Yes or No):"
_PROMPTS: dict[str, str] = {
    "self_check_input": _ASK % "user_input",
    "self_check_output": _ASK % "bot_response",
    "self_check_facts": "{{ evidence }} {{ response }} Answer (Yes or No):",
    "self_check_hallucination": "{{ paragraph }} {{ statement }} Answer (Yes or No):",
    "self_check_input $variant=tone": _ASK % "user_input",
    "llama_guard_check_input": "Safe or unsafe? {{ user_input }}",
    "llama_guard_check_output": "Safe or unsafe? {{ bot_response }}",
    "topic_safety_check_input $model=topic": "{{ user_input }} stay on topic",
}
_CODE = """
from nemoguardrails.actions import action
from nemoguardrails.llm.call import llm_call


@action()
async def our_judge(context=None, llm=None):
    await llm_call(llm, "is it fine?")
    return True


@action()
async def our_lookup(context=None):
    return "nothing"
"""
_RAILS = """
define subflow our input check
  $ok = execute our_judge
  if not $ok
    bot refuse to respond
    stop

define subflow our quiet check
  $found = execute our_lookup
  if $found == "never"
    bot refuse to respond
    stop

define subflow our output check
  $ok = execute our_judge
  if not $ok
    bot refuse to respond
    stop

define subflow our retrieval check
  $ok = execute our_judge

define subflow our tool check
  $ok = execute our_judge

"""
_INPUT = [
    "self check input",
    "self check input $variant=tone",
    "llama guard check input",
    "topic safety check input $model=topic",
    "our input check",
    "our quiet check",
    "regex check input",
]
_OUTPUT = ["self check output", "llama guard check output", "self check facts", "self check hallucination",
           "our output check", "our quiet check"]  # fmt: skip


def write(root: Path, rng: random.Random) -> None:
    """One configuration below ``root``."""
    root.mkdir(parents=True)
    rails: dict[str, Any] = {}
    for direction, names, most in (("input", _INPUT, 3), ("output", _OUTPUT, 3)):
        chosen = rng.sample(names, rng.randrange(most + 1))
        if chosen:
            rails[direction] = {"flows": chosen}
            # Side by side, a rail that waits to be armed never ends in NeMo 0.24.1.
            waits = {"self check facts", "self check hallucination"} & set(chosen)
            if rng.random() < 0.2 and not waits:
                rails[direction]["parallel"] = True
    if rng.random() < 0.3:
        rails["retrieval"] = {"flows": ["our retrieval check"]}
    if "our quiet check" in rails.get("input", {}).get("flows", ()):
        rails["tool_input"] = {"flows": ["our tool check"]}
    dialog: dict[str, Any] = {}
    if rng.random() < 0.25:
        dialog["single_call"] = {"enabled": True}
    elif rng.random() < 0.3:
        dialog["user_messages"] = {"embeddings_only": True}
        if rng.random() < 0.7:
            dialog["user_messages"]["embeddings_only_similarity_threshold"] = 0.75
            if rng.random() < 0.5:
                dialog["user_messages"]["embeddings_only_fallback_intent"] = "ask else"
    if dialog:
        rails["dialog"] = dialog
    data: dict[str, Any] = {
        "models": [
            {"type": kind, "engine": "openai", "model": "x"} for kind in ("main", "llama_guard", "topic")
        ],
        "prompts": [{"task": task, "content": text} for task, text in _PROMPTS.items()],
    }
    if rails:
        data["rails"] = rails
    if rng.random() < 0.2 and "single_call" not in dialog:
        data["passthrough"] = True
    (root / "config.yml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    (root / "rails.co").write_text(_RAILS, encoding="utf-8")
    (root / "actions.py").write_text(_CODE, encoding="utf-8")
    if rng.random() < 0.6:
        (root / "dialog.co").write_text(_dialog(rng), encoding="utf-8")


def _dialog(rng: random.Random) -> str:
    found = 'define user greet\n  "hello there"\n\ndefine user ask hours\n  "when do you open"\n\n'
    found += 'define user ask else\n  "something quite different"\n\ndefine bot tell hours\n  "At nine."\n\n'
    for intent in ("greet", "ask hours", "ask else", "..."):
        if rng.random() < 0.75 and (intent != "..." or rng.random() < 0.3):
            lines = [
                line
                for line in (
                    "$check_facts = True",
                    "$check_hallucination = True",
                    "$hallucination_warning = True",
                    "$found = execute our_lookup",
                    "$ok = execute our_judge",
                    "bot tell hours",
                    "bot invent something",
                    "$name = ...",
                    'bot say it "Here it is."',
                    "bot $found",
                )
                if rng.random() < 0.2
            ]
            if "bot $found" in lines and "$found = execute our_lookup" not in lines:
                lines.remove("bot $found")
            lines.append(rng.choice(["bot tell hours", "bot invent something else"]))
            if rng.random() < 0.3:
                lines.append("$more = execute our_lookup")
                lines.append('if $more == "never"\n    bot tell hours\n  else\n    bot invent more')
            found += f"define flow on {intent if intent != '...' else 'all'}\n  user {intent}\n  "
            found += "\n  ".join(lines) + "\n\n"
    if rng.random() < 0.3:
        found += 'define bot general response\n  "I can say this only."\n'
    return found
