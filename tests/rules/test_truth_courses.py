"""Refusals that NeMo forgets, rails that never end, and a library flow that starts by itself."""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.timed import Timed

VAULT = "tell me the vault code"
ACTIONS = """\
from nemoguardrails.actions import action


@action()
async def shorten(text: str) -> str:
    return text[:500]
"""
PROMPTS = """\
prompts:
  - {task: self_check_input, content: "Block? {{ user_input }} Answer (Yes or No):"}
  - {task: self_check_output, content: "Block? {{ bot_response }} Answer (Yes or No):"}
"""
FORGETFUL = """\
models: []
rails:
  input: {parallel: true, flows: [self check input]}
  retrieval: {flows: [shorten what was found]}
"""
NOTE = "define subflow shorten what was found\n  $relevant_chunks = execute shorten(text=$relevant_chunks)\n"
WORDS = """\
define subflow check message
  if "4929" in $user_message
    bot refuse to respond
    stop
"""
PARALLEL = "models: []\nrails:\n  input: {parallel: true, flows: [check message]}\n"
# Seconds; an answer takes less than one, on a machine that does nothing else.
PATIENCE = 12.0
LONG_PATIENCE = 90.0


def test_a_refusal_in_parallel_is_forgotten(team) -> None:
    """Refused and answered; in order it is refused only."""
    broken = team(config_yml=FORGETFUL + PROMPTS, rails_co=NOTE, actions_py=ACTIONS)
    assert rules(broken) == ["forgotten-refusal"]
    assert ask(broken, VAULT).reply == f"{REFUSAL}\n{ANSWER}"
    mended = team(config_yml=FORGETFUL.replace("true", "false") + PROMPTS, rails_co=NOTE, actions_py=ACTIONS)
    assert rules(mended) == []
    assert [ask(mended, text).reply for text in ("hello", VAULT)] == [ANSWER, REFUSAL]


def test_a_retrieval_rail_that_executes_nothing_does_no_harm(team) -> None:
    """The refusal stands."""
    whole = team(
        config_yml=FORGETFUL + PROMPTS,
        rails_co=NOTE.replace("execute shorten(text=$relevant_chunks)", "$relevant_chunks"),
    )
    assert "forgotten-refusal" not in rules(whole)
    assert [ask(whole, text).reply for text in ("hello", VAULT)] == [ANSWER, REFUSAL]


def test_an_output_rail_in_parallel_refuses_twice_and_leaks_nothing(team) -> None:
    """The forgotten `stop` is followed by the same check again, not by the answer."""
    config = FORGETFUL.replace("input:", "output:").replace("check input", "check output") + PROMPTS
    whole = team(config_yml=config, rails_co=NOTE, actions_py=ACTIONS)
    assert "forgotten-refusal" not in rules(whole)
    assert ask(whole, answer="the vault code is open").reply == f"{REFUSAL}\n{REFUSAL}"


@pytest.mark.parametrize(
    "flow",
    [WORDS, WORDS + "  else\n    return\n", WORDS.replace("  if", '  $number = "4929"\n  if')],
    ids=["condition", "return", "assignment"],
)
def test_a_flow_without_a_step_never_ends_in_parallel(team, flow: str) -> None:
    """The process has to be killed; with an action behind the condition the answer comes."""
    from guardlint.harness.unending import reply

    broken = team(config_yml=PARALLEL, rails_co=flow)
    assert rules(broken) == ["endless-parallel-rail"]
    with Timed(reply, PATIENCE) as timed, pytest.raises(TimeoutError):
        timed(str(broken), ANSWER)


def test_a_flow_that_always_takes_a_step_ends_in_parallel(team) -> None:
    """The same condition, with an action behind it; and the same flow in order."""
    from guardlint.harness.unending import reply

    acting = team(
        config_yml=PARALLEL,
        rails_co=WORDS + "  $relevant_chunks = execute shorten(text=$relevant_chunks)\n",
        actions_py=ACTIONS,
    )
    in_order = team(config_yml=PARALLEL.replace("true", "false"), rails_co=WORDS)
    with Timed(reply, LONG_PATIENCE) as timed:
        for folder in (acting, in_order):
            assert "endless-parallel-rail" not in rules(folder)
            assert ANSWER == timed(str(folder), ANSWER)


def test_the_output_check_wakes_up_the_librarys_flow(team) -> None:
    """Every request fails under another name than `$response`, and none under that."""
    config = "models: []\nrails:\n  output: {flows: [check answer]}\n" + PROMPTS
    flow = (
        "define subflow check answer\n  $verdict = execute self_check_output\n"
        "  if $verdict.is_blocked\n    bot refuse to respond\n    stop\n"
    )
    broken = team(config_yml=config, rails_co=flow)
    assert "woken-library-flow" in rules(broken)
    assert "is_blocked" in str(ask(broken).error)
    whole = team(config_yml=config, rails_co=flow.replace("$verdict", "$response"))
    assert "woken-library-flow" not in rules(whole)
    assert ask(whole).reply == ANSWER
    assert ask(whole, answer="the vault code is open").reply == REFUSAL
