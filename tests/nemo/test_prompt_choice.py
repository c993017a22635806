"""Of several prompts guardlint names the one that NeMo takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.prompt import BuiltinPrompt, Prompt
from guardlint.nemo.prompt_choice import answering_model, choose_prompt, taken_prompt

TASK = "self_check_input"
SHIPPED = load_catalogue().data["builtin_prompts"]
TASKS = sorted({row["task"] for rows in SHIPPED.values() for row in rows})
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


OWN_MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-3.5-turbo-instruct"),
    ("openai", "gpt-3.5-turbo"),
    ("nim", "meta/llama-3.1-8b-instruct"),
    ("nim", "nvidia/nemotron-mini"),
    ("nim", "deepseek-ai/deepseek-r1"),
    ("cohere", "command"),
    ("custom", "unknown"),
    ("x", "y"),
]
"""Some that NeMo has prompts for, some that it has not."""


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    task=st.sampled_from(TASKS),
    listed=st.lists(
        st.fixed_dictionaries(
            {"task": st.sampled_from(TASKS)},
            optional={
                "models": st.lists(
                    st.sampled_from([*PATTERNS, "openai/gpt-3.5-turbo", "nemotron"]), max_size=2
                ),
                "mode": st.sampled_from(["standard", "compact", "chain"]),
            },
        ),
        max_size=4,
    ),
    models=st.lists(
        st.tuples(st.sampled_from(["main", *TASKS[:3]]), st.sampled_from(OWN_MODELS)), max_size=2
    ),
    mode=st.sampled_from([None, "standard", "compact"]),
)
def test_nemos_own_prompts_compete(
    tmp_path: Path,
    task: str,
    listed: list[dict[str, Any]],
    models: list[tuple[str, tuple[str, str]]],
    mode: str | None,
) -> None:
    """For every task that NeMo has prompts for, its choice between those and the team's is guardlint's."""
    from nemoguardrails import RailsConfig
    from nemoguardrails.llm.prompts import _load_prompts, get_prompt

    own = [{**item, "task": task} if index % 2 else item for index, item in enumerate(listed)]
    data: dict[str, Any] = {
        "models": [{"type": kind, "engine": engine, "model": name} for kind, (engine, name) in models],
        "prompts": [{**prompt, "content": f"number {index}"} for index, prompt in enumerate(own)],
        **({"prompting_mode": mode} if mode is not None else {}),
    }
    text = yaml.safe_dump(data)
    (tmp_path / "config.yml").write_text(text)
    taken = taken_prompt(read_configuration(tmp_path), task)
    try:
        nemos = get_prompt(RailsConfig.from_content(yaml_content=text), task)
    except ValueError:
        assert taken is None
        return
    if isinstance(taken, Prompt):
        assert nemos.content == taken.data["content"]
    else:
        assert taken is not None
        order = [(file, row) for file, rows in SHIPPED.items() for row in rows]
        place = _load_prompts().index(nemos)
        assert (taken.file, taken.data) == order[place]


def test_a_prompt_made_for_the_model_beats_one_for_any(tmp_path: Path) -> None:
    """NeMo's own for openai/gpt-3.5-turbo is taken although the team wrote one; without that model theirs."""
    text = (
        "models: [{{type: main, engine: openai, model: {model}}}]\nprompts: [{{task: general, content: x}}]\n"
    )
    (tmp_path / "config.yml").write_text(text.format(model="gpt-3.5-turbo"))
    taken = taken_prompt(read_configuration(tmp_path), "general")
    assert isinstance(taken, BuiltinPrompt)
    assert "openai-chatgpt.yml" == taken.file
    assert choose_prompt(read_configuration(tmp_path), "general") is None
    (tmp_path / "config.yml").write_text(text.format(model="some-model"))
    assert choose_prompt(read_configuration(tmp_path), "general") is not None
