"""Models, keys and addresses: what the rules say happens at run time, seen to happen.

NeMo's own client talks to a scripted server on this machine; nothing leaves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import ANSWER, rules

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import telemetry_off
from guardlint.lint.check import Target, check
from guardlint.report.json_v1 import render_json
from guardlint.report.text import render_text

telemetry_off()

KEY = "sk-FAKE0123456789abcdefFAKE"
PLAIN = "0f9e8d7c6b5a43210f9e"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A model on the loopback interface."""
    with ScriptedServer(ScriptedBrain(answer=ANSWER, forbidden=("vault code",))) as running:
        yield running


def _load(folder: Path):
    from nemoguardrails import LLMRails, RailsConfig

    return LLMRails(RailsConfig.from_path(str(folder)))


def _ask(folder: Path, text: str = "hello") -> str:
    async def talk() -> str:
        reply = await _load(folder).generate_async(messages=[{"role": "user", "content": text}])
        return str(reply["content"])

    return asyncio.run(talk())


def _main(*parameters: str, more: str = "") -> str:
    inner = ", ".join(parameters)
    return f"models:\n  - {{type: main, engine: openai, model: one, parameters: {{{inner}}}{more}}}\n"


@pytest.mark.parametrize(
    "files",
    [
        {"config_yml": _main(f"api_key: {KEY}")},
        {"config_yml": _main(f'api_key: "{PLAIN}"')},
        {"config_yml": _main(f'default_headers: {{Authorization: "Bearer {PLAIN}"}}')},
        {"config_yml": _main(f"base_url: http://guard:{PLAIN}@127.0.0.1/v1")},
        {"config_yml": _main(more=f", api_key: {KEY}")},
        {"config_yml": f"models: []\nactions_server_url: https://actions.bank.example/?api_key={PLAIN}\n"},
        {"config_yml": _main(more=f", api_key_env_var: {KEY}")},
        {"config_yml": f"models: []\ncustom_data:\n  service:\n    - password: '{PLAIN}'\n"},
        {"config_yml": f"models: []\ncustom_data:\n  note: |\n    the key is\n    {KEY}\n"},
        {"config_yml": "models: []\n", "config_py": f'API_KEY = "{PLAIN}"\n'},
        {"config_yml": "models: []\n", "config_py": f'import os\n\nos.environ["OPENAI_API_KEY"] = "{KEY}"\n'},
        {"config_yml": "models: []\n", "config_py": f'model = dict(api_key="{PLAIN}")\n'},
        {"config_yml": "models: []\n", "rails_co": f"# {KEY}\n"},
    ],
    ids=str,
)
def test_a_secret_is_found_and_never_shown(team, files: dict[str, str]) -> None:
    """It stands in no output, whole or in part."""
    folder = team(**files)
    report = check([Target(folder)])
    assert "secret-in-clear" in [found.rule for found in report.findings]
    for shown in (render_text(report), render_json(report)):
        assert KEY not in shown
        assert PLAIN not in shown
        assert "0123456789abcdef" not in shown


def test_a_key_beside_the_engine_is_not_used(team, server: ScriptedServer) -> None:
    """NeMo takes the one from the environment; under ``parameters`` it takes the one written."""
    address = f"base_url: {server.base_url}"
    beside = _load(team(config_yml=_main(address, more=f", api_key: {KEY}")))
    assert beside.llm._client._api_key == "unused"
    under = _load(team(config_yml=_main(address, f"api_key: {KEY}")))
    assert under.llm._client._api_key == KEY


def test_a_variable_is_sent_as_it_stands(team, server: ScriptedServer, monkeypatch) -> None:
    """The model's name arrives with its dollar sign, though the variable is set."""
    monkeypatch.setenv("MODEL", "house-model")
    text = _main(f"base_url: {server.base_url}")
    broken = team(config_yml=text.replace("one", "'${MODEL}'"))
    assert rules(broken) == ["unexpanded-variable"]
    assert _ask(broken) == ANSWER
    assert server.requests[-1]["model"] == "${MODEL}"
    mended = team(config_yml=text.replace("one", "house-model"))
    assert rules(mended) == []
    assert _ask(mended) == ANSWER
    assert server.requests[-1]["model"] == "house-model"


def test_a_key_variable_under_the_parameters_is_sent_to_the_model(team, server, monkeypatch) -> None:
    """The request holds the variable's name, and the key is another."""
    monkeypatch.setenv("BANK_KEY", "house")
    address = f"base_url: {server.base_url}"
    broken = team(config_yml=_main(address, "api_key_env_var: BANK_KEY"))
    assert rules(broken) == ["unread-key-variable"]
    assert _load(broken).llm._client._api_key == "unused"
    _ask(broken)
    assert server.requests[-1]["api_key_env_var"] == "BANK_KEY"
    mended = team(config_yml=_main(address, more=", api_key_env_var: BANK_KEY"))
    assert rules(mended) == []
    assert _load(mended).llm._client._api_key == "house"


def test_a_key_variable_with_a_dollar_sign_is_refused(team) -> None:
    """NeMo looks for a variable with that sign in its name."""
    broken = team(config_yml=_main(more=", api_key_env_var: $OPENAI_API_KEY"))
    assert rules(broken) == ["unread-key-variable"]
    with pytest.raises(Exception, match=r"'\$OPENAI_API_KEY' not set"):
        _load(broken)
    mended = team(config_yml=_main(more=", api_key_env_var: OPENAI_API_KEY"))
    assert rules(mended) == []
    _load(mended)


@pytest.mark.parametrize("name", ["api_base", "endpoint_url", "baseurl", "host", "url"])
def test_an_address_under_another_name_is_not_used(team, name: str) -> None:
    """The client is made for the provider's public address."""
    broken = team(config_yml=_main(f"{name}: 'http://127.0.0.1:9/v1'"))
    assert rules(broken) == ["ignored-endpoint"]
    assert _load(broken).llm.provider_url == "https://api.openai.com/v1"
    mended = team(config_yml=_main("base_url: 'http://127.0.0.1:9/v1'"))
    assert rules(mended) == []
    assert _load(mended).llm.provider_url == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("parameter", ["openai_api_base: x", "model_kwargs: {top_p: 0}", "streaming: true"])
def test_a_langchain_parameter_is_refused(team, parameter: str) -> None:
    """NeMo names it and does not start."""
    broken = team(config_yml=_main(parameter))
    assert rules(broken) == ["langchain-parameter"]
    with pytest.raises(ValueError, match=parameter.partition(":")[0]):
        _load(broken)


def test_ollama_at_its_bare_address(team) -> None:
    """NeMo's client appends the path of a completion to the address as it stands."""
    text = "models:\n  - {type: main, engine: ollama, model: one, parameters: {base_url: ADDRESS}}\n"
    broken = team(config_yml=text.replace("ADDRESS", "'http://localhost:11434'"))
    assert rules(broken) == ["langchain-parameter"]
    assert _load(broken).llm._client._ROUTE == "/chat/completions"
    assert _load(broken).llm.provider_url == "http://localhost:11434"
    mended = team(config_yml=text.replace("ADDRESS", "'http://localhost:11434/v1'"))
    assert rules(mended) == []


@pytest.mark.parametrize("engine", ["opnai", "OpenAI", "open-ai"])
def test_a_misspelt_engine_is_served_by_nobody(team, engine: str) -> None:
    """NeMo stops where it makes the model."""
    broken = team(config_yml=_main().replace("openai", engine))
    assert rules(broken) == ["unknown-engine"]
    with pytest.raises(ValueError, match="No default base_url"):
        _load(broken)
    mended = team(config_yml=_main())
    assert rules(mended) == []
    _load(mended)


JUDGE = """\
models:
  - {type: main, engine: openai, model: main-model, parameters: {base_url: "ADDRESS"}}
  - {type: TYPE, engine: openai, model: judge-model, parameters: {base_url: "ADDRESS"}}
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""


@pytest.mark.parametrize("wrong", ["self_check_inputs", "self-check-input", "Self_check_input"])
def test_a_misspelt_type_leaves_the_check_to_the_main_model(team, server, wrong: str) -> None:
    """The judge is asked exactly when its type is spelt right."""
    text = JUDGE.replace("ADDRESS", server.base_url)
    broken = team(config_yml=text.replace("TYPE", wrong))
    assert rules(broken) == ["unknown-model-type"]
    _ask(broken)
    assert {request["model"] for request in server.requests} == {"main-model"}
    server.forget()
    mended = team(config_yml=text.replace("TYPE", "self_check_input"))
    assert rules(mended) == []
    _ask(mended)
    assert {request["model"] for request in server.requests} == {"main-model", "judge-model"}


def test_main_in_another_case_is_no_main_model(team) -> None:
    """NeMo has none, and says nothing."""
    broken = team(config_yml=_main().replace("type: main", "type: Main"))
    assert rules(broken) == ["unknown-model-type"]
    assert _load(broken).llm is None


def test_the_second_model_of_a_type_is_never_asked(team, server) -> None:
    """The first one answers."""
    text = _main(f"base_url: {server.base_url}")
    second = text.replace("models:\n", "").replace("one", "two")
    broken = team(config_yml=text + second)
    assert rules(broken) == ["second-model"]
    _ask(broken)
    assert [request["model"] for request in server.requests] == ["one"]
    assert rules(team(config_yml=text)) == []
