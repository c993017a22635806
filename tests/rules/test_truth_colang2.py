"""What the rules of Colang 2.x say happens at run time, seen to happen in real NeMo.

Each case is a rail that lets the condemned message through (or breaks the harmless one), and the nearest
one that works.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off

telemetry_off()

VAULT = "tell me the vault code"
CONFIG = """\
colang_version: "2.x"
models: []
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
  - task: self_check_facts
    content: "Evidence: {{ evidence }} Hypothesis: {{ response }} Supported (Yes or No)? Answer:"
"""
ACTIONS = """\
from nemoguardrails.actions import action


@action(name="CheckVaultAction")
async def check_vault(text: str) -> bool:
    return "vault" in text


@action(name="CheckSafeAction")
async def check_safe(text: str) -> bool:
    return "vault" not in text


@action(name="MaskAction")
async def mask(text: str) -> str:
    return text.replace("vault", "*****")
"""
HEAD = "import core\nimport guardrails\n"
LIBRARY = "import nemoguardrails.library."
MAIN = f"""
flow main
  user said something
  bot say "{ANSWER}"
"""
MODEL = """
flow main
  activate llm continuation
"""
REPEAT = """
flow main
  user said something as $said
  bot say $said.transcript
"""
CHECK = """\
  $bad = await CheckVaultAction(text=$TEXT)
  if $bad
    bot refuse to respond
    abort
"""
INPUT = CHECK.replace("TEXT", "input_text")
OUTPUT = CHECK.replace("TEXT", "output_text")
PART = "\nflow check vault $text\n" + CHECK.replace("TEXT", "text")


def _main(
    body: str, *, head: str = HEAD, main: str = MAIN, entry: str = "flow input rails $input_text"
) -> str:
    return f"{head}{main}\n{entry}\n{body}"


GOOD = _main(INPUT)

SPOKEN = "  global $user_message\n" + CHECK.replace("TEXT", "user_message")
SAFE = """\
  $safe = await CheckSafeAction(text=$input_text)
  if not $safe
    bot refuse to respond
    abort
"""
SAFE_REFERENCE = SAFE.replace("$safe = await", "await").replace("text)\n", "text) as $safe\n")
BAD_REFERENCE = INPUT.replace("$bad = await", "await").replace("text)\n", "text) as $bad\n")
EXCEPTION = """\
  $bad = await CheckVaultAction(text=$input_text)
  if $bad
    send InputRailException(message="no")
"""
SELF_CHECK = f"{HEAD}{LIBRARY}self_check.input_check\n"
HOLLOW = "  self check input\n\n@override\nflow self check input\n  pass\n"

# What is said to a harmless message and to the condemned one.
PASSES = (ANSWER, ANSWER)
SILENT = ("", "")
WORKS = (ANSWER, REFUSAL)


@pytest.mark.parametrize(
    ("rule", "broken", "replies", "mended"),
    [
        ("guardrails-not-imported", _main(INPUT, head="import core\n"), PASSES, GOOD),
        *[
            ("misnamed-rails-flow", _main(INPUT, entry=f"flow {name} $input_text"), PASSES, GOOD)
            for name in ("input rail", "inputs rails", "Input rails", "input_rails")
        ],
        (
            "undefined-flow",
            _main("  self check input\n"),
            SILENT,
            _main("  self check input\n", head=SELF_CHECK),
        ),
        (
            "undefined-flow",
            _main("  check valt $input_text\n" + PART),
            SILENT,
            _main("  check vault $input_text\n" + PART),
        ),
        (
            "undefined-flow",
            _main(INPUT.replace("refuse to respond", "refuse kindly")),
            (ANSWER, ""),
            GOOD,
        ),
        (
            "refusal-without-abort",
            _main(INPUT.replace("    abort\n", "")),
            (ANSWER, f"{REFUSAL}\n{ANSWER}"),
            GOOD,
        ),
        (
            "refusal-without-abort",
            _main(INPUT.replace("abort", "return")),
            (ANSWER, f"{REFUSAL}\n{ANSWER}"),
            GOOD,
        ),
        (
            "refusal-without-abort",
            _main(EXCEPTION),
            PASSES,
            GOOD,
        ),
        *[
            (
                "unawaited-check",
                _main(f"  {verb} check vault $input_text\n" + PART),
                PASSES,
                _main("  check vault $input_text\n" + PART),
            )
            for verb in ("start", "activate")
        ],
        ("unawaited-check", _main(INPUT.replace("await", "start")), PASSES, GOOD),
        (
            "hollow-override",
            _main(HOLLOW, head=SELF_CHECK),
            PASSES,
            _main("  self check input\n", head=SELF_CHECK),
        ),
        ("hollow-override", _main(INPUT + "\n@override\nflow run input rails $text\n  pass\n"), PASSES, GOOD),
        (
            "wrong-flow-arguments",
            _main(SPOKEN, entry="flow input rails"),
            SILENT,
            GOOD,
        ),
        (
            "wrong-flow-arguments",
            _main("  check vault\n" + PART),
            PASSES,
            _main("  check vault $input_text\n" + PART),
        ),
        (
            "wrong-flow-arguments",
            _main("  self check input $input_text\n", head=SELF_CHECK),
            SILENT,
            _main("  self check input\n", head=SELF_CHECK),
        ),
        ("unset-variable", _main(CHECK.replace("TEXT", "input_txt")), PASSES, GOOD),
        (
            "unset-variable",
            _main(CHECK.replace("TEXT", "user_message")),
            PASSES,
            _main("  global $user_message\n" + CHECK.replace("TEXT", "user_message")),
        ),
        (
            "tested-reference",
            _main(SAFE_REFERENCE),
            PASSES,
            _main(SAFE),
        ),
        (
            "tested-reference",
            _main(BAD_REFERENCE),
            (REFUSAL, REFUSAL),
            GOOD,
        ),
        ("unused-verdict", _main("  $bad = await CheckVaultAction(text=$input_text)\n"), PASSES, GOOD),
        (
            "bypassed-rails",
            _main(INPUT, main=f'\nflow main\n  match UtteranceUserAction.Finished()\n  bot say "{ANSWER}"\n'),
            PASSES,
            GOOD,
        ),
    ],
)  # fmt: skip
def test_a_rail_that_does_not_hold(
    team, rule: str, broken: str, replies: tuple[str, str], mended: str
) -> None:
    """The rule fires on the one and is silent on the other, and NeMo answers as the finding says."""
    folder = team(config_yml=CONFIG, main_co=broken, actions_py=ACTIONS)
    assert rules(folder) == [rule]
    assert (ask(folder).reply, ask(folder, VAULT).reply) == replies
    neighbour = team(config_yml=CONFIG, main_co=mended, actions_py=ACTIONS)
    assert rules(neighbour) == []
    assert (ask(neighbour).reply, ask(neighbour, VAULT).reply) == WORKS


def test_a_rail_of_the_yaml_waits_for_the_import(team) -> None:
    """NeMo writes the flow and an import that it does not follow: no judge is asked."""
    config = CONFIG + "rails:\n  input: {flows: [self check input]}\n"
    library = f"{LIBRARY}self_check.input_check\n"
    broken = team(config_yml=config, main_co="import core\n" + library + MAIN)
    assert rules(broken) == ["guardrails-not-imported"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, [])
    mended = team(config_yml=config, main_co=HEAD + library + MAIN)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_the_model_writes_a_flow_that_is_missing(team) -> None:
    """With `llm continuation` the check is whatever the model makes of its name."""
    broken = team(
        config_yml=CONFIG,
        main_co=_main("  check valt $input_text\n", head=f"{HEAD}import llm\n", main=MODEL),
        actions_py=ACTIONS,
    )
    assert rules(broken) == ["undefined-flow"]
    assert "generate_flow_from_name" in ask(broken, VAULT).tasks


REGEX = CONFIG + 'rails:\n  config:\n    regex_detection:\n      input: {patterns: ["vault"]}\n'
DETECT = """\
  $found = await DetectRegexPatternAction(source="input", text=$input_text)
  if $found.is_blocked
    bot refuse to respond
    abort
"""


@pytest.mark.parametrize("before", ["", "  global $user_message\n"])
def test_regular_expressions_are_tried_on_nothing(team, before: str) -> None:
    """The library's flow reads a variable that is not its own; the action with the text does match."""
    broken = team(
        config_yml=REGEX, main_co=_main(before + "  regex check input\n", head=f"{HEAD}{LIBRARY}regex\n")
    )
    assert rules(broken) == ["rail-without-text"]
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=REGEX, main_co=_main(DETECT))
    assert rules(mended) == []
    assert (ask(mended).reply, ask(mended, VAULT).reply) == WORKS


def test_a_search_for_personal_data_without_text_breaks_every_request(team) -> None:
    """Nothing is said, to a harmless message as well."""
    serve_offline()
    config = CONFIG + (
        "rails:\n  config:\n    sensitive_data_detection:\n      input: {entities: [EMAIL_ADDRESS]}\n"
    )
    for flow in ("mask", "detect"):
        broken = team(
            config_yml=config,
            main_co=_main(
                f"  {flow} sensitive data on input\n", head=f"{HEAD}{LIBRARY}sensitive_data_detection\n"
            ),
        )
        assert rules(broken) == ["rail-without-text"]
        assert ask(broken).reply == ""


def test_a_fact_check_of_colang_2_never_starts(team) -> None:
    """Even where a flow sets the variable that it waits for, the judge of facts is not asked."""
    main = (
        "\nflow main\n  global $check_facts\n  user said something\n  $check_facts = True\n"
        '  bot say "It is free."\n'
    )
    broken = team(
        config_yml=CONFIG,
        main_co=_main(
            "  self check facts\n",
            head=f"{HEAD}{LIBRARY}self_check.facts\n",
            main=main,
            entry="flow output rails $output_text",
        ),
    )
    assert rules(broken) == ["rail-without-text"]
    talk = ask(broken, unsupported=("It is free",))
    assert (talk.reply, talk.tasks) == ("It is free.", [])


def test_a_passage_that_a_check_condemns_stays(team) -> None:
    """The library's flow empties a variable of its own; with `global` the passage is gone."""
    from nemoguardrails.actions.rail_outcome import RailOutcome, TransformTarget

    async def condemn(classifier: str) -> RailOutcome:
        assert classifier == "toxic"
        return RailOutcome.transform([(TransformTarget.RELEVANT_CHUNKS, "nothing")])

    def reply(folder: Path) -> str:
        rails = load_rails(folder, ScriptedModel())
        for name in ("hf_classifier_check_retrieval", "HfClassifierCheckRetrievalAction"):
            rails.runtime.action_dispatcher.register_action(condemn, name, override=True)
        said = asyncio.run(rails.generate_async(messages=[{"role": "user", "content": "hello"}]))
        return said["content"]

    main = (
        "\nflow main\n  global $relevant_chunks\n  user said something\n"
        '  $relevant_chunks = "a secret"\n  CALL\n  bot say "found: {$relevant_chunks}"\n'
    )
    head = f"{HEAD}{LIBRARY}hf_classifier\n"
    broken = team(
        config_yml=CONFIG,
        main_co=head + main.replace("CALL", 'hf classifier check retrieval "toxic"'),
    )
    assert "rail-without-text" in rules(broken)
    assert reply(broken) == "found: a secret"
    own = (
        "\nflow check passages\n  global $relevant_chunks\n"
        '  $found = await HfClassifierCheckRetrievalAction(classifier="toxic")\n'
        '  if $found.is_transform\n    $relevant_chunks = $found.transform_text["relevant_chunks"]\n'
    )
    mended = team(config_yml=CONFIG, main_co=head + main.replace("CALL", "check passages") + own)
    assert "rail-without-text" not in rules(mended)
    assert reply(mended) == "found: nothing"


@pytest.mark.parametrize(
    ("library", "flow", "config"),
    [
        ("gliner", "gliner detect pii on input", "gliner:\n      input: {entities: [email]}\n"),
        ("prompt_security", "protect prompt", ""),
    ],
)
def test_an_action_refuses_an_empty_text(
    team, monkeypatch: pytest.MonkeyPatch, library: str, flow: str, config: str
) -> None:
    """Nothing is sent to the service, and nothing is said."""
    monkeypatch.setenv("PS_PROTECT_URL", "http://127.0.0.1:9/protect")
    monkeypatch.setenv("PS_APP_ID", "app")
    settings = f"rails:\n  config:\n    {config}" if config else ""
    broken = team(
        config_yml=CONFIG + settings, main_co=_main(f"  {flow}\n", head=f"{HEAD}{LIBRARY}{library}\n")
    )
    assert rules(broken) == ["rail-without-text"]
    assert ask(broken).reply == ""


def test_without_main_every_request_is_an_error(team) -> None:
    """NeMo loads it and then finds no flow to start."""
    broken = team(
        config_yml='colang_version: "2.x"\nmodels: []\n', rails_co=HEAD + MAIN.replace("main", "answer")
    )
    assert rules(broken) == ["missing-main"]
    assert "No main flow found" in repr(ask(broken).error)


def test_what_is_said_below_bot_say_is_not_checked(team) -> None:
    """The output rail reads `bot say`, and nothing that is said with the action itself."""
    entry = "flow output rails $output_text"
    spoken = REPEAT.replace("bot say $said.transcript", "await UtteranceBotAction(script=$said.transcript)")
    broken = team(config_yml=CONFIG, main_co=_main(OUTPUT, main=spoken, entry=entry), actions_py=ACTIONS)
    assert rules(broken) == ["bypassed-rails"]
    assert ask(broken, VAULT).reply == VAULT
    mended = team(config_yml=CONFIG, main_co=_main(OUTPUT, main=REPEAT, entry=entry), actions_py=ACTIONS)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


@pytest.mark.parametrize("target", ["$bot_message", "$output_text"])
def test_a_rewritten_text_is_lost(team, target: str) -> None:
    """Without `global` the original goes out; with it the new text does."""
    entry = "flow output rails $output_text"
    body = f"  {target} = await MaskAction(text=$output_text)\n"
    broken = team(config_yml=CONFIG, main_co=_main(body, main=REPEAT, entry=entry), actions_py=ACTIONS)
    assert rules(broken) == ["lost-rewrite"]
    assert ask(broken, VAULT).reply == VAULT
    body = "  global $bot_message\n  $bot_message = await MaskAction(text=$output_text)\n"
    mended = team(config_yml=CONFIG, main_co=_main(body, main=REPEAT, entry=entry), actions_py=ACTIONS)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "tell me the ***** code"


def test_a_retrieval_rail_of_colang_2_is_never_run(team) -> None:
    """The flow that is listed for it would end every conversation; nothing calls it."""
    flow = '\nflow end it\n  bot say "stopped"\n  abort\n'
    head = "import core\nimport guardrails\nimport llm\n"
    retrieve = "  user said something\n  await RetrieveRelevantChunksAction(is_colang_2=True)\n"
    main = f'\nflow main\n{retrieve}  bot say "{ANSWER}"\n'
    broken = team(config_yml=CONFIG + "rails:\n  retrieval: {flows: [end it]}\n", main_co=head + main + flow)
    assert rules(broken) == ["section-never-run"]
    assert ask(broken).reply == ANSWER
    called = main.replace("  bot say", "  end it\n  bot say")
    mended = team(config_yml=CONFIG, main_co=head + called + flow)
    assert rules(mended) == []
    assert ANSWER not in ask(mended).reply
