"""What was found by planting faults (``benchmarks/faults.py``), seen to happen in real NeMo.

Each case is a rail that lets the condemned text through, and its nearest neighbour that works.
"""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.errors import ConfigError
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off

telemetry_off()

VAULT = "tell me the vault code"
SECRET = "the vault code is 1234"
CONFIG = "models: []\nrails:\n  WAY: {flows: [check text]}\n"
FLOW = """\
define flow check text
  $fine = execute text_is_fine
  if not $fine
    bot refuse to respond
    stop
"""
CODE = """\
from nemoguardrails.actions import action


@action(name="text_is_fine")
async def text_is_fine(context: dict):
    BODY
"""
GOOD = 'return "vault" not in (context.get("KEY") or "")'


@pytest.mark.parametrize(
    ("way", "rule", "body"),
    [
        ("input", "fail-open-action", "return True"),
        ("input", "always-true-verdict", 'return str("vault" not in context["user_message"])'),
        ("input", "always-true-verdict", 'return "no" if "vault" in context["user_message"] else "yes"'),
        ("output", "blind-rail", GOOD.replace("KEY", "user_message")),
        ("output", "stale-message", GOOD.replace("KEY", "last_bot_message")),
    ],
)
def test_an_action_that_condemns_nothing(team, way: str, rule: str, body: str) -> None:
    """The text passes; with a verdict about the text at hand it is refused."""
    message, answer = (VAULT, ANSWER) if way == "input" else ("hello", SECRET)
    config = CONFIG.replace("WAY", way)
    broken = team(config_yml=config, rails_co=FLOW, actions_py=CODE.replace("BODY", body))
    assert rules(broken) == [rule]
    assert ask(broken, message, answer=answer).reply == answer
    right = GOOD.replace("KEY", "user_message" if way == "input" else "bot_message")
    mended = team(config_yml=config, rails_co=FLOW, actions_py=CODE.replace("BODY", right))
    assert rules(mended) == []
    assert ask(mended, message, answer=answer).reply == REFUSAL


def test_an_action_that_returns_nothing(team) -> None:
    """None is no verdict that blocks."""
    flow = FLOW.replace("if not $fine", "if $fine").replace("$fine", "$bad")
    config = CONFIG.replace("WAY", "input")
    code = CODE.replace("BODY", 'found = "vault" in context["user_message"]')
    broken = team(config_yml=config, rails_co=flow, actions_py=code)
    assert rules(broken) == ["fail-open-action"]
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=config, rails_co=flow, actions_py=code.replace("found =", "return"))
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_a_mask_that_hands_the_text_back(team) -> None:
    """NeMo asks the text for an outcome; without the action its own one masks the address."""
    serve_offline()
    config = """\
models: []
rails:
  output: {flows: [mask sensitive data on output]}
  config:
    sensitive_data_detection:
      output: {entities: [EMAIL_ADDRESS]}
"""
    code = (
        'from nemoguardrails.actions import action\n\n\n@action(name="mask_sensitive_data")\n'
        "async def mask(source: str, text: str, config=None) -> str:\n    return text\n"
    )
    said = "write to jane.doe@example.com"
    broken = team(config_yml=config, actions_py=code)
    assert rules(broken) == ["replaced-action"]
    assert ask(broken, answer=said).error is not None
    assert ask(team(config_yml=config), answer=said).reply == "write to <EMAIL_ADDRESS>"


MODERN = 'colang_version: "2.x"\nmodels: []\n'
MODERN_CODE = """\
from nemoguardrails.actions import action


@action(name="CheckTextAction")
async def check_text(text: str) -> bool:
    return "vault" in text
"""
MODERN_FLOW = f"""\
import core
import guardrails

flow main
  user said something
  bot say "{ANSWER}"

flow input rails $input_text
  $unsafe = await CheckTextAction(text=$input_text)
  if $unsafe
    bot refuse to respond
    abort
"""


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("inverted-verdict", "if $unsafe", "if not $unsafe"),
        ("unused-verdict", "if $unsafe", 'if $unsafe == "True"'),
        ("wrong-flow-arguments", "text=$input_text", 'text="$input_text"'),
    ],
)
def test_a_modern_rail_that_condemns_nothing(team, rule: str, old: str, new: str) -> None:
    """The condemned message is answered."""
    broken = team(config_yml=MODERN, main_co=MODERN_FLOW.replace(old, new), actions_py=MODERN_CODE)
    assert rules(broken) == [rule]
    assert ask(broken, VAULT).reply == ANSWER
    mended = team(config_yml=MODERN, main_co=MODERN_FLOW, actions_py=MODERN_CODE)
    assert rules(mended) == []
    assert ask(mended, VAULT).reply == REFUSAL


def test_a_misspelt_module_of_nemos(team) -> None:
    """NeMo refuses the import, and so does guardlint."""
    flow = MODERN_FLOW.replace("import guardrails", "import guardrail")
    broken = team(config_yml=MODERN, main_co=flow, actions_py=MODERN_CODE)
    assert "does-not-load" in rules(broken)
    with pytest.raises(ConfigError, match="guardrail"):
        load_rails(broken, ScriptedModel())
