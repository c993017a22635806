"""Of several prompts guardlint names the one that NeMo takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.prompt_choice import answering_model, choose_prompt

TASK = "self_check_input"
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
]
MODELS = [("openai", "gpt-4o"), ("nim", "nvidia/llama-3.1-8b"), ("OpenAI", "GPT-4o"), ("custom", "gpt")]

prompts = st.lists(
    st.fixed_dictionaries(
        {"task": st.sampled_from([TASK, "other_task"])},
        optional={
            "models": st.lists(st.sampled_from(PATTERNS), max_size=3),
            "mode": st.sampled_from(["standard", "compact", "chain"]),
        },
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    listed=prompts,
    models=st.lists(
        st.tuples(st.sampled_from(["main", TASK, "content_safety"]), st.sampled_from(MODELS)), max_size=3
    ),
    mode=st.sampled_from([None, "standard", "compact"]),
)
def test_the_chosen_prompt_is_nemos(
    tmp_path: Path, listed: list[dict[str, Any]], models: list[tuple[str, tuple[str, str]]], mode: str | None
) -> None:
    """Scores, modes, model patterns and the order decide as in NeMo; the content tells which one it is."""
    from nemoguardrails import RailsConfig
    from nemoguardrails.llm.prompts import get_prompt

    data: dict[str, Any] = {
        "models": [{"type": kind, "engine": engine, "model": name} for kind, (engine, name) in models],
        "prompts": [{**prompt, "content": f"number {index}"} for index, prompt in enumerate(listed)],
    }
    if mode is not None:
        data["prompting_mode"] = mode
    text = yaml.safe_dump(data)
    (tmp_path / "config.yml").write_text(text)
    chosen = choose_prompt(read_configuration(tmp_path), TASK)
    try:
        nemos = get_prompt(RailsConfig.from_content(yaml_content=text), TASK).content
    except ValueError:
        nemos = None
    assert nemos == (chosen.data["content"] if chosen else None)


@pytest.mark.parametrize(
    ("models", "answers"),
    [
        ("", "unknown"),
        ("- {type: main, engine: openai, model: gpt-4o}", "openai/gpt-4o"),
        ("- {type: main, engine: openai, parameters: {model: gpt-4o}}", "openai/gpt-4o"),
        ("- {type: main, engine: a, model: b}\n- {type: self_check_input, engine: c, model: d}", "c/d"),
    ],
)
def test_the_answering_model(tmp_path: Path, models: str, answers: str) -> None:
    """A model of the task's own type answers, else main."""
    (tmp_path / "config.yml").write_text(
        f"models:\n{models}\ncolang_version: '1.0'\n" if models else "rails: {}\n"
    )
    assert answers == answering_model(read_configuration(tmp_path), TASK)
