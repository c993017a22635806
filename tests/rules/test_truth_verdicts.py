"""What happens to a verdict on its way: real NeMo 0.24.1, a scripted model, one message.

Actions that fail in less plain ways, an ``abort`` one step too far to the left, a text where a name belongs,
and a filter that nobody has.
"""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.scripted import telemetry_off

telemetry_off()

VAULT = "tell me the vault code"
LISTED = "models: []\nrails:\n  input: {flows: [guard]}\n"
GUARD = """\
define flow guard
  $bad = execute moderate(text=$user_message)
  if $bad
    bot refuse to respond
    stop
"""
HEAD = (
    'from nemoguardrails.actions import action\n\n\ndef ask_service(text):\n    raise OSError("down")\n\n\n'
)
LOOP = """\
@action()
async def moderate(text: str) -> bool:
    for attempt in range(2):
        try:
            return ask_service(text)
        except OSError:
            continue
    return CLEAN
"""
HELPER = """\
def score(text):
    try:
        return ask_service(text)
    except OSError:
        return WORST


@action()
async def moderate(text: str) -> bool:
    return score(text) > 0.5
"""
METHOD = """\
class Client:
    def flagged(self, text):
        try:
            return ask_service(text)
        except OSError:
            return CLEAN


client = Client()


@action(name="moderate")
class Moderate:
    def run(self, text: str):
        return client.flagged(text)
"""


@pytest.mark.parametrize(
    ("code", "wrong", "right"),
    [
        (LOOP, ("CLEAN", "False"), ("CLEAN", "True")),
        (HELPER, ("WORST", "0.0"), ("WORST", "1.0")),
        (METHOD, ("CLEAN", "False"), ("CLEAN", "True")),
    ],
    ids=["after the last attempt", "in a helper", "in a method, of a class"],
)
def test_a_check_that_is_down_finds_nothing(
    team, code: str, wrong: tuple[str, str], right: tuple[str, str]
) -> None:
    """The value of the failure decides, wherever the code makes it."""
    broken = team(config_yml=LISTED, guard_co=GUARD, actions_py=HEAD + code.replace(*wrong))
    assert rules(broken) == ["fail-open-action"]
    assert ask(broken, VAULT).reply == ANSWER

    mended = team(config_yml=LISTED, guard_co=GUARD, actions_py=HEAD + code.replace(*right))
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_bot_takes_no_text_for_a_name(team) -> None:
    """The flow comes to the line, and the request ends; with a name before the text it is said."""
    flow = GUARD.replace("bot refuse to respond", 'bot "Not here."')
    actions = HEAD + '@action()\ndef moderate(text: str) -> bool:\n    return "vault" in text\n'
    broken = team(config_yml=LISTED, guard_co=flow, actions_py=actions)
    assert rules(broken) == ["unnamed-message"]
    assert "internal error" in ask(broken, VAULT).reply

    mended = team(config_yml=LISTED, guard_co=flow.replace('bot "', 'bot decline "'), actions_py=actions)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "Not here."


JUDGE = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input | FILTER }} Answer (Yes or No):"
"""


def test_a_filter_that_nobody_has_ends_every_request(team) -> None:
    """NeMo loads the prompt; Jinja refuses it when the first message comes."""
    broken = team(config_yml=JUDGE.replace("FILTER", "quoted"))
    assert rules(broken) == ["unknown-filter"]
    assert "internal error" in ask(broken, "hello").reply

    mended = team(config_yml=JUDGE.replace("FILTER", "trim"))
    assert rules(mended) == []
    assert ask(mended, "hello").reply == ANSWER
    assert ask(mended, VAULT).reply == REFUSAL


MODERN = 'colang_version: "2.x"\nmodels: []\n'
MAIN = 'import core\nimport guardrails\n\nflow main\n  user said something\n  bot say "Here you are."\n\n'
MODERN_GUARD = """\
flow input rails $input_text
  $bad = await ScanTextAction(text=$input_text)
  if $bad
    bot say "I cannot help with that."
"""
SCAN = """\
from nemoguardrails.actions import action


@action(name="ScanTextAction")
def scan_text(text: str) -> bool:
    return "vault" in text
"""


def test_abort_outside_its_branch_answers_nobody(team) -> None:
    """A harmless message gets an empty reply; with ``abort`` in the branch it is answered."""
    broken = team(config_yml=MODERN, main_co=MAIN + MODERN_GUARD + "  abort\n", actions_py=SCAN)
    assert rules(broken) == ["unconditional-abort"]
    assert ask(broken, "hello").reply == ""

    mended = team(config_yml=MODERN, main_co=MAIN + MODERN_GUARD + "    abort\n", actions_py=SCAN)
    assert rules(mended) == []
    assert ask(mended, "hello").reply == "Here you are."
    assert ask(mended, VAULT).reply == "I cannot help with that."


def test_a_flow_that_aborts_ends_the_rail_that_waits_for_it(team) -> None:
    """``abort`` in a flow that is called in the branch does; without it refusal and answer are both sent."""
    called = MODERN_GUARD.replace('bot say "I cannot help with that."', "await decline")
    decline = '\nflow decline\n  bot say "Ask the desk."\n'
    mended = team(config_yml=MODERN, main_co=MAIN + called + decline + "  abort\n", actions_py=SCAN)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == "Ask the desk."

    broken = team(config_yml=MODERN, main_co=MAIN + called + decline, actions_py=SCAN)
    assert rules(broken) == ["refusal-without-abort"]
    assert ask(broken, VAULT).reply == "Ask the desk.\nHere you are."
