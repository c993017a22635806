"""``guardlint test`` on a team's own configuration: real NeMo in a process of its own, scripted models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONFIG = """\
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
rails:
  input:
    flows: [self check input, check gold]
  output:
    flows: [shorten]
"""
PROMPTS = """\
prompts:
  - task: self_check_input
    content: "Should this be blocked (yes or no)? {{ user_input }}"
"""
COLANG = """\
define subflow check gold
  if "gold card" in $user_message
    bot refuse gold
    stop
  else
    if "silver card" in $user_message
      $user_message = "a card"

define bot refuse gold
  "Gold cards are ordered in a branch."

define subflow shorten
  if "for ever and ever" in $bot_message
    $bot_message = "For ever."
"""
SECOND_CONFIG = """\
colang_version: "2.x"
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
"""
SECOND_COLANG = """\
import core
import guardrails
import llm

flow main
  activate llm continuation
  activate greeting

flow input rails $input_text
  check gold $input_text

flow check gold $text
  if "gold card" in $text
    bot say "Gold cards are ordered in a branch."
    abort
  else if "silver" in $text
    $seen = 1

flow greeting
  user said "hello there"
  bot say "Hello."
"""
CASES = """\
schema: guardlint/team-tests/v1
configuration: guardrails
answers: {self_check_input: "No", general: "With pleasure."}
cases:
"""


@pytest.fixture
def team(tmp_path: Path, guardlint: Any) -> Callable[..., Any]:
    """Writes the configuration with some cases, and tries them."""
    home = tmp_path / "team"
    for name, text in (("config.yml", CONFIG), ("prompts.yml", PROMPTS), ("rails/own.co", COLANG)):
        (home / "guardrails" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "guardrails" / name).write_text(text)

    def run(cases: str, *options: str, head: str = CASES) -> Any:
        (home / "guardlint-tests.yml").write_text(head + cases)
        return guardlint("test", home, *options)

    run.home = home  # type: ignore[attr-defined]
    return run


GOOD = """\
  - id: helps
    user: How do I block a card?
    expect: passed
    reply: With pleasure.
    sees: {general: ["block a card"]}
  - id: gold
    about: attack
    user: I want a gold card now
    expect: blocked
    rail: check gold
    reply: Gold cards are ordered in a branch.
    never_sees: {general: ["gold card"]}
  - id: judged
    user: Tell me the vault code
    answers: {self_check_input: "Yes"}
    expect: blocked
    rail: self check input
  - id: silver
    user: A silver card please
    expect: modified
    never_sees: {general: ["silver card"]}
    reply_lacks: [silver]
  - id: long
    user: How long?
    answers: {general: ["It lasts for ever and ever."]}
    expect: modified
    reply: For ever.
"""


def test_cases_go_as_they_say(team: Callable[..., Any]) -> None:
    """Passed, blocked by which rail, modified on both sides, and what each model was shown."""
    ran = team(GOOD, "--coverage")
    assert (0, "") == (ran.code, ran.err)
    assert ran.out.endswith("5 cases, 0 failed\n")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "input: self check input passed 4, acted 1, blocked 1" in lines
    assert "output: shorten passed 2, acted 1, modified 1" in lines
    assert 'rails/own.co:2 if "gold card" in $user_message true 1, false 3' in lines
    assert "rails/own.co:4 stop reached 1" in lines
    assert 'rails/own.co:6 if "silver card" in $user_message true 1, false 2' in lines
    assert "3 of 3 rails and flows act and let pass" in lines
    assert "4 of 4 branches are taken every way" in lines


WRONG = {
    "{user: hi, expect: blocked}": "is passed, not blocked",
    "{user: a gold card, expect: passed}": "is blocked by check gold, not passed",
    "{user: a gold card, expect: blocked, rail: self check input}": (
        "is blocked by check gold, not self check input"
    ),
    "{user: hi, expect: passed, reply: Sure.}": "replies 'With pleasure.'",
    "{user: hi, expect: passed, reply_has: [Sure]}": "the reply lacks 'Sure'",
    "{user: hi, expect: passed, reply_lacks: [pleasure]}": "the reply has 'pleasure'",
    "{user: hi, expect: passed, sees: [heron]}": "no model sees 'heron'",
    "{user: hi, expect: passed, sees: {general: [heron]}}": (
        "the model asked for `general` does not see 'heron'"
    ),
    "{user: a heron, expect: passed, never_sees: [heron]}": "a model sees 'heron'",
    "{user: a heron, expect: passed, never_sees: {general: [heron]}}": (
        "the model asked for `general` sees 'heron'"
    ),
    "{user: hi, expect: passed, answers: {self_check_facts: 'yes'}}": (
        "NeMo never asks for `self_check_facts`"
    ),
    "{user: hi, expect: passed, answers: {general: [One., Two.]}}": "NeMo never asks for `general`",
}


def test_what_is_wrong_is_said(team: Callable[..., Any]) -> None:
    """With the place of the case."""
    cases = [f"  - {{id: a-{index}, {case[1:]}\n" for index, case in enumerate(WRONG)]
    ran = team("".join(cases))
    assert 1 == ran.code
    for index, said in enumerate(WRONG.values()):
        assert f"  a-{index}: {said}\n" in ran.out
        assert f"guardlint-tests.yml:{index + 5}:5\n" in ran.out
    assert ran.out.endswith(f"{len(WRONG)} cases, {len(WRONG)} failed\n")


def test_an_answer_that_is_missing_is_no_verdict(team: Callable[..., Any]) -> None:
    """NeMo takes a model that is down for a reason to block; a case that forgot its answer must not pass."""
    head = CASES.replace('self_check_input: "No", ', "")
    ran = team("  - {id: a, user: hi, expect: blocked}\n", head=head)
    assert 1 == ran.code
    assert "NeMo asks for `self_check_input`, and no answer is scripted" in ran.out


def test_a_branch_that_no_case_takes(team: Callable[..., Any]) -> None:
    """Is told, and fails the run where it was asked for."""
    case = "  - {id: a, user: hi, expect: passed}\n"
    told = team(case)
    assert 0 == told.code
    assert "0 of 3 rails and flows act and let pass" in told.out
    ran = team(case, "--fail-uncovered")
    assert 1 == ran.code
    assert 'rails/own.co:2 if "gold card" in $user_message: no case makes it true' in ran.out
    assert "rails/own.co:4 stop: no case reaches it" in ran.out
    assert "input: check gold: no case makes it act" in ran.out


def test_colang_2(team: Callable[..., Any]) -> None:
    """The flow that aborts below the input rails blocks."""
    folder = team.home / "guardrails"  # type: ignore[attr-defined]
    (folder / "config.yml").write_text(SECOND_CONFIG)
    (folder / "prompts.yml").unlink()
    (folder / "rails" / "own.co").write_text(SECOND_COLANG)
    head = "schema: guardlint/team-tests/v1\nconfiguration: guardrails\ncases:\n"
    ran = team(
        "  - {id: gold, user: a gold card, expect: blocked, rail: check gold,\n"
        "     reply: Gold cards are ordered in a branch.}\n"
        "  - {id: hello, user: hello there, expect: passed, reply: Hello.}\n",
        "--coverage",
        head=head,
    )
    assert (0, "") == (ran.code, ran.err)
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert 'rails/own.co:13 if "gold card" in $text true 1, false 1' in lines
    assert "rails/own.co:15 abort reached 1" in lines
    assert 'rails/own.co:16 else if "silver" in $text false 1 true' in lines
    wrong = team("  - {id: a, user: hello there, expect: modified}\n", head=head)
    assert 2 == wrong.code
    assert "NeMo does not tell of Colang 2.x which text a rail changed" in wrong.out


def test_a_conversation_and_context_variables(team: Callable[..., Any]) -> None:
    """The last message is the new one; what the application sets is there for the flows."""
    own = team.home / "guardrails" / "rails" / "own.co"  # type: ignore[attr-defined]
    own.write_text(COLANG.replace('"gold card" in $user_message', '$tier == "gold"'))
    ran = team(
        "  - id: gold\n    context: {tier: gold}\n    expect: blocked\n    rail: check gold\n"
        "    messages:\n      - {role: user, content: hello}\n      - {role: assistant, content: Hello.}\n"
        "      - {role: user, content: more}\n"
    )
    assert (0, "") == (ran.code, ran.err)


def test_a_tests_file_that_nemo_reads_is_refused(team: Callable[..., Any]) -> None:
    """It would be a part of what it tests; .railsignore hides it."""
    folder = team.home / "guardrails"  # type: ignore[attr-defined]
    case = "  - {id: a, user: hi, expect: passed}\n"
    head = CASES.replace("configuration: guardrails\n", "configuration: .\n")
    (folder / "x-guardlint-tests.yml").write_text(head + case)
    ran = team(case)
    assert 2 == ran.code
    assert "NeMo reads this file as a part of the configuration that it tests" in ran.out
    assert "1 case, 0 failed" in ran.out
    (folder / ".railsignore").write_text("*guardlint-tests.yml\n")
    ran = team(case)
    assert (0, "2 cases, 0 failed") == (ran.code, ran.out.splitlines()[-1])


def test_a_configuration_that_nemo_refuses(team: Callable[..., Any]) -> None:
    """One clear line, and exit code 2."""
    (team.home / "guardrails" / "config.yml").write_text("models: 3\n")  # type: ignore[attr-defined]
    ran = team("  - {id: a, user: hi, expect: passed}\n")
    assert 2 == ran.code
    assert "NeMo refuses the configuration" in ran.out


def with_action(team: Callable[..., Any], colang: str, code: str) -> None:
    """The team's flows, with an action of its own."""
    folder = team.home / "guardrails"  # type: ignore[attr-defined]
    (folder / "rails" / "own.co").write_text(colang)
    head = "from nemoguardrails.actions import action\n\n\n@action()\n"
    (folder / "actions.py").write_text(head + code)


def test_an_action_that_fails_is_no_block(team: Callable[..., Any]) -> None:
    """Unless the case is about an outage."""
    own = COLANG.replace('  if "gold', '  $x = execute break_down\n  if "gold')
    with_action(team, own, "async def break_down():\n    raise ValueError\n")
    ran = team("  - {id: a, user: hi, expect: passed}\n")
    assert 1 == ran.code
    assert "the action `break_down` fails" in ran.out


def test_a_process_that_dies_is_said(team: Callable[..., Any]) -> None:
    """Whatever the team's code does to its process."""
    (team.home / "guardrails" / "config.py").write_text("import os\nos._exit(9)\n")  # type: ignore[attr-defined]
    ran = team("  - {id: a, user: hi, expect: passed}\n")
    assert 1 == ran.code
    assert "the process that tried it died" in ran.out


def test_a_verdict_that_differs_is_flaky(team: Callable[..., Any]) -> None:
    """An action that counts: seen where a case fails, and where each is tried often."""
    own = COLANG.replace('  if "gold card" in $user_message', "  $odd = execute turn\n  if $odd")
    counting = "async def turn(turns=[]):\n    turns.append(1)\n    return len(turns) % 2 == 1\n"
    with_action(team, own, counting)
    ran = team("  - {id: a, user: hi, expect: passed}\n")
    assert 1 == ran.code
    assert "flaky: 2 runs differ: blocked by check gold (" in ran.out
    assert ran.out.endswith("1 case, 0 failed, 1 flaky\n")
    often = team("  - {id: a, user: hi, expect: blocked}\n", "--repeat", "3")
    assert 1 == often.code
    assert "flaky: 3 runs differ: blocked by check gold, passed (is passed, not blocked)" in often.out
