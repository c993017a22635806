"""policy-violation: what a finding says of run time is what real NeMo does with a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from talking import ANSWER, ask

from guardlint.lint.check import Target, check
from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.rules.effective_view import ConfigurationView

MODELS = "models: [{type: main, engine: openai, model: scripted}]\n"
PROMPT = 'prompts: [{task: self_check_output, content: "Block it (yes or no)? {{ bot_response }}"}]\n'
BARE = MODELS + PROMPT
CHECKED = MODELS + "rails: {output: {flows: [self check output]}}\n" + PROMPT


def told(folder: Path, policy: str) -> list[str]:
    """The messages of the rule under a reference policy."""
    found = check([Target(folder, Central.open().policy(policy))]).findings
    return [item.message for item in found if item.rule == "policy-violation"]


def test_a_required_rail_that_does_not_run_asks_nobody(team: Callable[..., Path]) -> None:
    """Without the rail the reply reaches the user and no judge is asked; with it one is."""
    bare, checked = team(config_yml=BARE), team(config_yml=CHECKED)
    assert [True] == [message.startswith("no output rail of") for message in told(bare, "customer-facing")]
    assert [] == told(checked, "customer-facing")
    without, having = ask(bare), ask(checked)
    assert (ANSWER, False) == (without.reply, "self_check_output" in without.tasks)
    assert (ANSWER, True) == (having.reply, "self_check_output" in having.tasks)


@pytest.mark.parametrize(
    ("rails", "asked"),
    [
        ("", []),
        ("rails: {input: {flows: [self check input]}}\n", ["self_check_input"]),
    ],
)
def test_who_reads_a_message_is_who_is_asked_with_it(
    rails: str, asked: list[str], team: Callable[..., Path]
) -> None:
    """The readers that policies see are NeMo's prompts that hold the message: judges, then the answer."""
    prompts = 'prompts: [{task: self_check_input, content: "Block it (yes or no)? {{ user_input }}"}]\n'
    folder = team(config_yml=MODELS + rails + prompts)
    view = ConfigurationView(read_configuration(folder))
    talk = ask(folder, "is the moon of cheese")
    holding = [prompt.task for prompt in talk.model.seen if "is the moon of cheese" in prompt.text]
    assert asked == [task for task in holding if task.startswith("self_check")]
    assert len(holding) == len(view.receivers("input"))
    assert {"the main model (openai/scripted)"} == {reader.shown for reader in view.receivers("input")}


def test_an_engine_that_is_not_allowed_is_asked_all_the_same(team: Callable[..., Path]) -> None:
    """NeMo knows of no allow-list: the model of the engine gets the message."""
    folder = team(config_yml=MODELS.replace("openai", "ollama"))
    assert ["the model engine 'ollama' is not on the allow list of baseline@1.0.0"] == told(
        folder, "baseline"
    )
    assert "is the moon of cheese" in ask(folder, "is the moon of cheese").model.seen[-1].text
