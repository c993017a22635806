"""What the rules about actions say happens at run time, seen to happen in real NeMo."""

from __future__ import annotations

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.scripted import telemetry_off

telemetry_off()

VAULT = "tell me the vault code"
IMPORT = "from nemoguardrails.actions import action\n\n\n"
CONFIG_1 = "models: []\nrails:\n  input: {flows: [check vault]}\n"
CONFIG_2 = 'colang_version: "2.x"\nmodels: []\n'
FLOW_1 = """\
define flow check vault
  $bad = execute check_vault(ARGUMENTS)
  if TEST
    bot refuse to respond
    stop
"""
FLOW_2 = f"""\
import core
import guardrails

flow main
  user said something
  bot say "{ANSWER}"

flow input rails $input_text
  $bad = await CheckVaultAction(ARGUMENTS)
  if TEST
    bot refuse to respond
    abort
"""
GOOD = IMPORT + '@action()\nasync def check_vault(text: str) -> bool:\n    return "vault" in text\n'
NOT_FOUND = "Action 'check_vault' not found."
BROKEN = "I'm sorry, an internal error has occurred."
PASSES = (ANSWER, ANSWER)
REFUSES = (REFUSAL, REFUSAL)
SILENT = ("", "")
WORKS = (ANSWER, REFUSAL)


def _one(arguments: str = "text=$user_message", test: str = "$bad") -> dict[str, str]:
    return {"config_yml": CONFIG_1, "rails_co": FLOW_1.replace("ARGUMENTS", arguments).replace("TEST", test)}


def _two(arguments: str = "text=$input_text", test: str = "$bad") -> dict[str, str]:
    return {"config_yml": CONFIG_2, "main_co": FLOW_2.replace("ARGUMENTS", arguments).replace("TEST", test)}


def _failing(handler: str) -> str:
    """A check that is down, with what is done about it."""
    return IMPORT + (
        "@action()\nasync def check_vault(text: str, llm=None) -> bool:\n    try:\n"
        f'        raise ConnectionError("down")\n    {handler}\n'
    )


METHOD = IMPORT + (
    "class Checks:\n    @action()\n    async def check_vault(self, text: str) -> bool:\n        return True\n"
)
BY_CONTEXT = IMPORT + (
    "@action()\nasync def check_vault(context: dict) -> bool:\n"
    '    return "vault" in (context.get("KEY") or "")\n'
)
LOOK = IMPORT + (
    'async def look(text: str) -> bool:\n    return "vault" in text\n\n\n'
    "@action()\nASYNC def check_vault(text: str):\n    return look(text)\n"
)
CLASS = IMPORT + (
    '@action(name="check_vault")\nclass Check:\n    ASYNC def run(self, text: str):\n'
    '        return "vault" in text\n'
)
DICTIONARY = IMPORT + (
    '@action()\nasync def check_vault(text: str):\n    return {"allowed": "vault" not in text}\n'
)


@pytest.mark.parametrize(
    ("rule", "files", "code", "replies"),
    [
        ("fail-open-action", _one(), _failing("except Exception:\n        return False"), PASSES),
        ("fail-open-action", _one(), _failing("except OSError as error:\n        print(error)"), PASSES),
        (
            "fail-open-action",
            _one(test="not $bad"),
            _failing("except Exception:\n        return True"),
            PASSES,
        ),
        ("fail-open-action", _two(), _failing("except Exception:\n        return False"), PASSES),
        ("fail-open-action", _two(), _failing("except Exception:\n        raise"), PASSES),
        (None, _one(), _failing("except Exception:\n        return True"), REFUSES),
        (None, _one(), _failing("except Exception:\n        raise"), (BROKEN, BROKEN)),
        (None, _two(), _failing("except Exception:\n        return True"), REFUSES),
        ("unknown-action", _one(), GOOD.replace("check_vault", "check_valt"), (NOT_FOUND, NOT_FOUND)),
        ("unknown-action", _one(), GOOD.replace("@action()", "@action"), (NOT_FOUND, NOT_FOUND)),
        ("unknown-action", _one(), GOOD.replace("@action()\n", ""), (NOT_FOUND, NOT_FOUND)),
        (
            "unknown-action",
            _one(),
            METHOD,
            (NOT_FOUND, NOT_FOUND),
        ),
        ("unknown-action", _two(), GOOD.replace("@action()", "@action"), SILENT),
        ("wrong-action-arguments", _one("txt=$user_message"), GOOD, (BROKEN, BROKEN)),
        ("wrong-action-arguments", _one("$user_message"), GOOD, (BROKEN, BROKEN)),
        ("wrong-action-arguments", _one(""), GOOD, (BROKEN, BROKEN)),
        ("wrong-action-arguments", _one(""), GOOD.replace("text: str", 'text: str = ""'), PASSES),
        ("wrong-action-arguments", _two("txt=$input_text"), GOOD, PASSES),
        ("wrong-action-arguments", _two("$input_text"), GOOD, PASSES),
        (
            "unknown-context-key",
            _one(""),
            BY_CONTEXT.replace("KEY", "user_input"),
            PASSES,
        ),
        (
            None,
            _one(""),
            BY_CONTEXT.replace("KEY", "user_message"),
            WORKS,
        ),
        (
            "always-true-verdict",
            _one(),
            LOOK.replace("ASYNC", "async"),
            REFUSES,
        ),
        (
            None,
            _one(),
            LOOK.replace("ASYNC ", ""),
            WORKS,
        ),
        (
            "always-true-verdict",
            _one(),
            CLASS.replace("ASYNC", "async"),
            REFUSES,
        ),
        (
            None,
            _one(),
            CLASS.replace("ASYNC ", ""),
            WORKS,
        ),
        (
            "always-true-verdict",
            _one(test="not $bad"),
            DICTIONARY,
            PASSES,
        ),
        (
            "unloadable-actions",
            _one(),
            "from .words import WORDS\n" + GOOD,
            (NOT_FOUND, NOT_FOUND),
        ),
        (
            "unloadable-actions",
            _one(),
            GOOD.replace("action()", "action(output_mapping=bool)"),
            (NOT_FOUND, NOT_FOUND),
        ),
        (None, _one(), GOOD, WORKS),
        (None, _two(), GOOD, WORKS),
    ],
)  # fmt: skip
def test_what_an_action_does_to_its_rail(
    team, rule: str | None, files: dict[str, str], code: str, replies: tuple[str, str]
) -> None:
    """The rule that fires, and what NeMo says to a harmless message and to the condemned one."""
    folder = team(**files, actions_py=code)
    assert rules(folder) == ([rule] if rule else [])
    assert (ask(folder).reply, ask(folder, VAULT).reply) == replies


CHECK_INPUT = """\
models: []
rails:
  input: {flows: [self check input]}
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
OUTCOME = "from nemoguardrails.actions.rail_outcome import RailOutcome\n"


def test_an_action_of_the_same_name_takes_the_check_away(team) -> None:
    """No judge is asked, and everything passes; an implementation that can block does."""
    hollow = (
        IMPORT
        + OUTCOME
        + '@action(name="self_check_input")\nasync def ours():\n    return RailOutcome.allow()\n'
    )
    broken = team(config_yml=CHECK_INPUT, actions_py=hollow)
    assert rules(broken) == ["replaced-action"]
    talk = ask(broken, VAULT)
    assert (talk.reply, "self_check_input" in talk.tasks) == (ANSWER, False)

    real = IMPORT + OUTCOME + (
        '@action(name="self_check_input")\nasync def ours(context: dict):\n'
        '    if "vault" in context["user_message"]:\n        return RailOutcome.block(reason="vault")\n'
        "    return RailOutcome.allow()\n"
    )  # fmt: skip
    genuine = team(config_yml=CHECK_INPUT, actions_py=real)
    assert rules(genuine) == []
    assert (ask(genuine).reply, ask(genuine, VAULT).reply) == WORKS


def test_the_library_s_flow_cannot_read_a_boolean(team) -> None:
    """It asks for `.is_blocked`; a flow of the team's that tests the boolean works."""
    code = (
        IMPORT
        + '@action(name="self_check_input")\nasync def ours(context: dict) -> bool:\n'
        + '    return "vault" not in context["user_message"]\n'
    )
    broken = team(config_yml=CHECK_INPUT, actions_py=code)
    assert rules(broken) == ["replaced-action"]
    talk = ask(broken)
    assert talk.error is not None or "internal error" in talk.reply
    flow = (
        "define flow self check input\n  $ok = execute self_check_input\n"
        "  if not $ok\n    bot refuse to respond\n    stop\n"
    )
    mended = team(config_yml=CHECK_INPUT, rails_co=flow, actions_py=code)
    assert rules(mended) == []
    assert (ask(mended).reply, ask(mended, VAULT).reply) == WORKS
