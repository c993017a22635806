"""What the rules of Colang 1.0 flows say happens at run time, seen to happen in real NeMo.

Each test asks a configuration in which the rule fires and its nearest neighbour in which it does not.
"""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.scripted import telemetry_off

telemetry_off()

VAULT = "tell me the vault code"
INPUT = "models: []\nrails:\n  input: {flows: [check message]}\n"
OUTPUT = "models: []\nrails:\n  output: {flows: [check answer]}\n"
JUDGED = """\
models: []
rails:
  input: {flows: [NAME]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
ACTIONS = """\
from nemoguardrails.actions import action


@action()
async def find_vault(text: str) -> bool:
    return "vault" in str(text)


@action()
async def is_attack(text: str) -> bool:
    return "vault" in str(text)


@action()
async def judge(text: str) -> str:
    if "vault" in text:
        return "bad"
    return "fine"
"""
REFUSE = "    bot refuse to respond\n    stop\n"


def _input_rail(*lines: str) -> str:
    return "define subflow check message\n" + "".join(f"  {line}\n" for line in lines) + REFUSE


@pytest.mark.parametrize("first", ["define flow self check input", "define subflow run input rails"])
def test_a_hollow_flow_checks_nothing(team, first: str) -> None:
    """The condemned message is answered and no judge asked; without the definition it is refused."""
    config = JUDGED.replace("NAME", "self check input")
    broken = team(config_yml=config, rails_co=f"{first}\n  $checked = True\n")
    assert rules(broken) == ["hollow-flow"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["general"])
    assert ask(team(config_yml=config), VAULT).reply == REFUSAL


@pytest.mark.parametrize(
    ("call", "test", "mended"),
    [
        ("$found = execute find_vault(text=$user_message)", 'if $found == "yes"', "if $found"),
        ("$word = execute judge(text=$user_message)", 'if $word == "Bad"', 'if $word == "bad"'),
        ("$word = execute judge(text=$user_message)", 'if "BAD" in $word', 'if "BAD" in $word.upper()'),
    ],
)
def test_a_verdict_that_no_test_meets_stops_nothing(team, call: str, test: str, mended: str) -> None:
    """The comparison is never true; with the value that the action returns the message is refused."""
    broken = team(config_yml=INPUT, rails_co=_input_rail(call, test), actions_py=ACTIONS)
    assert rules(broken) == ["unheeded-verdict"]
    assert ask(broken, VAULT).reply == ANSWER
    whole = team(config_yml=INPUT, rails_co=_input_rail(call, mended), actions_py=ACTIONS)
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in (VAULT, "hello")] == [REFUSAL, ANSWER]


def test_a_verdict_that_nobody_looks_at_stops_nothing(team) -> None:
    """The library's own action, executed and forgotten."""
    config = JUDGED.replace("NAME", "self check input")
    flow = "define flow self check input\n  $response = execute self_check_input\n"
    broken = team(config_yml=config, rails_co=flow)
    assert rules(broken) == ["unheeded-verdict"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["self_check_input", "general"])
    mended = team(config_yml=config, rails_co=f"{flow}  if $response.is_blocked\n{REFUSE}")
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_a_stop_outside_the_test_refuses_everything(team) -> None:
    """A harmless message gets an empty reply."""
    flow = "define flow self check input\n  $response = execute self_check_input\n  if $response.is_blocked\n"
    config = JUDGED.replace("NAME", "self check input")
    broken = team(config_yml=config, rails_co=f"{flow}    bot refuse to respond\n  stop\n")
    assert rules(broken) == ["unheeded-verdict"]
    assert ask(broken).reply == ""
    assert ask(team(config_yml=config, rails_co=flow + REFUSE)).reply == ANSWER


@pytest.mark.parametrize(
    ("lines", "mended"),
    [
        (("$swap = execute find_vault(text=$user_message)", "if $swop"), "if $swap"),
        (("$sim = execute find_vault(text=$user_message)", "if $other_name"), "if $sim"),
        (("$found = execute find_vault(text=$user_input)", "if $found"), None),
    ],
)
def test_a_variable_that_nothing_sets_stops_nothing(team, lines: tuple[str, str], mended: str | None) -> None:
    """The test is never true, and an action is given the name instead of the text."""
    broken = team(config_yml=INPUT, rails_co=_input_rail(*lines), actions_py=ACTIONS)
    assert rules(broken) == ["never-set-variable"]
    assert ask(broken, VAULT).reply == ANSWER
    good = (lines[0].replace("user_input", "user_message"), mended or lines[1])
    whole = team(config_yml=INPUT, rails_co=_input_rail(*good), actions_py=ACTIONS)
    assert rules(whole) == []
    assert ask(whole, VAULT).reply == REFUSAL


def test_an_argument_is_not_worked_out(team) -> None:
    """The action reads `$user_message + "."` and finds no vault in it; stored first, it does."""
    broken = team(
        config_yml=INPUT,
        rails_co=_input_rail('$found = execute find_vault(text=$user_message + ".")', "if $found"),
        actions_py=ACTIONS,
    )
    assert rules(broken) == ["unevaluated-argument"]
    assert ask(broken, VAULT).reply == ANSWER
    mended = _input_rail('$all = $user_message + "."', "$found = execute find_vault(text=$all)", "if $found")
    whole = team(config_yml=INPUT, rails_co=mended, actions_py=ACTIONS)
    assert rules(whole) == []
    assert ask(whole, VAULT).reply == REFUSAL


def test_a_library_action_without_its_arguments_fails(team) -> None:
    """Every message is answered with an internal error."""
    config = INPUT + "  config:\n    regex_detection: {input: {patterns: [vault]}}\n"
    broken = team(
        config_yml=config, rails_co=_input_rail("$r = execute detect_regex_pattern", "if $r.is_blocked")
    )
    assert rules(broken) == ["incomplete-library-call"]
    assert "internal error" in ask(broken).reply
    call = '$r = execute detect_regex_pattern(source="input", text=$user_message)'
    whole = team(config_yml=config, rails_co=_input_rail(call, "if $r.is_blocked"))
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in (VAULT, "hello")] == [REFUSAL, ANSWER]


def test_in_parallel_a_refusal_without_stop_is_followed_by_the_answer(team) -> None:
    """Both are sent; with stop, or one after the other, the refusal alone."""
    parallel = INPUT.replace("{", "{parallel: true, ")
    # With an action before the condition, since without one a parallel rail never ends.
    note = "from nemoguardrails.actions import action\n\n\n@action()\nasync def note():\n    return 1\n"
    flow = _input_rail("$note = execute note", 'if "vault" in $user_message')
    broken = team(config_yml=parallel, rails_co=flow.replace("    stop\n", ""), actions_py=note)
    assert rules(broken) == ["parallel-without-stop"]
    assert ask(broken, VAULT).reply == f"{REFUSAL}\n{ANSWER}"
    for config, text in ((parallel, flow), (INPUT, flow.replace("    stop\n", ""))):
        whole = team(config_yml=config, rails_co=text, actions_py=note)
        assert rules(whole) == []
        assert ask(whole, VAULT).reply == REFUSAL


DIALOG = """\
define user ask rag
  "what now"

define flow rag
  user ask rag
  $answer = execute ask_rag
  SAY

define subflow check answer
  if "vault" in $bot_message
    bot refuse to respond
    stop
"""
RAG = """\
from nemoguardrails.actions import action


@action()
async def ask_rag(context: dict) -> str:
    return "the vault is open" + ("!" if not context else "")
"""


@pytest.mark.parametrize(
    "say",
    [
        'bot give answer "{{ answer }}"',
        'bot give answer "$answer"',
        "$skip_output_rails = True\n  bot $answer",
    ],
)
def test_a_predefined_message_is_not_checked(team, say: str) -> None:
    """What the rail condemns is said; as `bot $answer` it is refused."""
    brain = {"intents": {"what now": "ask rag"}}
    broken = team(config_yml=OUTPUT, rails_co=DIALOG.replace("SAY", say), actions_py=RAG)
    assert rules(broken) == ["unchecked-answer"]
    assert ask(broken, "what now", **brain).reply == "the vault is open"
    whole = team(config_yml=OUTPUT, rails_co=DIALOG.replace("SAY", "bot $answer"), actions_py=RAG)
    assert rules(whole) == []
    assert ask(whole, "what now", **brain).reply == REFUSAL


@pytest.mark.parametrize("line", ["user ask vault", "user ..."])
def test_a_dialog_flow_as_a_rail_answers_nothing(team, line: str) -> None:
    """Every reply is empty; without the line the rail works."""
    examples = 'define user ask vault\n  "the vault code"\n\n'
    flow = _input_rail('if "vault" in $user_message').replace("define subflow", "define flow")
    broken = team(config_yml=INPUT, rails_co=examples + flow.replace("  if", f"  {line}\n  if"))
    assert rules(broken) == ["dialog-flow-as-rail"]
    assert [ask(broken, text).reply for text in ("hello", VAULT)] == ["", ""]
    whole = team(config_yml=INPUT, rails_co=flow)
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in ("hello", VAULT)] == [ANSWER, REFUSAL]


def test_an_undefined_refusal_is_written_by_the_model(team) -> None:
    """It is given the name of the message and says what it likes; a defined one is said as it stands."""
    flow = _input_rail('if "vault" in $user_message').replace("refuse to respond", "refuse vaults")
    broken = team(config_yml=INPUT, rails_co=flow)
    assert rules(broken) == ["undefined-message"]
    talk = ask(broken, VAULT)
    assert (talk.reply, talk.tasks) == (ANSWER, ["generate_bot_message"])
    assert talk.model.shown("generate_bot_message")[0].rstrip().endswith("bot refuse vaults")
    whole = team(config_yml=INPUT, rails_co=flow + '\ndefine bot refuse vaults\n  "No vaults."\n')
    assert rules(whole) == []
    assert ask(whole, VAULT).reply == "No vaults."


def test_a_flow_for_a_misspelt_intent_never_starts(team) -> None:
    """The model recognises the intent of the examples, and answers freely."""
    text = (
        'define user ask hours\n  "when do you open"\n\ndefine flow hours\n  user NAME\n  bot say hours\n\n'
    )
    text += 'define bot say hours\n  "At nine."\n'
    brain = {"intents": {"open": "ask hours"}}
    broken = team(config_yml="models: []\n", rails_co=text.replace("NAME", "ask hour"))
    assert rules(broken) == ["unknown-intent"]
    assert ask(broken, "when do you open", **brain).reply != "At nine."
    whole = team(config_yml="models: []\n", rails_co=text.replace("NAME", "ask hours"))
    assert rules(whole) == []
    assert ask(whole, "when do you open", **brain).reply == "At nine."


@pytest.mark.parametrize("direction", ["input", "output"])
def test_the_last_message_is_the_one_before(team, direction: str) -> None:
    """In the first turn it is None, so nothing is found in it."""
    who = {"input": "user", "output": "bot"}[direction]
    config = f"models: []\nrails:\n  {direction}: {{flows: [check message]}}\n"
    flow = _input_rail(f"$found = execute find_vault(text=$last_{who}_message)", "if $found")
    brain = {"answer": "the vault is open"}
    broken = team(config_yml=config, rails_co=flow, actions_py=ACTIONS)
    assert rules(broken) == ["stale-message"]
    assert ask(broken, VAULT, **brain).reply == "the vault is open"
    whole = team(config_yml=config, rails_co=flow.replace("last_", ""), actions_py=ACTIONS)
    assert rules(whole) == []
    assert ask(whole, VAULT, **brain).reply == REFUSAL


def test_an_action_wakes_up_the_librarys_flow(team) -> None:
    """The right test, and every request fails; stored as `$response` it works."""
    config = JUDGED.replace("NAME", "check message")
    flow = _input_rail("$result = execute self_check_input", "if $result.is_blocked")
    broken = team(config_yml=config, rails_co=flow)
    assert rules(broken) == ["woken-library-flow"]
    assert "is_blocked" in str(ask(broken).error)
    whole = team(config_yml=config, rails_co=flow.replace("$result", "$response"))
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in ("hello", VAULT)] == [ANSWER, REFUSAL]


@pytest.mark.parametrize(
    "test", ["if $response.blocked", 'if $response["is_blocked"]', 'if "yes" in $response']
)
def test_an_outcome_has_no_other_members(team, test: str) -> None:
    """Every request fails."""
    config = JUDGED.replace("NAME", "self check input")
    flow = f"define flow self check input\n  $response = execute self_check_input\n  {test}\n{REFUSE}"
    broken = team(config_yml=config, rails_co=flow)
    assert rules(broken) == ["old-style-outcome"]
    assert ask(broken).error is not None


def test_an_own_verdict_has_no_is_blocked(team) -> None:
    """A boolean has no members: every request fails."""
    flow = _input_rail("$found = execute find_vault(text=$user_message)", "if $found.is_blocked")
    broken = team(config_yml=INPUT, rails_co=flow, actions_py=ACTIONS)
    assert rules(broken) == ["old-style-outcome"]
    assert ask(broken).error is not None


@pytest.mark.parametrize(
    ("call", "test", "mended"),
    [
        ("$response = execute self_check_input", "if not $response.is_blocked", "if $response.is_blocked"),
        ("$attack = execute is_attack(text=$user_message)", "if not $attack", "if $attack"),
    ],
)
def test_an_inverted_verdict_lets_the_condemned_pass(team, call: str, test: str, mended: str) -> None:
    """The harmless message is refused, the condemned one answered."""
    config = JUDGED.replace("NAME", "self check input")
    flow = _input_rail(call, test).replace("check message", "self check input")
    broken = team(config_yml=config, rails_co=flow, actions_py=ACTIONS)
    assert rules(broken) == ["inverted-verdict"]
    assert [ask(broken, text).reply for text in ("hello", VAULT)] == [REFUSAL, ANSWER]
    whole = team(config_yml=config, rails_co=flow.replace(test, mended), actions_py=ACTIONS)
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in ("hello", VAULT)] == [ANSWER, REFUSAL]


@pytest.mark.parametrize(
    "test",
    [
        'if $user_message contains "vault"',
        'if $user_message && "vault" in $user_message',
        "if $user_message == true",
        'if $user_message in ["vault", "safe"]',
        'if contains($user_message, "vault")',
        "if execute find_vault(text=$user_message)",
        "if the user asks for a vault",
    ],
)
def test_a_condition_that_cannot_be_worked_out_fails(team, test: str) -> None:
    """Every request ends in an error, harmless or not."""
    broken = team(config_yml=INPUT, rails_co=_input_rail(test), actions_py=ACTIONS)
    assert rules(broken) == ["unreadable-condition"]
    assert "Error evaluating" in str(ask(broken).error)


def test_a_single_sign_of_equality_is_always_true(team) -> None:
    """The value on the right decides: every message is refused."""
    broken = team(config_yml=INPUT, rails_co=_input_rail('if $user_message = "vault"'))
    assert rules(broken) == ["unreadable-condition"]
    assert ask(broken).reply == REFUSAL
    whole = team(config_yml=INPUT, rails_co=_input_rail('if $user_message == "vault"'))
    assert rules(whole) == []
    assert [ask(whole, text).reply for text in ("hello", "vault")] == [ANSWER, REFUSAL]


def test_a_list_cannot_be_stored(team) -> None:
    """The evaluator has no lists."""
    flow = _input_rail('$words = ["vault"]', "if $words[0] in $user_message")
    broken = team(config_yml=INPUT, rails_co=flow)
    assert rules(broken) == ["unreadable-condition"]
    assert ask(broken).error is not None


def test_a_member_that_is_not_there_is_none(team) -> None:
    """A mapping has no `blocked`: the test is never true."""
    flow = _input_rail("$r = execute look(text=$user_message)", "if $r.blocked")
    action = "from nemoguardrails.actions import action\n\n\n@action()\nasync def look(text: str) -> dict:\n"
    action += '    return {"found": "vault" in text}\n'
    broken = team(config_yml=INPUT, rails_co=flow, actions_py=action)
    assert rules(broken) == ["unheeded-verdict"]
    assert ask(broken, VAULT).reply == ANSWER
    whole = team(config_yml=INPUT, rails_co=flow.replace("blocked", "found"), actions_py=action)
    assert rules(whole) == []
    assert ask(whole, VAULT).reply == REFUSAL


def test_a_blind_output_rail_checks_no_answer(team) -> None:
    """The forbidden answer to a harmless question passes."""
    flow = "define subflow check answer\n  $found = execute find_vault(text=$user_message)\n  if $found\n"
    brain = {"answer": "the vault is open"}
    broken = team(config_yml=OUTPUT, rails_co=flow + REFUSE, actions_py=ACTIONS)
    assert rules(broken) == ["blind-rail"]
    assert ask(broken, **brain).reply == "the vault is open"
    whole = team(
        config_yml=OUTPUT,
        rails_co=(flow + REFUSE).replace("$user_message", "$bot_message"),
        actions_py=ACTIONS,
    )
    assert rules(whole) == []
    assert ask(whole, **brain).reply == REFUSAL


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
  BEFORE
  bot answer fee question
  AFTER
"""


@pytest.mark.parametrize(
    ("before", "after", "armed"),
    [
        ("$fee = True", "$check_facts = True", True),
        ("$fee = True", "$late = True\n\ndefine subflow arm it\n  $check_facts = True", False),
        ("do arm it", "$late = True\n\ndefine subflow arm it\n  $check_facts = True", True),
    ],
)
def test_a_fact_check_is_armed_by_a_flow_that_runs(team, before: str, after: str, armed: bool) -> None:
    """In a subflow that nothing runs it is not; on the line after the answer it is in time."""
    folder = team(config_yml=FACTS, fees_co=FEES.replace("BEFORE", before).replace("AFTER", after))
    assert rules(folder) == ([] if armed else ["unarmed-rail"])
    brain = {"intents": {"cost": "ask fee"}, "answer": "It is free.", "unsupported": ("It is free",)}
    talk = ask(folder, "what does it cost", **brain)
    assert ("self_check_facts" in talk.tasks) == armed
