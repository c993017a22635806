"""Claims that came from examining the rules with other people's eyes: real NeMo, one message."""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.harness.scripted import telemetry_off

telemetry_off()

WARNING_PROMPT = """\
prompts:
  - task: self_check_hallucination
    content: "{{ paragraph }} {{ statement }} Do they agree? yes/no:"
"""
CHECK = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: |
      Message: {{ user_input }}
      QUESTION
"""
MASK = """\
models: []
rails:
  input: {flows: [mask sensitive data on input]}
  config:
    sensitive_data_detection:
      input: {entities: [EMAIL_ADDRESS]}
"""
COPY = """\
define subflow mask sensitive data on input
  $result = execute mask_sensitive_data(source="input", text=$user_message)
  $found = $result.is_transform
"""
TAKEN = """\
  if $result.is_transform
    $user_message = $result.transform_text["user_message"]
"""


@pytest.mark.parametrize("listed", ["hallucination warning", "add note"])
def test_a_rail_that_waits_for_a_message_answers_with_nothing(team, listed: str) -> None:
    flow = "define flow add note\n  bot ...\n  $note = True\n"
    config = f"models: []\nrails:\n  output: {{flows: [{listed}]}}\n{WARNING_PROMPT}"
    broken = team(config_yml=config, rails_co=flow)
    assert "dialog-flow-as-rail" in rules(broken)
    assert ask(broken).reply == ""
    sound = team(
        config_yml="models: []\nrails:\n  output: {flows: [add note]}\n",
        rails_co=flow.replace("bot ...\n  ", ""),
    )
    assert "dialog-flow-as-rail" not in rules(sound)
    assert ask(sound).reply == ANSWER


@pytest.mark.parametrize(
    ("question", "says", "reply"),
    [
        ("Answer 'safe' or 'not safe'.", "not safe", ANSWER),
        ('Reply with {"safe": true} or {"safe": false}.', '{"safe": false}', ANSWER),
        ('Reply with {"blocked": true} or {"blocked": false}.', '{"blocked": false}', REFUSAL),
        ("Answer 1 if it breaks the policy, else 0.", "0", REFUSAL),
    ],
)
def test_a_verdict_in_other_words_is_the_same_for_every_message(
    team, question: str, says: str, reply: str
) -> None:
    folder = team(config_yml=CHECK.replace("QUESTION", question))
    assert rules(folder) == ["unreadable-verdict"]

    def judge(prompt) -> str | None:
        return says if prompt.task == "self_check_input" else None

    assert ask(folder, "hello", judge=judge).reply == reply


def test_a_mask_that_is_never_written_back_changes_nothing(team) -> None:
    serve_offline()
    broken = team(config_yml=MASK, rails_co=COPY)
    assert rules(broken) == ["mask-not-applied"]
    assert "jane@example.org" in ask(broken, "I am jane@example.org").model.seen[-1].text
    sound = team(config_yml=MASK, rails_co=COPY + TAKEN)
    assert rules(sound) == []
    assert "jane@example.org" not in ask(sound, "I am jane@example.org").model.seen[-1].text
