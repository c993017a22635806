"""Surfaces, flows, actions, engines and prompt tasks of the catalogue are true about NeMo."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = json.loads((ROOT / "guardlint/nemo/data/0.24.1.json").read_text(encoding="utf-8"))

TEXTS = {
    "user_message": "USER-TEXT",
    "bot_message": "BOT-TEXT",
    "relevant_chunks": "CHUNK-TEXT",
    "last_bot_prompt": "PROMPT-TEXT",
}
CHECKED_TEXTS = {
    "content_safety_check_input $model": {"USER-TEXT"},
    "content_safety_check_output $model": {"BOT-TEXT"},
    "llama_guard_check_input": {"USER-TEXT"},
    "llama_guard_check_output": {"BOT-TEXT"},
    "patronus_lynx_check_output_hallucination": {"BOT-TEXT", "CHUNK-TEXT"},
    "self_check_facts": {"BOT-TEXT", "CHUNK-TEXT"},
    "self_check_hallucination": {"BOT-TEXT"},
    "self_check_input": {"USER-TEXT"},
    "self_check_input $variant": {"USER-TEXT"},
    "self_check_output": {"BOT-TEXT"},
    "self_check_output $variant": {"BOT-TEXT"},
    "topic_safety_check_input $model": {"USER-TEXT"},
}


@pytest.fixture(scope="module")
def nemo() -> Any:
    """NeMo's configuration class, with telemetry off before anything of NeMo is imported."""
    os.environ.update(NEMO_GUARDRAILS_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    return importlib.import_module("nemoguardrails").RailsConfig


def surface(flow: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in CATALOGUE["surfaces"] if row["flow"] == flow)
    return found


def test_there_are_33_rails_with_78_surfaces(nemo: Any) -> None:
    manifests = importlib.import_module("nemoguardrails.manifests").all_rail_manifests()

    assert 33 == len(manifests)
    assert 78 == len(CATALOGUE["surfaces"])
    assert {row["rail"] for row in CATALOGUE["surfaces"]} < set(manifests)


def test_each_surface_is_a_flow_of_both_colang_versions_and_executes_its_action() -> None:
    for row in CATALOGUE["surfaces"]:
        for version in ("1.0", "2.x"):
            assert row["action"] in CATALOGUE["flows"][version][row["flow"]]["actions"], (
                version,
                row["flow"],
            )


def test_what_a_manifest_declares_to_rewrite_is_what_the_flow_assigns() -> None:
    flows = CATALOGUE["flows"]["1.0"]

    assert "user_message" == surface("mask sensitive data on input")["transform"]
    for row in CATALOGUE["surfaces"]:
        declared = [row["transform"]] if row["transform"] else []
        assert declared == flows[row["flow"]].get("rewrites", []), row["flow"]


def test_every_action_of_a_surface_and_no_other_gives_a_rail_outcome() -> None:
    actions = CATALOGUE["actions"]

    assert actions["self_check_input"]["rail"]
    assert not actions["retrieve_relevant_chunks"]["rail"]
    assert {row["action"] for row in CATALOGUE["surfaces"]} == {
        name for name in actions if actions[name]["rail"]
    }


def test_rails_that_do_nothing_until_a_variable_arms_them() -> None:
    expected = {
        "alignscore check facts": "check_facts",
        "autoalign groundedness output": "check_facts",
        "self check facts": "check_facts",
        "self check hallucination": "check_hallucination",
    }
    for version in ("1.0", "2.x"):
        flows = CATALOGUE["flows"][version]
        assert expected == {name: row["armed_by"] for name, row in flows.items() if "armed_by" in row}


def test_the_machinery_is_told_from_the_library() -> None:
    flows = CATALOGUE["flows"]["1.0"]

    assert flows["run input rails"]["system"]
    assert not flows["self check input"]["system"]
    assert "generate_bot_message" in flows["generate bot message"]["actions"]


@pytest.mark.parametrize(
    ("module", "flow"),
    [
        ("core", "bot refuse to respond"),
        ("guardrails", "run input rails"),
        ("nemoguardrails.library.regex.flows", "regex check input"),
    ],
)
def test_importing_a_module_of_the_table_brings_its_flows(nemo: Any, module: str, flow: str) -> None:
    loaded = nemo.from_content(
        colang_content=f"import {module}\n\nflow main\n  pass\n",
        config={"models": [], "colang_version": "2.x"},
    )

    assert module == CATALOGUE["flows"]["2.x"][flow]["module"]
    assert flow in [getattr(item, "name", "") for item in loaded.flows]


def test_what_the_fast_engine_serves() -> None:
    fast = CATALOGUE["iorails"]

    assert ["config", "input", "output", "tool_input", "tool_output"] == fast["rails_sections"]
    assert {"self check input", "regex check input", "mask sensitive data on input"} < set(
        fast["flows"]["input"]
    )
    assert ["relevant_chunks"] == fast["refused"]["output"]["self check facts"]
    assert [] == fast["refused"]["input"]["jailbreak detection heuristics"]
    assert ["tool call validation"] == fast["flows"]["tool_output"]


def test_engines() -> None:
    assert {"openai", "nim", "ollama", "azure"} < set(CATALOGUE["engines"])
    assert ["base_url"] == CATALOGUE["other_engine_needs"]
    assert ["embeddings", "jailbreak_detection", "main"] == CATALOGUE["model_types"]


def test_the_tasks_that_check_a_text_are_those_that_the_tests_know() -> None:
    assert set(CHECKED_TEXTS) == {name for name, row in CATALOGUE["tasks"].items() if "text_by" in row}


def seen_by_the_model(nemo: Any, task: str, content: str) -> str:
    """What the model is sent when NeMo's own action runs with a prompt of this content."""
    row = CATALOGUE["tasks"][task]
    written = f"{task}=probe" if "$" in task else task
    config = nemo.model_validate(
        {"models": [], "prompts": [{"task": written, "content": content, "output_parser": "is_content_safe"}]}
    )
    sent: list[Any] = []

    class Model:
        model_name, provider_name, provider_url = "m", "openai", None

        async def generate_async(self, prompt: Any, **_: Any) -> Any:
            sent.append(prompt)
            types = importlib.import_module("nemoguardrails.types")
            return types.LLMResponse(content="safe")

        async def stream_async(self, prompt: Any, **_: Any) -> Any:
            raise NotImplementedError

    model = Model()
    manager = importlib.import_module("nemoguardrails.llm.taskmanager").LLMTaskManager(config)
    facts = CATALOGUE["actions"][row["action"]]
    offered = {
        **TEXTS,
        "llm": model,
        "llms": {"probe": model},
        "model_name": "probe",
        "variant": "probe" if task.endswith("$variant") else None,
        "llm_task_manager": manager,
        "config": SimpleNamespace(lowest_temperature=0.0),
    }
    action = getattr(importlib.import_module(facts["module"]), row["action"])
    asyncio.run(action(**{name: offered[name] for name in facts["params"] if name in offered}))
    return str(sent[-1])


@pytest.mark.parametrize("task", CHECKED_TEXTS)
def test_text_variables_bring_the_checked_text_to_the_model(nemo: Any, task: str) -> None:
    """With all of them the model reads the text; with a misspelt variable it does not, unless by message."""
    row = CATALOGUE["tasks"][task]
    content = "policy: " + " ".join(f"{{{{ {name} }}}}" for name in row["text_variables"])

    with_variables = seen_by_the_model(nemo, task, content)
    without = seen_by_the_model(nemo, task, "policy: {{ no_such_variable }}")

    assert CHECKED_TEXTS[task] == {text for text in CHECKED_TEXTS[task] if text in with_variables}
    by_message = {text for text in CHECKED_TEXTS[task] if text in without}
    assert (CHECKED_TEXTS[task] if row["text_by"] == "message" else set()) == by_message


def test_self_check_tasks_have_a_parser_of_their_own_and_content_safety_has_none() -> None:
    tasks = CATALOGUE["tasks"]

    assert "is_content_safe" == tasks["self_check_input"]["default_parser"]
    assert tasks["content_safety_check_input $model"]["parses"]
    assert tasks["content_safety_check_input $model"]["default_parser"] is None
    assert not tasks["llama_guard_check_input"]["parses"]
    assert 11 == len(CATALOGUE["output_parsers"])


def test_names_that_any_prompt_may_use() -> None:
    assert ["general_instructions", "history", "sample_conversation", "sample_conversation_two_turns"] == (
        CATALOGUE["context_variables"]
    )
    assert {"colang", "first_turns", "indent", "to_messages"} < set(CATALOGUE["filters"])
    assert "upper" in CATALOGUE["jinja"]["filters"]
