"""NeMo judges the mends: a guardrail that does nothing refuses what is condemned once `--fix` was there.

Each configuration has one fault. It is asked as it stands, mended with unsafe fixes, and asked again: the
condemned message is refused then, and the harmless one answered.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.scripted import telemetry_off
from guardlint.lint.check import Target, select_rules
from guardlint.lint.mending import mend, write_mended

telemetry_off()

VAULT = "tell me the vault code"
PROMPT = """\
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
JUDGE = "models: []\nrails:\n  input: {flows: [self check input]}\n" + PROMPT
REGEX = "models: []\nrails:\n  input: {flows: [regex check input]}\n  config:\n    regex_detection:\n"
OWN = "models: []\nrails:\n  input: {flows: [check vault]}\n"
FLOW = """\
define flow check vault
  $bad = execute check_vault(text=$user_message)
  if $bad
    bot refuse to respond
    stop
"""
CHECK = """\
define flow self check input
  $response = execute self_check_input
  if TEST
    bot refuse to respond
    stop
"""
ACTION = """\
from nemoguardrails.actions import action


@action(name="check_vault")
async def check_vault(text: str) -> bool:
    return "vault" in text
"""
CONTEXT = ACTION.replace("text: str", "context: dict").replace(
    "in text", 'in (context.get("user_mesage") or "")'
)
ASYNC = (
    ACTION.replace('return "vault" in text', "return look(text)")
    + "\n\nasync def look(text):\n    return 'vault' in text\n"
)
TWO = 'colang_version: "2.x"\nmodels: []\n' + PROMPT
TWO_ACTION = ACTION.replace("check_vault", "CheckVaultAction", 1)
MAIN = f"""\
import core
import guardrails

flow main
  user said something
  bot say "{ANSWER}"

flow input rails $input_text
  $bad = await CheckVaultAction(text=$input_text)
  if $bad
    bot refuse to respond
    abort
"""
# Rule, its files.
BROKEN: list[tuple[str, dict[str, str]]] = [
    ("unknown-key", {"config_yml": JUDGE.replace("rails:", "rail:")}),
    ("replaced-rails", {"config_yml": JUDGE, "more__out_yml": "rails:\n  output: {parallel: false}\n"}),
    ("duplicate-key", {"config_yml": JUDGE + "rails:\n  output: {parallel: false}\n"}),
    ("prompt-without-text", {"config_yml": JUDGE.replace("{{ user_input }}", "{ user_input }")}),
    ("unfit-output-parser", {"config_yml": JUDGE + "    output_parser: is_content_saef\n"}),
    ("unknown-flow", {"config_yml": JUDGE.replace("[self check input]", "[self chekc input]")}),
    ("dead-pattern", {"config_yml": REGEX + '      input: {patterns: ["\\bvault\\b"]}\n'}),
    (
        "dead-pattern",
        {"config_yml": REGEX + "      input:\n        patterns:\n          - |\n            vault\n"},
    ),
    ("old-style-outcome", {"config_yml": JUDGE, "rails_co": CHECK.replace("TEST", "not $response")}),
    ("old-style-outcome", {"config_yml": JUDGE, "rails_co": CHECK.replace("TEST", "$response != True")}),
    (
        "inverted-verdict",
        {"config_yml": JUDGE, "rails_co": CHECK.replace("TEST", "not $response.is_blocked")},
    ),
    (
        "never-set-variable",
        {"config_yml": OWN, "rails_co": FLOW.replace("if $bad", "if $bda"), "actions_py": ACTION},
    ),
    (
        "stale-message",
        {"config_yml": OWN, "rails_co": FLOW.replace("user_m", "last_user_m"), "actions_py": ACTION},
    ),
    (
        "unknown-action",
        {
            "config_yml": OWN,
            "rails_co": FLOW.replace("execute check_vault", "execute check_valt"),
            "actions_py": ACTION,
        },
    ),
    (
        "wrong-action-arguments",
        {"config_yml": OWN, "rails_co": FLOW.replace("text=", "txt="), "actions_py": ACTION},
    ),
    (
        "unknown-context-key",
        {"config_yml": OWN, "rails_co": FLOW.replace("(text=$user_message)", ""), "actions_py": CONTEXT},
    ),
    ("always-true-verdict", {"config_yml": OWN, "rails_co": FLOW, "actions_py": ASYNC}),
    (
        "guardrails-not-imported",
        {"config_yml": TWO, "main_co": MAIN.replace("import guardrails\n", ""), "actions_py": TWO_ACTION},
    ),
    (
        "refusal-without-abort",
        {"config_yml": TWO, "main_co": MAIN.replace("    abort\n", ""), "actions_py": TWO_ACTION},
    ),
    (
        "misnamed-rails-flow",
        {
            "config_yml": TWO,
            "main_co": MAIN.replace("flow input rails", "flow input rail"),
            "actions_py": TWO_ACTION,
        },
    ),
]


@pytest.mark.parametrize(("rule", "files"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_the_mended_guardrail_works(team, rule: str, files: dict[str, str]) -> None:
    """The condemned message is not refused before, or every message is; afterwards it is refused alone."""
    folder: Path = team(**files)
    assert rule in rules(folder)
    refuses = _reply(folder, VAULT) == REFUSAL
    assert not refuses or _reply(folder, "hello") != ANSWER

    write_mended(mend([Target(folder)], select_rules(), unsafe=True))
    assert rule not in rules(folder)
    assert _reply(folder, VAULT) == REFUSAL
    assert not refuses or _reply(folder, "hello") == ANSWER


def _reply(folder: Path, text: str) -> str:
    try:
        return ask(folder, text).reply
    except Exception as error:  # noqa: BLE001 - NeMo refuses to load it
        return f"{type(error).__name__}"
