"""What NeMo makes of an embedded configuration is what we say it makes of it."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nemoguardrails import LLMRails, RailsConfig

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.embedded import EmbeddedConfiguration, find_embedded
from guardlint.nemo.embedded_reading import read_embedded
from guardlint.nemo.loading import loads
from guardlint.source.place import Place

HEAD = "from nemoguardrails import RailsConfig\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names are relative to the working directory, and NeMo finds no actions there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, name: str = "app.py") -> tuple[EmbeddedConfiguration, Configuration]:
    """The only configuration in a file of that text."""
    Path(name).write_text(text, encoding="utf-8")
    (found,) = find_embedded(Path(name))
    return found, read_embedded(found)


def facts_of_nemo(config: RailsConfig) -> dict[str, Any]:
    """What both sides are asked for."""
    return {
        "models": [(model.type, model.engine, model.model) for model in config.models],
        "input": config.rails.input.flows,
        "output": config.rails.output.flows,
        "prompts": [(prompt.task, prompt.content) for prompt in config.prompts or []],
        "flows": {flow["id"] if isinstance(flow, dict) else flow.name for flow in config.flows},
        "messages": dict(config.bot_messages),
        "custom_data": config.custom_data,
        "colang_version": config.colang_version,
        "passthrough": config.passthrough,
    }


def facts_of_ours(found: Configuration) -> dict[str, Any]:
    """The same from the effective configuration."""
    return {
        "models": [(m["type"], m["engine"], m["model"]) for m in found.models],
        "input": [rail.text for rail in found.rails("input")],
        "output": [rail.text for rail in found.rails("output")],
        "prompts": [(prompt.task, prompt.data["content"]) for prompt in found.prompts],
        "flows": set(found.flows),
        "messages": {name: list(message.texts) for name, message in found.messages.items()},
        "custom_data": found.value(("custom_data",), {}),
        "colang_version": found.colang_version,
        "passthrough": found.value(("passthrough",)),
    }


NAMES = st.sampled_from(["check a", "check b", "self check input"])
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "models": st.lists(
            st.builds(
                lambda kind: {"type": kind, "engine": "openai", "model": "m"},
                st.sampled_from(["main", "embeddings", "extra"]),
            ),
            max_size=2,
        ),
        "rails": st.fixed_dictionaries(
            {},
            optional={
                direction: st.fixed_dictionaries({"flows": st.lists(NAMES, max_size=2)})
                for direction in ("input", "output")
            },
        ),
        "prompts": st.just([{"task": "self_check_input", "content": 'é "x"\n{{ user_input }}\n'}]),
        "custom_data": st.just({"a": [1, None, True, 1.5]}),
        "passthrough": st.booleans(),
        "unheard_of": st.just({"b": "c: d"}),
    },
)
COLANG = st.lists(
    st.sampled_from(
        [
            "define flow check a\n  bot refuse\n",
            "define flow check b\n  $x = 1\n",
            'define bot refuse\n  "no"\n  "never"\n',
            'define user greet\n  "hi"\n',
        ]
    ),
    unique=True,
)
NOTHING = '"""'


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECTIONS, SECTIONS, COLANG, st.sampled_from(["plain", "dedent", "repr"]), st.integers(0, 3))
def test_from_content_joins_as_nemo_joins(
    config: dict[str, Any], content: dict[str, Any], colang: list[str], dress: str, luck: int
) -> None:
    """NeMo runs the very call that we read: dictionary, YAML and Colang together, in several dresses."""
    dumped = yaml.safe_dump(content, allow_unicode=True) if content else ""
    flows = "\n".join(colang)
    if dress == "repr" or NOTHING in dumped:
        arguments = f"config={config!r}, yaml_content={dumped!r}, colang_content={flows!r}"
    elif dress == "plain":
        escaped = dumped.replace("\\", "\\\\")
        arguments = f'"""{flows}""", """{escaped}""", {config!r}'
    else:
        escaped = "".join(f"    {line}" for line in dumped.replace("\\", "\\\\").splitlines(keepends=True))
        arguments = f'colang_content={flows!r}, yaml_content=dedent("""{escaped}"""), config={config!r}'
    call = f"RailsConfig.from_content({arguments})"
    namespace: dict[str, Any] = {}
    source = f"from textwrap import dedent\n{HEAD}result = {call}\n"
    Path("app.py").write_text(source, encoding="utf-8")
    (found,) = find_embedded(Path("app.py"))
    if not (config or content or colang):
        assert "it is empty" == found.unknown
        return
    ours = read_embedded(found)
    try:
        exec(source, namespace)
    except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        assert "no" == loads(ours)
        return
    assert facts_of_nemo(namespace["result"]) == facts_of_ours(ours)
    if luck:
        return  # LLMRails costs half a second
    os.environ["OPENAI_API_KEY"] = "none"
    try:
        LLMRails(namespace["result"])
    except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        assert loads(ours) in ("no", "depends")
    else:
        assert loads(ours) in ("yes", "depends")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: []\nrails: {input: {flows: [check a]}}\n", "no"),
        ("rails: {}\n", "no"),
        ("models: []\nimport_paths: [nowhere]\n", "yes"),
        ("models: []\ncustom_data: {a: 1}\nunheard_of: 2\n", "yes"),
        ("# nothing\n", "no"),
        ("models: []\n", "yes"),
    ],
)
def test_a_lone_file_is_read_as_it_is(text: str, expected: str) -> None:
    """No Colang beside it, no imports, no joining, no default for ``models``."""
    Path("rails").mkdir()
    Path("rails/config.yml").write_text(text, encoding="utf-8")
    Path("rails/main.co").write_text("define flow check a\n  bot refuse\n", encoding="utf-8")
    found, ours = read(HEAD + "RailsConfig.from_path('rails/config.yml')\n")
    assert expected == loads(ours)
    try:
        config = RailsConfig.from_path("rails/config.yml")
        theirs = facts_of_nemo(config)  # LLMRails adds its library to the configuration
        LLMRails(config)
    except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        assert "no" == expected
    else:
        assert "yes" == expected
        assert theirs == facts_of_ours(ours)
    problem = next(iter(ours.problems), None)
    assert problem is None or "rails/config.yml" == found.true_place(problem.place).file


def test_a_config_map_is_what_nemo_loads_from_its_volume() -> None:
    """The kubelet mounts the keys as links into a folder of their own, which NeMo walks too."""
    files = {
        "config.yml": "models: []\nrails: {input: {flows: [check a]}}\n",
        "main.co": "define flow check a\n  bot refuse\n",
        "kb.co": "define flow check b\n  bot refuse\n",
        ".railsignore": "# no drafts\n*draft*\n",
        "draft.co": "define flow check c\n  bot refuse\n",
        "actions.py": "from nemoguardrails.actions import action\n@action()\ndef look(): ...\n",
    }
    data = yaml.safe_dump({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": files})
    _, ours = read(data, "map.yaml")
    Path("volume/..data").mkdir(parents=True)
    for name, text in files.items():
        Path("volume/..data", name).write_text(text, encoding="utf-8")
        Path("volume", name).symlink_to(f"..data/{name}")
    assert facts_of_nemo(RailsConfig.from_path("volume")) == facts_of_ours(ours)
    assert ["look"] == [action.name for action in ours.actions]
    assert "yes" == loads(ours)


def test_places_are_those_of_the_real_file() -> None:
    """A value, a flow, an action of the application, and the configuration as such."""
    text = (
        f"{HEAD}from nemoguardrails.actions import action\n"
        "@action(name='look')\ndef see(): ...\n"
        "c = RailsConfig.from_content(\n  '''\n  define flow check a\n    execute look\n''',\n"
        "  config={'models': [], 'rails': {'input': {'flows': ['check a']}}})\n"
    )
    found, ours = read(text)
    (rail,) = ours.rails("input")
    assert Place("app.py", 10, 55, 10, 64) == found.true_place(rail.place)
    assert Place("app.py", 7, 15, 7, 22) == found.true_place(ours.flows["check a"].place)
    assert Place("app.py", 4, 5, 4, 8) == found.true_place(ours.actions[0].place)
    assert Place("app.py", 5, 5, 5, 29) == found.true_place(Place.at(ours.name))
    assert {"app.py"} == set(found.sources)
    assert ours.action_named("look") is not None


def test_colang_2_that_is_indented_as_a_whole() -> None:
    """NeMo's parser takes the first indentation for the margin; people write literals so."""
    text = dedent('''
        from nemoguardrails import RailsConfig
        c = RailsConfig.from_content("""
            import core

            flow main
                activate greeting

            flow greeting
                user said "hi"
            """, 'colang_version: "2.x"')
    ''')
    found, ours = read(text)
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    theirs = {flow.name for flow in namespace["c"].flows if flow.file_info["name"] == "main.co"}
    assert {"main", "greeting"} == theirs == set(ours.flows)
    assert Place("app.py", 9, 10, 9, 18) == found.true_place(ours.flows["greeting"].place)
    assert ("core",) == ours.imports
