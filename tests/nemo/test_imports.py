"""``import_paths``, ``import`` and COLANGPATH: what they bring, as NeMo has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.harness.facts import Facts, differences, guardlint_facts
from guardlint.harness.oracle import nemo_facts
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.imports import Search, likely_search
from guardlint.nemo.loading import refusals

BOT = 'define bot hello\n  "{}"\n'
FLOW = "define flow greet\n  user express greeting\n  bot mark_{}\n"


@pytest.fixture(autouse=True)
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ``app`` in which the application runs; its configuration lies in ``app/team``."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    return tmp_path / "app"


def read(files: dict[str, str], **search: tuple[Path, ...]) -> Configuration:
    """Write the files, as named from the application's folder, and read ``team``."""
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    given = Search((Path.cwd(),), **search)
    return read_configuration(Path.cwd() / "team", search=given)


def agree(configuration: Configuration) -> Facts:
    """NeMo's facts, which must be guardlint's."""
    nemo = nemo_facts(configuration.root)
    assert [] == differences(nemo, guardlint_facts(configuration))
    return nemo


def test_an_imported_section_takes_the_place_of_the_teams_own() -> None:
    """What is imported is joined last: its ``rails`` replace the team's, its lists are added."""
    found = read(
        {
            "team/config.yml": "import_paths: [shared]\nrails: {input: {flows: [self check input]}}\n",
            "shared/base.yml": "rails: {output: {flows: []}}\nmodels: [{type: own, engine: nim, model: x}]\n",
        }
    )
    facts = agree(found)
    assert ("depends", []) == (facts.loads, facts.rails["input"])
    assert [("own", "nim", "x")] == list(facts.models)
    assert ["rails"] == [item.key for item in found.joined.replaced]
    assert "shared/base.yml" == found.place(("rails",)).file


def test_flows_of_an_import_win_and_its_messages_lose() -> None:
    found = read(
        {
            "team/config.yml": "import_paths: [shared]\n",
            "team/a.co": FLOW.format("team") + "\n" + BOT.format("team"),
            "shared/a.co": FLOW.format("shared") + "\n" + BOT.format("shared"),
        }
    )
    facts = agree(found)
    assert {"greet": "mark_shared"} == facts.flows
    assert ["team"] == facts.bot_messages["hello"]


def test_an_import_may_import_and_brings_code_and_documents() -> None:
    action = "from nemoguardrails.actions import action\n\n@action()\ndef own():\n    return 1\n"
    found = read(
        {
            "team/config.yml": "import_paths: [shared]\n",
            "shared/more.yml": "import_paths: [deeper, shared]\n",
            "shared/actions.py": action,
            "shared/config.py": "import json\n",
            "shared/kb/a.md": "shared\n",
            "deeper/x.yml": "lowest_temperature: 0.5\n",
        }
    )
    facts = agree(found)
    assert (0.5, ["own"], ("shared\n",)) == (
        facts.settings["lowest_temperature"],
        list(facts.actions),
        facts.documents,
    )
    assert ["shared", "deeper"] == [item.name for item in found.imported]


def test_a_lone_file_brings_colang_only() -> None:
    """NeMo reads nothing of a YAML file that is imported by its name."""
    found = read(
        {
            "team/config.yml": "import_paths: [shared/a.co, shared/b.yml]\n",
            "shared/a.co": BOT.format("shared"),
            "shared/b.yml": "lowest_temperature: 0.5\n",
        }
    )
    facts = agree(found)
    assert ["shared"] == facts.bot_messages["hello"]
    assert 0.001 == facts.settings["lowest_temperature"]


def test_colang_2_imports_by_a_statement() -> None:
    found = read(
        {
            "team/config.yml": "colang_version: 2.x\n",
            "team/main.co": "import core\nimport shared.checks\n\nflow main\n  own check\n",
            "shared/checks/a.co": 'flow own check\n  log "mark_shared"\n',
            "shared/checks/b.yml": "lowest_temperature: 0.5\n",
        }
    )
    facts = agree(found)
    assert "mark_shared" == facts.flows["own check"]
    assert 0.5 == facts.settings["lowest_temperature"]
    assert found.flow_exists("own check")


def test_a_rail_of_an_import_exists() -> None:
    rail = "define subflow check limits\n  bot refuse to respond\n  stop\n"
    found = read(
        {
            "team/config.yml": "import_paths: [shared]\nrails: {input: {flows: [check limits]}}\n",
            "shared/a.co": rail,
        }
    )
    assert "depends" == agree(found).loads
    assert () == found.foreign_imports
    message = [item.message for item in refusals(found)]
    assert ["`shared` must be found where the application runs (here it is shared)"] == message


def test_colangpath_is_tried_after_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There ``.co`` may be left out; in the working directory it may not."""
    from nemoguardrails.rails.llm import config

    monkeypatch.setattr(config, "colang_path_dirs", [str(tmp_path / "lib"), *config.colang_path_dirs])
    (tmp_path / "lib/shared").mkdir(parents=True)
    (tmp_path / "lib/greeting.co").write_text(BOT.format("lib"))
    (tmp_path / "lib/shared/a.co").write_text('define bot bye\n  "lib"\n')
    found = read(
        {
            "team/config.yml": "import_paths: [greeting, shared]\n",
            "greeting.co": BOT.format("here"),
            "shared/a.co": 'define bot bye\n  "here"\n',
        },
        colang_path=(tmp_path / "lib",),
    )
    facts = agree(found)
    assert (["lib"], ["here"]) == (facts.bot_messages["hello"], facts.bot_messages["bye"])


def test_an_import_that_is_nowhere_depends_on_the_machine() -> None:
    found = read({"team/config.yml": "import_paths: [not/there]\n"})
    assert "depends" == agree(found).loads
    assert ("not/there",) == found.foreign_imports


def test_the_application_is_thought_to_run_at_the_top_of_its_repository(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/services/a/config").mkdir(parents=True)
    found = likely_search(tmp_path / "repo/services/a/config", "lib:/opt/lib")
    names = [folder.relative_to(tmp_path).as_posix() for folder in found.working]
    assert ["repo", "repo/services", "repo/services/a", "repo/services/a/config"] == names
    assert (Path("lib"), Path("/opt/lib")) == found.colang_path
    outside = likely_search(tmp_path / "lone", "")
    assert (tmp_path, tmp_path / "lone") == outside.working


def test_colangpath_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/greeting.co").write_text(BOT.format("lib"))
    (tmp_path / "app/team").mkdir()
    (tmp_path / "app/team/config.yml").write_text("import_paths: [greeting]\n")
    monkeypatch.setenv("COLANGPATH", str(tmp_path / "lib"))
    assert ("lib",) == read_configuration(tmp_path / "app/team").messages["hello"].texts


def test_the_files_of_an_import_are_joined_with_one_another_first() -> None:
    """What NeMo does not know is kept where ``custom_data`` stands before it in the import itself."""
    lost = read(
        {
            "team/config.yml": "import_paths: [shared]\ncustom_data: {a: 1}\n",
            "shared/b.yml": "limit: 3\n",
        }
    )
    assert {"a": 1} == agree(lost).custom_data
    assert ["limit"] == [key for _, key in lost.joined.dropped]
    kept = read({"team/config.yml": "import_paths: [shared]\n", "shared/a.yml": "custom_data: {b: 2}\n"})
    assert {"b": 2, "limit": 3} == agree(kept).custom_data
    assert "shared/b.yml" == kept.place(("custom_data", "limit")).file


def test_a_library_import_beside_an_empty_address() -> None:
    found = read({"team/a.yml": "import_paths: [core]\nactions_server_url: ''\n"})
    assert agree(found).settings["actions_server_url"] is None
    found = read({"team/a.yml": "import_paths: [team]\nactions_server_url: ''\n"})
    assert "" == agree(found).settings["actions_server_url"]
