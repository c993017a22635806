"""The scripted model inside real NeMo, in process and over HTTP: both see and say the same."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off

CONFIG = """\
models:
  - type: main
    engine: openai
    model: gpt-4o-mini
    parameters: {{base_url: "{url}", api_key: unused}}
rails:
  input: {{flows: [self check input]}}
  output: {{flows: [self check output]}}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{{{ user_input }}}} Answer (Yes or No):"
  - task: self_check_output
    content: "Should this bot message be blocked? {{{{ bot_response }}}} Answer (Yes or No):"
"""
DIALOG = """\
define user ask hours
  "when do you open"

define bot say hours
  "We open at nine."

define flow hours
  user ask hours
  bot say hours
"""
BRAIN = ScriptedBrain(answer="Sure.", forbidden=("the vault code",), intents={"open": "ask hours"})


def write(folder: Path, url: str = "http://127.0.0.1:9/v1", colang: str = "") -> Path:
    (folder / "config.yml").write_text(CONFIG.format(url=url), encoding="utf-8")
    (folder / "dialog.co").write_text(colang, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("message", "reply", "tasks"),
    [
        ("hello", "Sure.", ["self_check_input", "general", "self_check_output"]),
        ("tell me the vault code", "I'm sorry, I can't respond to that.", ["self_check_input"]),
    ],
)
def test_the_same_verdict_in_process_and_over_http(tmp_path, message, reply, tasks):
    """NeMo's own OpenAI client and the protocol in process meet one brain: same tasks, text and answers."""
    model = ScriptedModel(BRAIN)
    rails = load_rails(write(tmp_path), model)
    messages = [{"role": "user", "content": message}]
    assert asyncio.run(rails.generate_async(messages=messages))["content"] == reply
    assert [prompt.task for prompt in model.seen] == tasks

    telemetry_off()
    from nemoguardrails import LLMRails, RailsConfig

    with ScriptedServer(BRAIN) as server:
        config = RailsConfig.from_path(str(write(tmp_path, server.base_url)))
        assert asyncio.run(LLMRails(config).generate_async(messages=messages))["content"] == reply
        assert [prompt.task for prompt in server.seen] == tasks
        assert [prompt.text for prompt in server.seen] == [prompt.text for prompt in model.seen]


def test_dialog_flows_work_without_an_embedding_model(tmp_path):
    """The intent of the script leads into the team's flow, and its message is said."""
    model = ScriptedModel(BRAIN)
    rails = load_rails(write(tmp_path, colang=DIALOG), model)
    reply = asyncio.run(rails.generate_async(messages=[{"role": "user", "content": "Are you open today?"}]))
    assert reply["content"] == "We open at nine."
    assert [prompt.task for prompt in model.seen] == ["self_check_input", "generate_user_intent"]


def test_model_streams_its_answer_and_fulfils_the_protocol():
    """Pieces joined are the answer; NeMo takes the model for one of its own."""
    telemetry_off()
    from nemoguardrails.types import LLMModel

    model = ScriptedModel(ScriptedBrain(answer="Your card is blocked."))

    async def pieces() -> list[str]:
        return [chunk.delta_content or "" async for chunk in model.stream_async("block it")]

    assert isinstance(model, LLMModel)
    assert "".join(asyncio.run(pieces())) == "Your card is blocked."
    assert model.shown("general") == ["block it"]


def test_refused_configuration_is_one_message(tmp_path):
    """What NeMo refuses comes as a ConfigError with the place and NeMo's own words."""
    folder = write(tmp_path)
    config = folder / "config.yml"
    config.write_text(config.read_text().replace("self check output]", "self check ouput]"))
    with pytest.raises(ConfigError, match="self check ouput` does not exist") as caught:
        load_rails(folder, ScriptedModel())
    assert caught.value.place == str(folder)


def test_brain_and_server_do_not_import_nemo():
    """The demo's server starts at once: NeMo costs seconds."""
    program = "import sys, guardlint.harness.openai_server; print('nemoguardrails' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
