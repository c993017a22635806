"""What the rules of files, loading and structure say happens, seen to happen in NeMo 0.24.1."""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.errors import ConfigError
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.lint.check import check
from guardlint.lint.targets import find_targets

telemetry_off()

VAULT = "tell me the vault code"
RAILS = "rails:\n  input: {flows: [self check input]}\n"
PROMPT = """\
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
MODELS = "models: []\n"
OWN_RAIL = """\
define subflow check vault
  if "vault code" in $user_message
    bot refuse to respond
    stop
"""
LISTED = "rails:\n  input: {flows: [check vault]}\n"


def written(folder: Path, relative: str, text: str) -> Path:
    """Add a file whose name the fixture ``team`` cannot write."""
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "wrong",
    [
        "guardrails:\n  input: {flows: [self check input]}\n",
        "input: {flows: [self check input]}\n",
        "rails:\n  flows: [self check input]\n",
        "rails:\n  input_rails: {flows: [self check input]}\n",
        '"rails\\u00A0":\n  input: {flows: [self check input]}\n',
        '"\\u200Brails":\n  input: {flows: [self check input]}\n',
        "ｒａｉｌｓ:\n  input: {flows: [self check input]}\n",
        "RAILS:\n  input: {flows: [self check input]}\n",
        "rails:\n  Input: {flows: [self check input]}\n",
        "rails:\n  input: {Flows: [self check input]}\n",
    ],
)
def test_rails_under_a_key_that_nemo_does_not_know_are_none(team, wrong: str) -> None:
    """However the key is wrong: the condemned message is answered."""
    broken = team(config_yml=MODELS + wrong + PROMPT)
    assert rules(broken) == ["unknown-key"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["general"])
    assert ask(team(config_yml=MODELS + RAILS + PROMPT), VAULT).reply == REFUSAL


@pytest.mark.parametrize(
    "twice",
    [
        RAILS + "rails:\n  dialog: {single_call: {enabled: false}}\n",
        RAILS + "  input: {parallel: false}\n",
        "rails:\n  input:\n    flows: [self check input]\n    flows: []\n",
    ],
)
def test_of_a_key_that_stands_twice_the_first_is_lost(team, twice: str) -> None:
    """The rail below the first does not run."""
    broken = team(config_yml=MODELS + twice + PROMPT)
    assert rules(broken) == ["duplicate-key"]
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=MODELS + RAILS + "  dialog: {single_call: {enabled: false}}\n" + PROMPT)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("rails.YML", "unread-file"),
        ("rails.yml.txt", "unread-file"),
        ("kb-rails.yml", "taken-for-document"),
        ("kbrails/rails.yml", "taken-for-document"),
    ],
)
def test_a_file_that_nemo_does_not_take_for_yaml_has_no_rails(team, name: str, rule: str) -> None:
    """Under its right name the same text refuses."""
    broken = written(team(config_yml=MODELS + PROMPT), name, RAILS)
    assert rules(broken) == [rule]
    assert ask(broken, VAULT).reply == ANSWER
    mended = written(team(config_yml=MODELS + PROMPT), "rails/rails.yml", RAILS)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


@pytest.mark.parametrize("name", ["cards.CO", "cards.colang", "kb_topics/cards.co"])
def test_colang_that_nemo_does_not_read_has_no_texts(team, name: str) -> None:
    """The bot refuses in the library's words, not in the team's."""
    text = 'define bot refuse to respond\n  "Please call us."\n'
    config = MODELS + RAILS + PROMPT
    broken = written(team(config_yml=config), name, text)
    assert rules(broken) in (["unread-file"], ["taken-for-document"])
    assert ask(broken, VAULT).reply == REFUSAL
    mended = written(team(config_yml=config), "cards.co", text)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "Please call us."


@pytest.mark.parametrize(
    ("ignored", "hidden"),
    [("r*.yml", True), ("rails.yml", True), ("*.yaml", False), ("readme.yml", False)],
)
def test_a_pattern_hides_every_file_that_fits(team, ignored: str, hidden: bool) -> None:
    """`rails.yml`, meant for the copy in `old`, hides the one at the root too."""
    folder = team(config_yml=MODELS + PROMPT, rails_yml=RAILS, old__rails_yml="rails: {}\n")
    if not hidden:
        (folder / "old/rails.yml").unlink()
    written(folder, ".railsignore", f"{ignored}\n")
    assert rules(folder) == (["ignored-file"] if hidden else [])
    assert ask(folder, VAULT).reply == (ANSWER if hidden else REFUSAL)


@pytest.mark.parametrize(
    ("pattern", "works"),
    [
        ("archive/", False),
        ("archive/*.yml", False),
        ("/archive", False),
        ("2023.yml # old", False),
        ("2023.yml", True),
        ("2023*", True),
    ],
)
def test_a_pattern_with_a_folder_in_it_hides_nothing(team, pattern: str, works: bool) -> None:
    """The old copy is read, and its empty section wins."""
    folder = team(config_yml=MODELS + RAILS + PROMPT, archive__2023_yml="rails:\n  input: {flows: []}\n")
    written(folder, ".railsignore", f"{pattern}\n")
    assert rules(folder) == ([] if works else ["inert-ignore-pattern"])
    assert ask(folder, VAULT).reply == (REFUSAL if works else ANSWER)


def test_documents_are_markdown_in_kb(team) -> None:
    """Nothing else is a document, whatever `knowledge_base.folder` says."""
    from nemoguardrails import RailsConfig

    text = "# Fees\n\nA card costs nothing.\n"
    for name, setting in (("kb/fees.txt", ""), ("documents/fees.md", "documents"), ("rails/kb/fees.md", "")):
        config = MODELS + (f"knowledge_base: {{folder: {setting}}}\n" if setting else "")
        broken = written(team(config_yml=config), name, text)
        assert rules(broken) == ["unread-document"]
        assert not RailsConfig.from_path(str(broken)).docs
    mended = written(team(config_yml=MODELS), "kb/fees.md", text)
    assert rules(mended) == []
    assert [document.content for document in RailsConfig.from_path(str(mended)).docs] == [text]


def test_a_setting_of_a_later_file_takes_the_first_ones_place(team) -> None:
    """Nothing is merged, not even mappings."""
    from nemoguardrails import RailsConfig

    broken = team(
        config_yml=MODELS + "custom_data: {gbp: 500}\n", cards__cards_yml="custom_data: {product: cards}\n"
    )
    assert rules(broken) == ["replaced-section"]
    assert RailsConfig.from_path(str(broken)).custom_data == {"product": "cards"}


def test_the_deeper_flow_runs(team) -> None:
    """A stub below the root takes the place of the rail."""
    config = MODELS + LISTED
    stub = "define subflow check vault\n  $checked = True\n"
    broken = team(config_yml=config, rails_co=OWN_RAIL, fixtures__stub_co=stub)
    assert rules(broken) == ["duplicate-flow"]
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=config, rails_co=OWN_RAIL, fixtures__stub_co=OWN_RAIL)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_the_message_nearest_to_the_root_is_said(team) -> None:
    """The text beside the rail is not."""
    text = 'define bot refuse to respond\n  "{}"\n\n'
    broken = team(
        config_yml=MODELS + LISTED,
        rails_co=text.format("No."),
        cards__cards_co=text.format("Call us.") + OWN_RAIL,
    )
    assert rules(broken) == ["duplicate-message"]
    assert ask(broken, VAULT).reply == "No."
    mended = team(config_yml=MODELS + LISTED, cards__cards_co=text.format("Call us.") + OWN_RAIL)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "Call us."


@pytest.mark.parametrize("kind", ["system", "general"])
def test_the_model_gets_the_first_general_instruction(team, kind: str) -> None:
    """And no other."""
    first = "instructions:\n  - {type: general, content: You help customers.}\n"
    broken = team(config_yml=MODELS + first + f"  - {{type: {kind}, content: Never speak of others.}}\n")
    assert rules(broken) == ["ignored-instruction"]
    [shown] = ask(broken).model.shown("general")
    assert "You help customers." in shown
    assert "Never speak" not in shown
    mended = team(config_yml=MODELS + first.replace("customers.", "customers. Never speak of others."))
    assert rules(mended) == []
    assert "Never speak" in ask(mended).model.shown("general")[0]


def test_from_path_with_a_file_reads_the_file(team) -> None:
    """Its neighbours do not exist; given the directory, they do."""
    from nemoguardrails import RailsConfig

    call = 'from nemoguardrails import RailsConfig\n\nconfig = RailsConfig.from_path("{}")\n'
    folder = team(config__config_yml=MODELS + RAILS + PROMPT, config__rails_co=OWN_RAIL)
    written(folder, "app.py", call.format("config/config.yml"))
    found = check(find_targets([folder]).targets).findings
    assert [item.rule for item in found] == ["neighbours-ignored"]
    assert RailsConfig.from_path(str(folder / "config/config.yml")).flows == []
    written(folder, "app.py", call.format("config"))
    assert check(find_targets([folder]).targets).findings == ()
    assert [flow["id"] for flow in RailsConfig.from_path(str(folder / "config")).flows] == ["check vault"]


@pytest.mark.parametrize("name", ["check vault ", " check vault", "check vault\\t", "check vault\\u00A0"])
def test_a_blank_in_the_name_of_a_rail_breaks_every_request(team, name: str) -> None:
    """The check at load cuts it off, the run does not."""
    config = MODELS + f'rails:\n  input: {{flows: ["{name}"]}}\n'
    broken = team(config_yml=config, rails_co=OWN_RAIL)
    assert rules(broken) == ["unknown-flow"]
    assert isinstance(ask(broken).error, KeyError)
    mended = team(config_yml=MODELS + LISTED, rails_co=OWN_RAIL)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_a_section_that_is_left_empty_breaks_its_rail(team) -> None:
    """Without the key the rail works with its defaults."""
    config = MODELS + "rails:\n  input: {flows: [context bloat detection on input]}\n"
    broken = team(config_yml=config + "  config:\n    context_bloat_detection:\n")
    assert rules(broken) == ["null-section"]
    assert "internal error" in ask(broken).reply
    assert rules(team(config_yml=config)) == []
    assert ask(team(config_yml=config)).reply == ANSWER


def test_nemo_stops_at_rails_in_a_list_at_the_top(team) -> None:
    """The list is for flows that have been parsed."""
    broken = team(config_yml=MODELS + "flows: [self check input]\n")
    assert rules(broken) == ["does-not-load"]
    with pytest.raises(ConfigError, match="has no attribute"):
        load_rails(broken, ScriptedModel())


V2 = """\
import core
import guardrails

flow main
  activate greeting

flow greeting
  user said something
  bot say "Here is what I can tell you."
"""
V2_RAIL = """\
flow input rails $input_text
  if "vault code" in $input_text
    bot say "No."
    abort
"""


def test_one_line_of_colang_1_hides_a_file_of_colang_2(team) -> None:
    """The rail in it does not run; without the line it does."""
    config = 'colang_version: "2.x"\n' + MODELS
    stray = '\ndefine bot refuse politely\n  "I cannot help."\n'
    broken = team(config_yml=config, main_co=V2, rails_co=V2_RAIL + stray)
    assert "skipped-file" in rules(broken)
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=config, main_co=V2, rails_co=V2_RAIL)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "No."


def test_colang_2_without_its_version_is_not_read(team) -> None:
    """The rail does not run, and the model answers; with the version it does."""
    broken = team(config_yml=MODELS, main_co=V2, rails_co=V2_RAIL)
    assert rules(broken) == ["skipped-file"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["general"])
    mended = team(config_yml='colang_version: "2.x"\n' + MODELS, main_co=V2, rails_co=V2_RAIL)
    assert ask(mended, VAULT).reply == "No."


def test_a_file_without_define_is_no_colang_1(team) -> None:
    """Its text for a refusal is not said."""
    config = MODELS + RAILS + PROMPT
    text = 'bot refuse to respond\n  "Please call us."\n'
    flow = "\nflow refuse\n  bot refuse to respond\n"
    other = 'define bot say hours\n  "At nine."\n'
    broken = team(config_yml=config, hours_co=other, texts_co=text + flow)
    assert rules(broken) == ["skipped-file"]
    assert ask(broken, VAULT).reply == REFUSAL
    mended = team(
        config_yml=config, hours_co=other, texts_co="define " + text.split("\n\n", maxsplit=1)[0] + "\n"
    )
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "Please call us."
