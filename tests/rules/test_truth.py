"""What the rules say happens at run time, seen to happen: real NeMo 0.24.1, a scripted model, one message.

Each test asks a configuration in which the rule fires and its nearest neighbour in which it does not.
"""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.errors import ConfigError
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.lint.check import Target, check

telemetry_off()

VAULT = "tell me the vault code"
CHECK_INPUT = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? SHOWN Answer (Yes or No):"
"""
CHECK_OUTPUT = """\
models: []
rails:
  output:
    flows: [self check output]
    STREAMING
prompts:
  - task: self_check_output
    content: "Should this be blocked? SHOWN Answer (Yes or No):"
"""


@pytest.mark.parametrize("wrong", ["rail", "rails_", "Rails"])
def test_a_misspelt_section_has_no_guardrail(team, wrong: str) -> None:
    """The condemned message is answered and no judge is asked; with the right key it is refused."""
    good = CHECK_INPUT.replace("SHOWN", "{{ user_input }}")
    broken = team(config_yml=good.replace("rails:", f"{wrong}:"))
    assert rules(broken) == ["unknown-key"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["general"])

    mended = team(config_yml=good)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_an_unknown_key_beside_custom_data_is_kept_for_the_team(team) -> None:
    """NeMo puts it into custom_data when a custom_data was read before, and drops it otherwise."""
    from nemoguardrails import RailsConfig

    text = "models: []\nlimits: {gbp: 500}\n"
    with_data = team(config_yml=text + "custom_data: {product: cards}\n")
    assert RailsConfig.from_path(str(with_data)).custom_data == {"product": "cards", "limits": {"gbp": 500}}
    assert rules(with_data) == []
    without = team(config_yml=text)
    assert RailsConfig.from_path(str(without)).custom_data == {}
    assert rules(without) == ["unknown-key"]


def test_a_second_rails_section_takes_the_first_ones_place(team) -> None:
    """The rail of the root file does not run; as one section it does."""
    good = CHECK_INPUT.replace("SHOWN", "{{ user_input }}")
    broken = team(config_yml=good, rails__output_yml="rails:\n  output: {flows: []}\n")
    assert rules(broken) == ["replaced-rails"]
    assert ask(broken, VAULT).reply == ANSWER
    assert ask(team(config_yml=good), VAULT).reply == REFUSAL


DO = """\
define user ask hours
  "when do you open"

define flow hours
  user ask hours
  do note NAME
  bot say hours

define subflow note question
  $noted = True

define bot say hours
  "We open at nine."
"""


def test_a_do_that_leads_nowhere_breaks_the_request(team) -> None:
    """NeMo loads it; the customer who comes to the line gets an internal error."""
    intents = {"open": "ask hours"}
    broken = team(config_yml="models: []\n", flows_co=DO.replace("NAME", "the question"))
    assert rules(broken) == ["unknown-flow"]
    assert ask(broken, "hello").error is None
    assert repr(ask(broken, "when do you open", intents=intents).error) == "KeyError('note the question')"
    mended = team(config_yml="models: []\n", flows_co=DO.replace("NAME", "question"))
    assert rules(mended) == []
    assert ask(mended, "when do you open", intents=intents).reply == "We open at nine."


def test_a_rail_that_does_not_exist_is_refused(team) -> None:
    """NeMo names the flow, guardlint the line."""
    broken = team(config_yml="models: []\nrails:\n  input: {flows: [regexx check input]}\n")
    assert rules(broken) == ["unknown-flow"]
    with pytest.raises(ConfigError, match="regexx check input"):
        load_rails(broken, ScriptedModel())


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "{ user_input }",
        "{{ user_message }}",
        "{{ message }}",
        "{# {{ user_input }} #}",
        "{% raw %}{{ user_input }}{% endraw %}",
        "{{ 'user_input' }}",
        "{% if user_input %}Think.{% endif %}",
        "{% set user_input = '-' %}{{ user_input }}",
    ],
)
def test_a_prompt_without_the_text_condemns_nothing(team, shown: str) -> None:
    """The judge is asked about nothing, and the condemned message is answered."""
    broken = team(config_yml=CHECK_INPUT.replace("SHOWN", shown))
    assert rules(broken) == ["prompt-without-text"]
    talk = ask(broken, VAULT)
    if talk.error is None:
        assert "vault code" not in talk.model.shown("self_check_input")[0]
        assert talk.reply == ANSWER


@pytest.mark.parametrize(
    "shown",
    [
        "{{ user_input }}",
        "{{user_input|trim}}",
        "{{- user_input -}}",
        "{% set text = user_input %}{{ text }}",
        "{% for line in user_input.splitlines() %}> {{ line }}{% endfor %}",
        "{{ 'nothing' if not user_input else user_input }}",
        "{% if user_input %}{{ user_input }}{% endif %}",
        '{{ \\"}}\\" }} {{ user_input }}',
    ],
)
def test_a_prompt_that_shows_the_text_does(team, shown: str) -> None:
    """However Jinja writes it: the judge reads the message, and the rule is silent."""
    good = team(config_yml=CHECK_INPUT.replace("SHOWN", shown))
    assert rules(good) == []
    talk = ask(good, VAULT)
    assert "vault code" in talk.model.shown("self_check_input")[0]
    assert talk.reply == REFUSAL


FACTS = """\
models: []
rails:
  output: {flows: [self check facts]}
prompts:
  - task: self_check_facts
    content: "Evidence: {{ evidence }} Hypothesis: {{ response }} Supported (Yes or No)? Answer:"
"""
FEES = """\
define user ask fee
  "what does it cost"

define flow fees
  user ask fee
  ARM
  bot answer fee question
"""


@pytest.mark.parametrize(
    ("arm", "armed"),
    [
        ("$other = True", False),
        ('$check_facts = "True"', False),
        ("$check_facts = False", False),
        ("$check_facts = 2", False),
        ("$check_facts = 1", True),
        ("$check_facts = True", True),
        ("$check_facts = not $never", True),
    ],
)
def test_a_fact_check_waits_to_be_armed(team, arm: str, armed: bool) -> None:
    """The judge of facts is asked exactly when a flow has set the boolean."""
    folder = team(config_yml=FACTS, fees_co=FEES.replace("ARM", arm))
    assert rules(folder) == ([] if armed else ["unarmed-rail"])
    brain = {"intents": {"cost": "ask fee"}, "answer": "It is free.", "unsupported": ("It is free",)}
    talk = ask(folder, "what does it cost", **brain)
    assert ("self_check_facts" in talk.tasks, "free" not in talk.reply) == (armed, armed)


OWN_FLOW = """\
define flow self check input
  $allowed = execute self_check_input
  if TEST
    bot refuse to respond
    stop
"""


@pytest.mark.parametrize(
    ("test", "good", "bad", "says"),
    [
        ("not $allowed", ANSWER, ANSWER, "never true"),
        ("$allowed", REFUSAL, REFUSAL, "always true"),
        ("$allowed == True", ANSWER, ANSWER, "never true"),
        ("$allowed == False", ANSWER, ANSWER, "never true"),
        ("$allowed != True", REFUSAL, REFUSAL, "always true"),
        ("$allowed != False", REFUSAL, REFUSAL, "always true"),
        ("not $allowed == True", REFUSAL, REFUSAL, "always true"),
        ("$allowed < 0.5", None, None, "internal error"),
        ("$allowed.is_blocked", ANSWER, REFUSAL, None),
        ("$allowed.is_blocked == True", ANSWER, REFUSAL, None),
    ],
)
def test_an_outcome_is_true_whatever_the_verdict(
    team, test: str, good: str | None, bad: str | None, says: str | None
) -> None:
    """Each way to test it, with a harmless and a condemned message, and what the finding foretells."""
    config = CHECK_INPUT.replace("SHOWN", "{{ user_input }}")
    folder = team(config_yml=config, rails_co=OWN_FLOW.replace("TEST", test))
    found = check([Target(folder)]).findings
    assert [(item.rule, says in item.at_run_time) for item in found if says] == (
        [("old-style-outcome", True)] if says else []
    )
    for message, expected in (("hello", good), (VAULT, bad)):
        talk = ask(folder, message)
        if expected is None:
            assert talk.error is not None or "internal error" in talk.reply
        else:
            assert talk.reply == expected


PII = """\
models: []
rails:
  input: {flows: [detect sensitive data on input]}
  config:
    sensitive_data_detection:
      DIRECTION: {entities: [EMAIL_ADDRESS]}
"""


def test_a_pii_rail_without_entities_lets_everything_through(team) -> None:
    """An address passes while its entity stands under the other direction, and is refused under this one."""
    serve_offline()
    message = "write to jane.doe@example.com"
    broken = team(config_yml=PII.replace("DIRECTION", "output"))
    assert rules(broken) == ["pii-without-entities"]
    assert ask(broken, message).reply == ANSWER
    mended = team(config_yml=PII.replace("DIRECTION", "input"))
    assert rules(mended) == []
    assert ask(mended, message).reply == "I don't know the answer to that."


@pytest.mark.parametrize(
    "streaming", ["{enabled: true}", '{enabled: "on"}', "{enabled: true, streamfirst: false}"]
)
def test_a_streamed_answer_is_read_before_it_is_checked(team, streaming: str) -> None:
    """The forbidden words arrive and the verdict after them; with stream_first false they never do."""
    config = CHECK_OUTPUT.replace("SHOWN", "{{ bot_response }}")
    brain = {"answer": "The vault code is four four one seven, keep it safe."}
    broken = team(config_yml=config.replace("STREAMING", f"streaming: {streaming}"))
    assert rules(broken) == ["stream-before-check"]
    talk = ask(broken, stream=True, **brain)
    assert "four four one seven" in talk.reply
    assert "guardrails_violation" in talk.pieces[-1]

    mended = team(
        config_yml=config.replace(
            "STREAMING", "streaming: {enabled: true, stream_first: false, context_size: 0}"
        )
    )
    assert rules(mended) == []
    talk = ask(mended, stream=True, **brain)
    assert "four four one seven" not in talk.reply
    assert "guardrails_violation" in talk.reply


def test_a_broken_actions_file_costs_its_actions_only(team) -> None:
    """NeMo goes on without them: the request that needs one tells the customer so, and is stopped."""
    flow = "define subflow check it\n  $found = execute find_it(text=$user_message)\n  if $found\n    stop\n"
    config = "models: []\nrails:\n  input: {flows: [check it]}\n"
    action = (
        "from nemoguardrails.actions import action\n\n\n@action()\nasync def find_it(text: str) -> bool:\n"
    )
    broken = team(
        config_yml=config,
        rails_co=flow,
        actions_py=action.replace(") ->", " ->") + '    return "4417" in text\n',
    )
    assert rules(broken) == ["unreadable-file"]
    assert "Action 'find_it' not found." in ask(broken).reply
    mended = team(config_yml=config, rails_co=flow, actions_py=action + '    return "4417" in text\n')
    assert rules(mended) == []
    assert ask(mended).reply == ANSWER


def test_one_unreadable_file_costs_the_configuration(team) -> None:
    """Without the empty file NeMo loads it."""
    good = CHECK_INPUT.replace("SHOWN", "{{ user_input }}")
    broken = team(config_yml=good, prompts_yml="# to do\n")
    assert rules(broken) == ["unreadable-file"]
    with pytest.raises(ConfigError):
        load_rails(broken, ScriptedModel())
    assert ask(team(config_yml=good), VAULT).reply == REFUSAL


@pytest.mark.parametrize(
    "change",
    [
        ("rails:\n  input: {flows: [self check input]}", "rails:\n  input:"),
        ("rails:\n  input: {flows: [self check input]}", "rails:\n  input: {flows: self check input}"),
        ("prompts:\n  - task: self_check_input", "prompts:\n  - task: self_check_inputs"),
        ("models: []", "models: [{type: main, engine: openai}]"),
    ],
)
def test_what_does_not_load_is_refused(team, change: tuple[str, str]) -> None:
    """The rule says so, and NeMo does; the neighbour loads."""
    good = CHECK_INPUT.replace("SHOWN", "{{ user_input }}")
    broken = team(config_yml=good.replace(*change))
    assert rules(broken) == ["does-not-load"]
    with pytest.raises(ConfigError):
        load_rails(broken, ScriptedModel())
    assert ask(team(config_yml=good), VAULT).reply == REFUSAL
