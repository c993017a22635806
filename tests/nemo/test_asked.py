"""Which model answers which task: as NeMo asks them over the wire, and what show says of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import telemetry_off
from guardlint.nemo import account
from guardlint.nemo.asked import asked_tasks, model_entries
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.defaults import unwritten_defaults
from guardlint.nemo.prompt import BuiltinPrompt, Prompt

telemetry_off()

INPUT = "{task: self_check_input, content: 'Should the user message be blocked? {{ user_input }}'}"
STRICT = "{task: self_check_input $variant=strict, content: 'Should it be blocked? {{ user_input }}'}"
OUTPUT = "{task: self_check_output, content: 'Should the bot message be blocked? {{ bot_response }}'}"


def model(kind: str, name: str, url: str) -> str:
    parameters = f"{{base_url: '{url}', api_key: none}}"
    return f"- {{type: {kind}, engine: openai, model: {name}, parameters: {parameters}}}\n"


@pytest.mark.parametrize(
    ("models", "rails", "prompts", "asked"),
    [
        ({"main": "m"}, "input: {flows: [self check input]}", [INPUT], ["m", "m"]),
        (
            {"main": "m", "self_check_input": "c"},
            "input: {flows: [self check input]}",
            [INPUT],
            ["c", "m"],
        ),
        (
            {"main": "m", "self_check_input": "c"},
            "input: {flows: [self check input $variant=strict]}",
            [STRICT],
            ["c", "m"],
        ),
        (
            {"main": "m", "self_check_input": "c", "strict": "s"},
            "input: {flows: [self check input $variant=strict]}",
            [STRICT],
            ["s", "m"],
        ),
        (
            {"main": "m", "strict": "s"},
            "input: {flows: [self check input $variant=strict]}",
            ["{task: strict, content: 'Should it be blocked? {{ user_input }}'}"],
            ["s", "m"],
        ),
        (
            {"self_check_output": "c", "main": "m", "generate_user_intent": "g"},
            "output: {flows: [self check output]}",
            [OUTPUT],
            ["g", "c"],
        ),
        ({"main": "m", "general": "g"}, "input: {flows: [self check input]}", [INPUT], ["m", "m"]),
    ],
)
def test_the_model_that_is_asked_is_the_one_that_nemo_asks(
    tmp_path: Path, models: dict[str, str], rails: str, prompts: list[str], asked: list[str]
) -> None:
    """In the order of the calls: rails on input, the answer, rails on output."""
    from nemoguardrails import LLMRails, RailsConfig

    with ScriptedServer(ScriptedBrain(answer="No")) as server:
        listed = "".join(model(kind, name, server.base_url) for kind, name in models.items())
        text = f"models:\n{listed}rails:\n  {rails}\nprompts: [{', '.join(prompts)}]\n"
        (tmp_path / "config.yml").write_text(text, encoding="utf-8")
        LLMRails(RailsConfig.from_path(str(tmp_path))).generate(
            messages=[{"role": "user", "content": "hello"}]
        )
        over_the_wire = [request["model"] for request in server.requests]
    found = asked_tasks(read_configuration(tmp_path))
    said = [str(item.model).removeprefix("openai/") for item in sorted(found, key=_order)]
    assert asked == over_the_wire == said


def _order(item: object) -> int:
    by = str(getattr(item, "by", ""))
    return 0 if by.startswith("rails.input") else 2 if by.startswith("rails.output") else 1


def configuration(folder: Path, **files: str) -> Configuration:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return read_configuration(folder)


def test_rails_with_a_model_of_their_own_have_no_fallback(tmp_path: Path) -> None:
    """`$model=` and fixed models: main does not answer for them; a variant's base task is not asked."""
    read = configuration(
        tmp_path,
        config_yml=(
            "models: [{type: main, engine: openai, model: m}, {type: shield, engine: nim, model: s}]\n"
            "rails:\n input:\n  flows: [content safety check input $model=shield, llama guard check input]\n"
            "prompts: [{task: content_safety_check_input $model=shield, content: x}]\n"
        ),
    )
    found = {item.task: item for item in asked_tasks(read)}
    shield = found["content_safety_check_input $model=shield"]
    assert ("nim/s", "shield") == (shield.model, shield.kind)
    assert isinstance(shield.prompt, Prompt)
    guard = found["llama_guard_check_input"]
    assert (None, "llama_guard", None) == (guard.model, guard.kind, guard.prompt)
    assert isinstance(found["general"].prompt, BuiltinPrompt)


def test_models_that_nothing_asks(tmp_path: Path) -> None:
    """A type that no task has, and a second entry of one type; with code of the team one cannot say."""
    text = (
        "models: [{type: main, engine: a, model: b}, {type: main, engine: c, model: d},\n"
        "         {type: judge, engine: e, model: f}, {type: embeddings, engine: g, model: h}]\n"
    )
    used = [(entry.kind, entry.used) for entry in model_entries(configuration(tmp_path, config_yml=text))]
    assert [("main", True), ("main", False), ("judge", False), ("embeddings", True)] == used
    read = configuration(tmp_path, actions_py="from nemoguardrails.actions import action\n")
    assert None is next(entry.used for entry in model_entries(read) if entry.kind == "judge")


def test_the_dialog_asks_for_its_steps(tmp_path: Path) -> None:
    """Examples of what users say bring three tasks, or one; passthrough without them sends no prompt."""
    (tmp_path / "a.co").write_text('define user greets\n  "hi"\n', encoding="utf-8")
    tasks = [item.task for item in asked_tasks(configuration(tmp_path, config_yml="models: []\n"))]
    assert ["generate_user_intent", "generate_next_steps", "generate_bot_message"] == tasks
    single = "models: []\nrails: {dialog: {single_call: {enabled: true}}}\n"
    tasks = [item.task for item in asked_tasks(configuration(tmp_path, config_yml=single))]
    assert ["generate_intent_steps_message"] == tasks
    (tmp_path / "a.co").unlink()
    assert () == asked_tasks(configuration(tmp_path, config_yml="models: []\npassthrough: true\n"))


def test_colang_2_asks_through_the_library(tmp_path: Path) -> None:
    """`llm continuation` reaches the actions of the library that ask a model."""
    read = configuration(
        tmp_path,
        config_yml="models: []\ncolang_version: 2.x\n",
        main_co="import core\nimport llm\n\nflow main\n  activate llm continuation\n",
    )
    tasks = {item.task for item in asked_tasks(read)}
    assert "generate_user_intent_from_user_action" in tasks


def test_a_replaced_runner_leaves_the_rails_inert(tmp_path: Path) -> None:
    """A team's flow with the name of the one that runs the rails."""
    read = configuration(
        tmp_path,
        config_yml="models: []\nrails: {input: {flows: [regex check input]}, output: {flows: [x]}}\n",
        a_co="define subflow run input rails\n  pass\n\ndefine subflow x\n  bot y\n",
    )
    fates = account.rails(read)
    assert ["inert"] == [fate.state for fate in fates["input"]]
    assert ["runs"] == [fate.state for fate in fates["output"]]


def test_actions_of_the_team(tmp_path: Path) -> None:
    """What a flow that starts runs, what takes the place of NeMo's, and what nothing runs."""
    read = configuration(
        tmp_path,
        config_yml="models: []\nrails: {input: {flows: [own]}}\n",
        a_co="define flow own\n  execute look\n\ndefine subflow never\n  execute lost\n",
        actions_py=(
            "from nemoguardrails.actions import action\n"
            "@action()\nasync def look(): ...\n"
            "@action()\nasync def lost(): ...\n"
            "@action()\nasync def self_check_input(): ...\n"
        ),
    )
    states = {fate.name: fate.state for fate in account.actions(read)}
    assert {"look": "runs", "lost": "inert", "self_check_input": "runs"} == states


def test_defaults_beside_what_is_written(tmp_path: Path) -> None:
    """Only of sections that are there; what is written is no default."""
    text = "models: []\nrails: {output: {parallel: true, flows: []}}\n"
    found = dict(unwritten_defaults(configuration(tmp_path, config_yml=text)))
    assert "standard" == found["prompting_mode",]
    assert ("rails", "output", "parallel") not in found
    assert not any(path[:2] == ("rails", "input") for path in found)
    assert json.dumps(list(found.values()))
