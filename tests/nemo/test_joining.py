"""Walk and join: what guardlint makes of a tree is what NeMo's ``RailsConfig.from_path`` makes of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.harness.scripted import telemetry_off
from guardlint.nemo.configuration import Configuration, read_configuration

telemetry_off()

RAILS = ["regex check input", "context bloat detection on input", "jailbreak detection heuristics"]
OUT = ["regex check output", "injection detection"]


def section(flows: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={"flows": st.lists(st.sampled_from(flows), max_size=2)})


YAML = st.fixed_dictionaries(
    {},
    optional={
        "models": st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["main", "judge"]),
                    "engine": st.just("openai"),
                    "model": st.text("gp4", min_size=1),
                }
            ),
            max_size=2,
        ),
        "rails": st.fixed_dictionaries({}, optional={"input": section(RAILS), "output": section(OUT)}),
        "prompts": st.lists(
            st.fixed_dictionaries(
                {
                    "task": st.sampled_from(["self_check_input", "own_task"]),
                    "content": st.text("ab{} ", min_size=1),
                }
            ),
            max_size=2,
        ),
        "instructions": st.lists(
            st.fixed_dictionaries({"type": st.just("general"), "content": st.text("xy")}), max_size=1
        ),
        "bot_messages": st.dictionaries(
            st.sampled_from(["hello", "bye"]), st.lists(st.text("ab"), max_size=2), max_size=2
        ),
        "custom_data": st.dictionaries(st.sampled_from(["limit", "team"]), st.integers(0, 3), max_size=2),
        "limit": st.integers(4, 6),
        "passthrough": st.booleans(),
        "lowest_temperature": st.floats(0, 1),
        "sample_conversation": st.text("uv"),
        "colang_version": st.just("1.0"),
    },
)
COLANG = st.lists(
    st.sampled_from(
        [
            'define bot hello\n  "HERE one"\n',
            'define bot bye\n  "HERE two"\n  "HERE three"\n',
            "define flow greet\n  bot hello HERE\n",
            "define subflow check it\n  $HERE = True\n",
        ]
    ),
    unique=True,
    min_size=1,
    max_size=3,
)
FOLDERS = st.sampled_from(
    ["", "rails", "rails/deep", "kb", "kb_topics", "tests", ".hidden", "actions", "a.b"]
)
NAMES = st.sampled_from(["config", "a", "z", "kb", "prompts", "Z"])
FILES = st.one_of(
    st.tuples(FOLDERS, NAMES, st.sampled_from([".yml", ".yaml", ".YML"]), YAML),
    st.tuples(FOLDERS, NAMES, st.sampled_from([".co", ".CO", ".txt"]), COLANG),
)
IGNORE = st.lists(
    st.sampled_from(["z.*", "*.yaml", "# no", "", "prompts*", "rails/a.yml", " Z.yml "]), max_size=2
)


def write_tree(root: Path, files: list[tuple[str, str, str, Any]], ignore: list[str]) -> None:
    for folder, name, ending, content in files:
        path = root / folder / f"{name}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.write_text(yaml.safe_dump(content or {"models": []}, allow_unicode=True), encoding="utf-8")
        else:
            label = "".join(part for part in str(path.relative_to(root)) if part.isalnum())
            path.write_text("\n".join(content).replace("HERE", label), encoding="utf-8")
    (root / ".railsignore").write_text("\n".join(ignore), encoding="utf-8")


@pytest.fixture(scope="module")
def sorted_walk() -> Iterator[None]:
    """NeMo takes files in directory order, which is nobody's promise: sorted here, as guardlint sorts."""
    from nemoguardrails.rails.llm import config

    class SortedOs:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        @staticmethod
        def walk(top: str, **options: Any) -> Iterator[tuple[str, list[str], list[str]]]:
            for folder, folders, files in os.walk(top, **options):
                folders.sort()
                yield folder, folders, sorted(files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "os", SortedOs())
        yield


def nemo_view(root: Path) -> dict[str, Any]:
    from nemoguardrails import RailsConfig

    config = RailsConfig.from_path(str(root))
    first: dict[str, str] = {}
    for flow in config.flows:
        first.setdefault(flow["id"], flow["source_code"])
    return {
        "models": [(model.type, model.model) for model in config.models],
        "input": config.rails.input.flows,
        "output": config.rails.output.flows,
        "prompts": [(prompt.task, prompt.content) for prompt in config.prompts or []],
        "custom_data": config.custom_data,
        "passthrough": config.passthrough,
        "temperature": config.lowest_temperature,
        "bot_messages": config.bot_messages,
        "flows": first,
    }


def our_view(configuration: Configuration) -> dict[str, Any]:
    messages = {
        name: [text.strip() for text in texts]
        for name, texts in (configuration.value(("bot_messages",)) or {}).items()
    }
    for name, message in configuration.messages.items():
        messages[name] = list(message.texts)
    return {
        "models": [(model["type"], model["model"]) for model in configuration.models],
        "input": [rail.text for rail in configuration.rails("input")],
        "output": [rail.text for rail in configuration.rails("output")],
        "prompts": [(prompt.task, prompt.templates[0][0]) for prompt in configuration.prompts],
        "custom_data": configuration.value(("custom_data",), {}),
        "passthrough": configuration.effective(("passthrough",)),
        "temperature": configuration.effective(("lowest_temperature",)),
        "bot_messages": messages,
        "flows": {
            name: "\n".join(statement.text for statement in flow.statements)
            for name, flow in configuration.flows.items()
        },
    }


@settings(max_examples=120, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=5), IGNORE)
def test_a_tree_is_joined_as_nemo_joins_it(
    sorted_walk: None, files: list[tuple[str, str, str, Any]], ignore: list[str]
) -> None:
    """Rails, models, prompts, messages, own data, and which definition of a flow wins."""
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), files, ignore)
        configuration = read_configuration(Path(folder))
        assert () == configuration.problems
        assert nemo_view(Path(folder)) == our_view(configuration)


@settings(max_examples=60, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=5), IGNORE)
def test_every_value_stands_where_its_place_says(
    files: list[tuple[str, str, str, Any]], ignore: list[str]
) -> None:
    """The line of each joined rail, model and prompt, in the file that it came from, shows it."""
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), files, ignore)
        configuration = read_configuration(Path(folder))
        wanted = [(rail.place, rail.text) for rail in configuration.all_rails()]
        wanted += [(prompt.place, prompt.task) for prompt in configuration.prompts]
        wanted += [
            (configuration.place(("models", index, "type")), model["type"])
            for index, model in enumerate(configuration.models)
        ]
        for place, text in wanted:
            line = Path(place.file).read_text(encoding="utf-8").split("\n")[place.line - 1]
            assert text == line[place.column - 1 : place.end_column - 1]


def test_the_default_order_of_folders_is_nemos_own(tmp_path: Path) -> None:
    """Without any help: a sub folder's section beats its parent's, bot messages go the other way."""
    for depth, folder in enumerate(["", "a", "a/b"]):
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        (where / "config.yml").write_text(
            f"lowest_temperature: 0.{depth}\nrails:\n  input: {{flows: ['{RAILS[depth]}']}}\n"
        )
        (where / "x.co").write_text(
            f'define bot hello\n  "{depth}"\n\ndefine flow greet\n  bot hello {depth}\n'
        )
    found, expected = our_view(read_configuration(tmp_path)), nemo_view(tmp_path)
    assert expected == found
    assert ([RAILS[2]], ["0"], 0.2) == (found["input"], found["bot_messages"]["hello"], found["temperature"])


@pytest.mark.parametrize(
    ("ignore", "hidden"),
    [
        (None, set()),
        ("", set()),
        ("# z.yml\n", set()),
        ("z.yml\n", {"z.yml", "rails/z.yml"}),
        ("rails/z.yml\n", set()),
        ("rails\n", set()),
        ("*.yml\n", {"config.yml", "z.yml", "rails/z.yml"}),
        ("  z.*  \r\n", {"z.yml", "rails/z.yml"}),
        (" # z.yml\n", set()),
        ("[z]*.yml", {"z.yml", "rails/z.yml"}),
    ],
)
def test_railsignore_hides_what_nemo_skips(tmp_path: Path, ignore: str | None, hidden: set[str]) -> None:
    """Patterns match bare names, whatever folder they are in."""
    from nemoguardrails import RailsConfig

    files = ["config.yml", "z.yml", "rails/z.yml"]
    root = tmp_path / "team"
    for number, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"models: [{{type: m{number}, engine: openai, model: x}}]\n")
    if ignore is not None:
        (root / ".railsignore").write_bytes(ignore.encode())
    types = {model.type for model in RailsConfig.from_path(str(root)).models}
    configuration = read_configuration(root)
    assert types == configuration.model_types()
    assert hidden == {file.relative for file in configuration.files if file.kind == "ignored"}


def test_a_railsignore_above_the_configuration_counts(tmp_path: Path) -> None:
    """NeMo looks upwards for it."""
    from nemoguardrails import RailsConfig

    root = tmp_path / "team"
    root.mkdir()
    (tmp_path / ".railsignore").write_text("z.yml\n")
    (root / "config.yml").write_text("models: []\n")
    (root / "z.yml").write_text("passthrough: true\n")
    assert RailsConfig.from_path(str(root)).passthrough is None
    assert read_configuration(root).effective(("passthrough",)) is None


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    """As NeMo does; of a link that leads back into the tree, NeMo reads the files again and again."""
    shared, root = tmp_path / "shared", tmp_path / "team"
    shared.mkdir()
    root.mkdir()
    (shared / "rails.yml").write_text("rails: {input: {flows: [regex check input]}}\n")
    (tmp_path / "models.yml").write_text("models: [{type: main, engine: openai, model: x}]\n")
    (root / "link").symlink_to(shared, target_is_directory=True)
    (root / "models.yml").symlink_to(tmp_path / "models.yml")
    assert nemo_view(root) == our_view(read_configuration(root))
    (root / "again").symlink_to(root, target_is_directory=True)
    configuration = read_configuration(root)
    assert 2 == len(configuration.yaml_files)


def test_reading_does_not_change_what_was_parsed(tmp_path: Path) -> None:
    """Own data that NeMo gathers in custom_data stay where they stand in the file's own data."""
    (tmp_path / "config.yml").write_text("models: []\ncustom_data: {a: 1}\nextra: 2\n")
    configuration = read_configuration(tmp_path)
    assert {"a": 1, "extra": 2} == configuration.value(("custom_data",))
    assert {"a": 1} == configuration.yaml_files[0].data["custom_data"]
    assert 3 == configuration.place(("custom_data", "extra")).line
