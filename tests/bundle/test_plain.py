"""One merged configuration: NeMo loads it, runs the company's rails, and nothing is promised of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from guardlint.bundle.plain import NOTICE, Plain, plain_configuration
from guardlint.errors import BundleError
from guardlint.policy.central import Central
from guardlint.resources import examples_dir


@pytest.fixture(scope="module")
def central() -> Central:
    return Central.open(examples_dir() / "central")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return Path(shutil.copytree(examples_dir() / "claims-and-cards" / "mended", tmp_path / "guardrails"))


def plain(team: Path, central: Central) -> Plain:
    return plain_configuration(team, central.policy("harbour-bank"), central)


def config(merged: Plain) -> dict:
    return yaml.safe_load(merged.files["config.yml"])


def written(merged: Plain, folder: Path) -> Path:
    for name, data in merged.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_nemo_loads_it_with_the_companys_rails(team: Path, central: Central, tmp_path: Path) -> None:
    """Masked first, then the company's, then the team's; on output the company's last."""
    rails = pytest.importorskip("nemoguardrails")
    loaded = rails.RailsConfig.from_path(str(written(plain(team, central), tmp_path / "merged")))
    assert [
        "block card credentials",
        "mask sensitive data on input",
        "regex check input",
        "self check input",
    ] == (loaded.rails.input.flows)
    assert "self check output" == loaded.rails.output.flows[-1]
    patterns = loaded.rails.config.regex_detection.input.patterns
    assert any("ignore" in pattern for pattern in patterns)
    assert any("quick" in pattern for pattern in patterns)
    asked = {prompt.task: [part.content for part in prompt.messages or ()] for prompt in loaded.prompts}
    for prompt in central.rail("self-check@1").prompts:
        assert asked[prompt.task] == [part["content"] for part in prompt.nemo["messages"]]
    assert {"main", "self_check_input", "self_check_output"} == {model.type for model in loaded.models}


def test_it_says_what_it_is_worth(team: Path, central: Central) -> None:
    """At the top of the file, and what of the company's or the team's is not in it."""
    merged = plain(team, central)
    assert NOTICE in merged.files["config.yml"].decode().splitlines()[1]
    assert ("mask-personal-data@1 (input)", "mask-personal-data@1 (output)") == merged.left_out
    assert (
        "the team's prompt for self_check_input",
        "the team's prompt for self_check_output",
    ) == merged.displaced


def test_the_companys_value_counts(team: Path, central: Central) -> None:
    """Where both write one setting; lists are joined, the company's first."""
    file = team / "config.yml"
    file.write_text(file.read_text().replace("case_insensitive: true", "case_insensitive: false"))
    merged = plain(team, central)
    assert "the team's rails.config.regex_detection.input.case_insensitive" in merged.displaced
    section = config(merged)["rails"]["config"]["regex_detection"]
    assert (True, False) == (section["input"]["case_insensitive"], section["output"]["case_insensitive"])
    assert "quick" in section["input"]["patterns"][-1]


def test_a_model_of_the_same_type_is_the_companys(team: Path, central: Central) -> None:
    """But main stays the application's own."""
    file = team / "config.yml"
    own = "models:\n  - {type: self_check_input, engine: openai, model: lenient}\n"
    file.write_text(
        file.read_text().replace("models:\n", own, 1).replace("model: gpt-4o-mini", "model: ours")
    )
    merged = plain(team, central)
    models = {model["type"]: model["model"] for model in config(merged)["models"]}
    assert {"main": "ours", "self_check_input": "gpt-4o-mini", "self_check_output": "gpt-4o-mini"} == models
    assert "the team's model of type self_check_input" in merged.displaced


def test_what_nemo_ignores_stays_out(team: Path, central: Central) -> None:
    """With the patterns that ignored it: they could hide the merged file."""
    (team / ".railsignore").write_text("config.yml\ndraft.co\n")
    shutil.move(team / "config.yml", team / "settings.yml")
    (team / "draft.co").write_text("define flow draft\n  bot say draft\n")
    merged = plain(team, central)
    assert b"" == merged.files[".railsignore"]
    assert not {"draft.co", "settings.yml", "prompts.yml"} & set(merged.files)
    assert "block card credentials" in config(merged)["rails"]["input"]["flows"]


def test_one_configuration_is_of_one_language(team: Path, central: Central) -> None:
    """The company's rails are flows of Colang 1.0."""
    for path in team.rglob("*.co"):
        path.unlink()
    (team / "config.yml").write_text('colang_version: "2.x"\n')
    with pytest.raises(BundleError, match=r"Colang 1\.0"):
        plain(team, central)


def test_nothing_comes_from_outside(team: Path, central: Central) -> None:
    """As in a bundle."""
    file = team / "config.yml"
    file.write_text(file.read_text() + "\nimport_paths:\n  - ../shared\n")
    with pytest.raises(BundleError, match="import_paths"):
        plain(team, central)
