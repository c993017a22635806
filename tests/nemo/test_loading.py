"""`loads` says what NeMo does: shapes by a table made from the catalogue, the rest case by case."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardlint.errors import ConfigError
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.discover import find_roots
from guardlint.nemo.loading import loads, refusals
from guardlint.nemo.shapes import wrong_shapes

telemetry_off()

VALUES: list[Any] = [
    None,
    "",
    "text",
    "yes",
    "3",
    " 3 ",
    "0.5",
    "1_0",
    0,
    1,
    3,
    -1,
    0.5,
    -0.5,
    2.0,
    10**30,
    True,
    False,
    float("nan"),
    float("inf"),
    [],
    ["text"],
    [1],
    [None],
    [{}],
    {},
    {"a": 1},
    {1: "a"},
]


def nodes(
    node: dict[str, Any], path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every key of the table, with 0 for a list entry and ``any`` for a free name."""
    yield path, node
    for name, inner in node.get("keys", {}).items():
        yield from nodes(inner, (*path, name))
    if node.get("items"):
        yield from nodes(node["items"], (*path, 0))
    if node.get("entries"):
        yield from nodes(node["entries"], (*path, "any"))


def nested(path: tuple[str | int, ...], value: Any, node: dict[str, Any]) -> Any:
    """A configuration with ``value`` at ``path``, and what else must be there for NeMo to come that far."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    inner = node["items"] if isinstance(part, int) else node["keys"].get(part) or node["entries"]
    if isinstance(part, int):
        return [nested(rest, value, inner)]
    beside = {
        name: "x" for name, other in node.get("keys", {}).items() if other.get("required") and name != part
    }
    return {**beside, part: nested(rest, value, inner)}


TABLE = [
    (path, node)
    for path, node in nodes(load_catalogue().data["keys"])
    # What the joining refuses before, and what LLMRails refuses after the models, has cases of its own.
    if path
    and not node.get("dropped")
    and path not in (("docs",), ("import_paths",), ("instructions",), ("prompts",), ("colang_version",))
]


def test_the_table_holds_every_key_of_nemo() -> None:
    """A shrunken catalogue would make the comparison easy."""
    assert len(TABLE) > 270


@pytest.mark.parametrize(
    "section", sorted({str(path[:3] if path[:2] == ("rails", "config") else path[0]) for path, _ in TABLE})
)
def test_a_value_is_refused_exactly_when_nemos_models_refuse_it(section: str) -> None:
    """28 values of every shape at every key, as pydantic takes them."""
    from nemoguardrails.rails.llm.config import RailsConfig
    from pydantic import ValidationError

    keys = load_catalogue().data["keys"]
    wrong = []
    for path, _ in TABLE:
        if str(path[:3] if path[:2] == ("rails", "config") else path[0]) != section:
            continue
        for value in VALUES:
            data = {"models": [], **nested(path, value, keys)}
            try:
                RailsConfig.model_validate(json_like(data))
                expected = True
            except ValidationError as error:
                # What a validator of NeMo says about the whole is another test's.
                if any(item["type"] == "value_error" for item in error.errors()):
                    continue
                expected = False
            except Exception:  # noqa: BLE001 - a crash of NeMo is neither yes nor no of its models
                continue
            found = not list(wrong_shapes(data, keys))
            if expected != found:
                wrong.append((path, value, "NeMo takes it" if expected else "NeMo refuses it"))
    assert [] == wrong


def json_like(data: Any) -> Any:
    """A copy that NeMo's validators may change."""
    return yaml.safe_load(yaml.safe_dump(data))


GOOD = """\
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "{{ user_input }}"
"""
MASKING = "output: {flows: [mask sensitive data on output], streaming: "
CHANGES = {
    "nothing": ("", ""),
    "rails null": ("rails:\n  input: {flows: [self check input]}", "rails:"),
    "rails a list": ("rails:\n  input: {flows: [self check input]}", "rails: [input]"),
    "rails a text": ("rails:\n  input: {flows: [self check input]}", "rails: none"),
    "input null": ("input: {flows: [self check input]}", "input:"),
    "flows null": ("[self check input]", ""),
    "flows a text": ("[self check input]", "self check input"),
    "flows of mappings": ("[self check input]", "[{name: self check input}]"),
    "flows of numbers": ("[self check input]", "[1]"),
    "flows with a null": ("[self check input]", "[null]"),
    "flow in capitals": ("[self check input]", "[Self check input]"),
    "flow with blanks": ("[self check input]", "['  self check input  ']"),
    "flow with a comma": ("[self check input]", "['self check input,']"),
    "variant without a prompt": ("[self check input]", "[self check input $variant=strict]"),
    "variant of its own name": ("[self check input]", "[self check input $variant=self_check_input]"),
    "model that is missing": ("[self check input]", "[self check input $model=shield]"),
    "model that is there": ("[self check input]", "[self check input $model=main]"),
    "model parameter twice": ("[self check input]", "[self check input $x=1 $model=nobody]"),
    "llama guard without a prompt": ("[self check input]", "[llama guard check input]"),
    "content safety without model": ("[self check input]", "[content safety check input]"),
    "facts without a prompt": ("input: {flows: [self check input]}", "output: {flows: [self check facts]}"),
    "hallucination without a prompt": (
        "input: {flows: [self check input]}",
        "output: {flows: [self check hallucination]}",
    ),
    "patronus without a prompt": (
        "input: {flows: [self check input]}",
        "output: {flows: [patronus lynx check output hallucination]}",
    ),
    "output rail as input rail": ("[self check input]", "[regex check output]"),
    "unknown tool rail": ("input: {flows: [self check input]}", "tool_input: {flows: [nothing]}"),
    "prompts null": ('prompts:\n  - task: self_check_input\n    content: "{{ user_input }}"', "prompts:"),
    "prompts a mapping": ("  - task: self_check_input\n    content", "  self_check_input"),
    "prompt without a task": ("  - task: self_check_input\n    content", "  - content"),
    "prompt without a text": ('    content: "{{ user_input }}"', ""),
    "prompt with an empty text": ('"{{ user_input }}"', '""'),
    "prompt with empty messages": ('content: "{{ user_input }}"', "messages: []"),
    "prompt with a message of two keys": (
        'content: "{{ user_input }}"',
        'messages: [{type: system, content: "{{ user_input }}"}]',
    ),
    "prompt with a message without a type": ('content: "{{ user_input }}"', "messages: [{content: x}]"),
    "prompt with a role": ('content: "{{ user_input }}"', "messages: [{role: system, content: x}]"),
    "prompt for a longest text of zero": ('content: "{{ user_input }}"', "content: x\n    max_length: 0"),
    "models null": ("models:\n  - {type: main, engine: openai, model: gpt-4o-mini}", "models:"),
    "models a mapping": ("  - {type: main, engine: openai, model: gpt-4o-mini}", "  main: {engine: openai}"),
    "model a text": ("  - {type: main, engine: openai, model: gpt-4o-mini}", "  - gpt-4o-mini"),
    "model without a name": (", model: gpt-4o-mini", ""),
    "model with an empty name": ("model: gpt-4o-mini", "model: ''"),
    "model with a blank name": ("model: gpt-4o-mini", "model: ' '"),
    "model named twice": ("model: gpt-4o-mini", "model: gpt-4o-mini, parameters: {model: gpt-4o}"),
    "model named in parameters": ("model: gpt-4o-mini", "parameters: {model_name: gpt-4o}"),
    "model without an engine": ("engine: openai, ", ""),
    "parameters null": ("model: gpt-4o-mini", "model: gpt-4o-mini, parameters: null"),
    "Colang version a number": ("models:", "colang_version: 1.0\nmodels:"),
    "Colang version 2.0": ("models:", 'colang_version: "2.0"\nmodels:'),
    "import paths null": ("models:", "import_paths:\nmodels:"),
    "instructions null": ("models:", "instructions:\nmodels:"),
    "instructions a text": ("models:", "instructions: be kind\nmodels:"),
    "bot messages a list": ("models:", "bot_messages: [hello]\nmodels:"),
    "bot messages null": ("models:", "bot_messages:\nmodels:"),
    "dropped section null": ("models:", "sensitive_data_detection:\nmodels:"),
    "docs null": ("models:", "docs:\nmodels:"),
    "core null": ("models:", "core:\nmodels:"),
    "custom data null": ("models:", "custom_data:\nmodels:"),
    "tracing a boolean": ("models:", "tracing: true\nmodels:"),
    "streaming a word": ("models:", "streaming: maybe\nmodels:"),
    "knowledge base null": ("models:", "knowledge_base:\nmodels:"),
    "an unknown key": ("models:", "nonsense: {a: 1}\nmodels:"),
    "passthrough with single call": (
        "input: {flows",
        "dialog: {single_call: {enabled: true}}\n  input: {flows",
    ),
    "streaming and masking": (
        "input: {flows: [self check input]}",
        MASKING + "{enabled: true}}",
    ),
    "streaming and masking, checked first": (
        "input: {flows: [self check input]}",
        MASKING + "{enabled: true, stream_first: false, context_size: 0}}",
    ),
    "streaming by a word and masking": (
        "input: {flows: [self check input]}",
        MASKING + "{enabled: 'yes', stream_first: false, context_size: 5}}",
    ),
    "jailbreak without an endpoint name": (
        "input: {flows: [self check input]}",
        (
            "input: {flows: [jailbreak detection model]}\n"
            "  config: {jailbreak_detection: {nim_base_url: 'http://x', nim_server_endpoint: ''}}"
        ),
    ),
    "jailbreak with an endpoint": (
        "input: {flows: [self check input]}",
        "input: {flows: [jailbreak detection model]}\n  config: {jailbreak_detection: {nim_base_url: 'http://x'}}",
    ),
    "adapter that nobody has": ("models:", "tracing: {enabled: true, adapters: [{name: Nobody}]}\nmodels:"),
    "an empty file": (GOOD, ""),
    "a list": (GOOD, "- models\n"),
    "a text": (GOOD, "models\n"),
    "two documents": ("rails:", "---\nrails:"),
    "a tab": ("  input:", "\tinput:"),
    "a duplicate key": ("rails:", "rails: {}\nrails:"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_configuration_loads_exactly_when_nemo_loads_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`yes` or `depends` where NeMo loads it with a model in hand, `no` where it refuses, and why."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    before, after = CHANGES[name]
    assert not before or GOOD.count(before) >= 1
    text = GOOD.replace(before, after, 1) if before else GOOD
    if name.startswith("passthrough"):
        text = "passthrough: true\n" + text
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    try:
        load_rails(tmp_path, ScriptedModel())
        expected = True
    except ConfigError:
        expected = False
    configuration = read_configuration(tmp_path)
    found = loads(configuration)
    assert expected == (found != "no"), [refusal.message for refusal in refusals(configuration)]


def examples() -> list[Path]:
    import nemoguardrails

    return find_roots(Path(nemoguardrails.__file__).parent / "examples")


@pytest.mark.parametrize("root", examples(), ids=lambda path: path.name)
def test_nemos_own_examples_load(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In NeMo and in guardlint's judgement; without the documents, for which NeMo would fetch a model."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    copy = shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("kb"))
    load_rails(copy, ScriptedModel())
    assert loads(read_configuration(root)) != "no"


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        (
            {"config.yml": "models: [{type: main, engine: openai, model: x, api_key_env_var: NOT_SET_HERE}]"},
            "depends",
        ),
        ({"config.yml": "models: [{type: main, engine: vertexai, model: x}]"}, "depends"),
        (
            {"config.yml": "models: [{type: main, engine: openai, model: x, parameters: {verbose: true}}]"},
            "depends",
        ),
        ({"config.yml": "models: []\nimport_paths: [shared/rails]"}, "depends"),
        # Folders called s, h, a … may lie where the application runs.
        ({"config.yml": "models: []\nimport_paths: shared"}, "depends"),
        ({"config.yml": "models: []", "config.py": "import pandas\n"}, "depends"),
        ({"config.yml": "models: []", "config.py": "import json\n"}, "yes"),
        ({"config.yml": "models: []", "actions.py": "import pandas\n"}, "yes"),
    ],
)
def test_what_depends_on_the_machine_is_said_to(tmp_path: Path, files: dict[str, str], verdict: str) -> None:
    """Neither yes nor no: the environment, another framework, or the team's own code decides."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert verdict == loads(read_configuration(tmp_path))


def test_every_refusal_has_a_place_and_a_mend(tmp_path: Path) -> None:
    """In the file, inside its lines."""
    for name, (before, after) in CHANGES.items():
        text = GOOD.replace(before, after, 1) if before else GOOD
        (tmp_path / "config.yml").write_text(text, encoding="utf-8")
        for refusal in refusals(read_configuration(tmp_path)):
            assert refusal.place.file.endswith("config.yml"), name
            assert 1 <= refusal.place.line <= text.count("\n") + 1, name
            assert refusal.help or refusal.topic in ("environment", "flow", "file"), name
            json.dumps(refusal.message)
