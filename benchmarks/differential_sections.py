"""Random sections of a configuration's YAML, by name: ``SECTIONS[name](rng)``."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

__all__ = ["SECTIONS", "WORDS", "WRONG"]

INPUT = [
    "self check input", "regex check input", "jailbreak detection heuristics", "jailbreak detection model",
    "context bloat detection on input", "content safety check input $model=content_safety",
    "content safety check input $model=judge", "topic safety check input $model=main",
    "mask sensitive data on input",
    "detect sensitive data on input", "self check input $variant=strict", "  self check input  ",
    "llama guard check input",
    "Self check input", "check greeting", "check limits $x=1", "nothing of that name", "regex check output",
    "llm judge check(model=1)", "content safety check input",
]  # fmt: skip
OUTPUT = [
    "self check output", "regex check output", "injection detection", "self check facts",
    "self check hallucination", "mask sensitive data on output",
    "content safety check output $model=content_safety",
    "llama guard check output",
    "check greeting", "check limits",
    "patronus lynx check output hallucination",
    "regex check input", "missing",
]  # fmt: skip
RETRIEVAL = [
    "mask sensitive data on retrieval",
    "check relevant facts",
    "check greeting",
    "regex check retrieval",
    "missing $x=1",
]
TASKS = [
    "self_check_input", "self_check_output", "self_check_facts", "self_check_hallucination",
    "llama_guard_check_input",
    "content_safety_check_input $model=content_safety", "content_safety_check_output $model=content_safety",
    "topic_safety_check_input $model=main", "self_check_input $variant=strict", "own_task", "summarise",
    "general", "generate_user_intent", "generate_bot_message",
]  # fmt: skip
PATTERNS = [
    "openai",
    "openai/gpt-4o",
    "gpt-4o",
    "gpt",
    "nim",
    "nvidia/llama",
    "nvidia/llama-3.1",
    "OpenAI",
    "x/y",
    "",
]
MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("nim", "nvidia/llama-3.1-8b"),
    ("OpenAI", "GPT-4o"),
]
WORDS = [
    "hello",
    "bye",
    "Straße",
    "日本",
    "a b",
    "{{ user_input }}",
    "yes",
    "x: y",
    "# no",
    "'quoted'",
    " blank ",
]
IMPORTS = ["core", "not/there", "llm", "shared", "shared", "./shared", "shared/a.co", "shared/a", "team"]
WRONG: list[Any] = [None, "text", 3, [], {}, [None], ["x"], {"a": 1}, True, 0.5, ""]


def _models(rng: random.Random) -> list[Any]:
    found: list[Any] = []
    for kind in rng.sample(
        ["main", "main", "judge", "content_safety", "embeddings", "self_check_input"], rng.randint(0, 3)
    ):
        engine, name = rng.choice(MODELS[:3]) if rng.random() < 0.97 else MODELS[3]
        if kind == "embeddings":
            engine, name = "FastEmbed", "all-MiniLM-L6-v2"
        model: dict[str, Any] = {"type": kind, "engine": engine, "model": name}
        chance = rng.random()
        if chance < 0.05:
            del model["model"]
            model["parameters"] = {"model": name}
        elif chance < 0.08:
            model["parameters"] = {"temperature": 0.1}
        elif chance < 0.1:
            model[rng.choice(["model", "engine", "type", "mode", "parameters"])] = rng.choice(WRONG)
        found.append(model)
    return found


def _rails(rng: random.Random) -> Any:
    found: dict[str, Any] = {}
    good = rng.random() < 0.75
    for way, flows in (("input", INPUT), ("output", OUTPUT), ("retrieval", RETRIEVAL)):
        if rng.random() < 0.5:
            listed = rng.choices(
                flows[1:5] if good and way == "input" else flows[1:3] if good and way == "output" else flows,
                k=rng.randint(0, 3),
            )
            if good and way == "retrieval":
                listed = [flows[0]]
            if way == "input" and good:
                listed = [flow for flow in listed if flow != "jailbreak detection model"] or listed
            found[way] = {"flows": listed}
            if rng.random() < 0.1:
                found[way]["parallel"] = rng.choice([True, False, "yes"])
    if rng.random() < 0.15:
        found["dialog"] = rng.choice(
            [{"single_call": {"enabled": True}}, {"user_messages": {"embeddings_only": True}}, {}]
        )
    if rng.random() < 0.1:
        found["config"] = rng.choice(
            [{"regex_detection": {"input": {"patterns": ["a+"]}}},
             {"jailbreak_detection": {"server_endpoint": "http://x"}},
             {"sensitive_data_detection": {"input": {"entities": ["PERSON"]}}}, {"nonsense": 1}]
        )  # fmt: skip
    if rng.random() < 0.06:
        found.setdefault("output", {})["streaming"] = {
            "enabled": True,
            "stream_first": rng.choice([True, False]),
            "context_size": rng.choice([0, 50]),
        }
    return found


def _prompts(rng: random.Random) -> list[Any]:
    found = []
    for _ in range(rng.randint(0, 4)):
        prompt: dict[str, Any] = {
            "task": rng.choice(TASKS),
            "content": f"{rng.choice(WORDS)} {rng.random():.6f}",
        }
        if rng.random() < 0.2:
            prompt["messages"] = [{"type": "system", "content": prompt.pop("content")}]
        if rng.random() < 0.35:
            prompt["models"] = rng.choices(PATTERNS, k=rng.randint(0, 3))
        if rng.random() < 0.2:
            prompt["mode"] = rng.choice(["standard", "compact", "chain"])
        if rng.random() < 0.02:
            prompt[rng.choice(["content", "task", "messages", "max_length", "stop"])] = rng.choice(WRONG)
        found.append(prompt)
    return found


def _messages(rng: random.Random) -> dict[str, list[str]]:
    names = rng.sample(["express greeting", "hello", "bye", "refuse to respond"], rng.randint(0, 3))
    return {name: rng.choices(WORDS, k=rng.randint(0, 2)) for name in names}


SECTIONS: dict[str, Callable[[random.Random], Any]] = {
    "models": _models,
    "rails": _rails,
    "prompts": _prompts,
    "instructions": lambda rng: [{"type": rng.choice(["general", "own"]), "content": rng.choice(WORDS)}][
        : rng.randint(0, 1)
    ],
    "bot_messages": _messages,
    "user_messages": _messages,
    "custom_data": lambda rng: {rng.choice(["limit", "team"]): rng.choice([1, "é", None, [1], {"a": 1}])},
    "limit": lambda rng: rng.randint(4, 6),
    "passthrough": lambda rng: rng.choice([True, False, False, "no", None]),
    "lowest_temperature": lambda rng: rng.choice([0, 0.5, "0.25", 1]),
    "sample_conversation": lambda rng: rng.choice(WORDS),
    "enable_multi_step_generation": lambda rng: rng.choice([True, "off", 1]),
    "enable_rails_exceptions": lambda rng: rng.choice([True, False]),
    "prompting_mode": lambda rng: rng.choice(["standard", "compact", "chain"]),
    "actions_server_url": lambda rng: rng.choice(["http://localhost:1", "", "http://localhost:2"]),
    "event_source_uid": lambda rng: rng.choice(["one", "two"]),
    "raw_llm_call_action": lambda _: "raw llm call",
    "docs": lambda rng: [{"format": "md", "content": rng.choice(WORDS)}][: rng.randint(0, 1)],
    "streaming": lambda rng: rng.choice([True, False]),
    "import_paths": lambda rng: [] if rng.random() < 0.8 else [rng.choice(IMPORTS)],
    "tracing": lambda rng: rng.choice(
        [{"enabled": False}, {"enabled": True, "adapters": [{"name": "FileSystem"}]}]
    ),
    "sensitive_data_detection": lambda rng: {"input": {"entities": rng.sample(["PERSON", "URL"], 1)}},
}
