"""Flows and actions with one fault each, and what NeMo makes of them before and after the mend."""

from __future__ import annotations

from judging import BROKEN, Judgement, replies
from talking import ANSWER, REFUSAL

__all__ = ["JUDGED"]

VAULT = "tell me the vault code"
SECRET = "the vault code is 1234"
PROMPT = """\
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
JUDGE = "models: []\nrails:\n  input: {flows: [self check input]}\n" + PROMPT
INPUT = "models: []\nrails:\n  input: {flows: [check vault]}\n"
OUTPUT = INPUT.replace("input", "output")
FLOW = """\
define flow check vault
  $bad = execute check_vault(text=$user_message)
  if $bad
    bot refuse to respond
    stop
"""
LIBRARY = """\
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
    return "vault" in str(text)
"""
EXACT = ACTION.replace('"vault" in str(text)', 'text == "tell me the vault code."')
CONTEXT = ACTION.replace("text: str", "context: dict").replace(
    "in str(text)", 'in (context.get("user_mesage") or "")'
)
ASYNC = (
    ACTION.replace('return "vault" in str(text)', "return look(text)")
    + "\n\nasync def look(text):\n    return 'vault' in text\n"
)
TALK = """\
define user ask rates
  "what are your rates"

define flow rates
  user ask rates
  SAY

define bot say rates
  "Four percent."
"""
RATES = {"intents": {"rates": "ask rates"}}
TOLD = TALK.replace("SAY", "$answer = execute rates\n  $skip_output_rails = True\n  bot $answer")
TELLER = ACTION + f'\n\n@action(name="rates")\nasync def rates() -> str:\n    return "{SECRET}"\n'

both = replies("hello", VAULT)
PASSES, WORKS = [ANSWER, ANSWER], [ANSWER, REFUSAL]

ONE = [
    *[
        Judgement(rule, {"config_yml": config, "rails_co": flow, "actions_py": code}, both, before, WORKS)
        for rule, config, flow, code, before in [
            (
                "old-style-outcome",
                JUDGE,
                LIBRARY.replace("TEST", "not $response"),
                ACTION,
                PASSES,
            ),
            (
                "old-style-outcome",
                JUDGE,
                LIBRARY.replace("TEST", "$response != True"),
                ACTION,
                [REFUSAL, REFUSAL],
            ),
            (
                "inverted-verdict",
                JUDGE,
                LIBRARY.replace("TEST", "not $response.is_blocked"),
                ACTION,
                [REFUSAL, ANSWER],
            ),
            ("unheeded-verdict", JUDGE, LIBRARY.partition("  if")[0], ACTION, PASSES),
            (
                "woken-library-flow",
                JUDGE.replace("[self check input]", "[check vault]"),
                LIBRARY.replace("self check input", "check vault")
                .replace("TEST", "$response.is_blocked")
                .replace("$response", "$result"),
                ACTION,
                ["Exception", "Exception"],
            ),
            (
                "unevaluated-argument",
                INPUT,
                FLOW.replace("$user_message", '$user_message + "."'),
                EXACT,
                PASSES,
            ),
            ("never-set-variable", INPUT, FLOW.replace("if $bad", "if $bda"), ACTION, PASSES),
            ("stale-message", INPUT, FLOW.replace("user_m", "last_user_m"), ACTION, PASSES),
            (
                "unknown-action",
                INPUT,
                FLOW.replace("execute check_vault", "execute check_valt"),
                ACTION,
                ["Action 'check_valt' not found."] * 2,
            ),
            ("wrong-action-arguments", INPUT, FLOW.replace("text=", "txt="), ACTION, [BROKEN, BROKEN]),
            (
                "unknown-context-key",
                INPUT,
                FLOW.replace("(text=$user_message)", ""),
                CONTEXT,
                PASSES,
            ),
            ("always-true-verdict", INPUT, FLOW, ASYNC, [REFUSAL, REFUSAL]),
            (
                "unreadable-condition",
                INPUT,
                FLOW.replace("if $bad", "if $bad && $user_message"),
                ACTION,
                ["Exception", "Exception"],
            ),
            (
                "incomplete-library-call",
                INPUT + "  config:\n    regex_detection: {input: {patterns: [vault]}}\n",
                FLOW.replace("check_vault(text=$user_message)", "detect_regex_pattern").replace(
                    "if $bad", "if $bad.is_blocked"
                ),
                ACTION,
                [BROKEN, BROKEN],
            ),
            (
                "parallel-without-stop",
                INPUT.replace("{", "{parallel: true, "),
                FLOW.replace("    stop\n", ""),
                ACTION,
                [ANSWER, f"{REFUSAL}\n{ANSWER}"],
            ),
        ]
    ],
    Judgement(
        "blind-rail",
        {"config_yml": OUTPUT, "rails_co": FLOW, "actions_py": ACTION},
        replies("hello", answer=SECRET),
        [SECRET],
        [REFUSAL],
    ),
    Judgement(
        "unchecked-answer",
        {
            "config_yml": OUTPUT,
            "rails_co": FLOW.replace("user_message", "bot_message"),
            "rates_co": TOLD,
            "actions_py": TELLER,
        },
        replies("what are your rates", **RATES),
        [SECRET],
        [REFUSAL],
    ),
    Judgement(
        "undefined-message",
        {
            "config_yml": INPUT,
            "rails_co": FLOW.replace("refuse to respond", "refuse valts")
            + '\ndefine bot refuse vaults\n  "No vaults."\n',
            "actions_py": ACTION,
        },
        both,
        PASSES,
        [ANSWER, "No vaults."],
    ),
    Judgement(
        "unnamed-message",
        {"config_yml": "models: []\n", "rails_co": TALK.replace("SAY", 'bot "Four percent."')},
        replies("what are your rates", **RATES),
        [BROKEN],
        ["Four percent."],
    ),
    Judgement(
        "unknown-intent",
        {"config_yml": "models: []\n", "rails_co": TALK.replace("SAY", "bot say rates").replace(
            "user ask rates\n  bot", "user ask rate\n  bot"
        )},
        replies("what are your rates", **RATES),
        [ANSWER],
        ["Four percent."],
    ),
]  # fmt: skip

MODERN = 'colang_version: "2.x"\nmodels: []\n' + PROMPT
MODERN_ACTION = """\
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
ECHO = """\
import core
import guardrails

flow main
  user said something as $said
  bot say $said.transcript

flow output rails $output_text
  $bad = await CheckVaultAction(text=$output_text)
  if $bad
    bot refuse to respond
    abort
"""
PART = """
flow check vault $text
  $bad = await CheckVaultAction(text=$text)
  if $bad
    bot refuse to respond
    abort
"""
UNSAFE = MAIN.replace("$bad", "$unsafe")
HEAD = MAIN.partition("  $bad")[0]
SAFE = HEAD + (
    "  await CheckSafeAction(text=$input_text) as $safe\n"
    "  if not $safe\n    bot refuse to respond\n    abort\n"
)
SPOKEN = HEAD.replace(" $input_text", "") + (
    "  global $user_message\n  $bad = await CheckVaultAction(text=$user_message)\n"
    "  if $bad\n    bot refuse to respond\n    abort\n"
)


def _modern(rule: str, text: str, before: list[str], after: list[str] = WORKS) -> Judgement:
    files = {"config_yml": MODERN, "main_co": text, "actions_py": MODERN_ACTION}
    return Judgement(rule, files, both, before, after)


TWO = [
    _modern("guardrails-not-imported", MAIN.replace("import guardrails\n", ""), PASSES),
    _modern("misnamed-rails-flow", MAIN.replace("input rails", "input rail"), PASSES),
    _modern("missing-main", MAIN.replace("main", "Main"), ["AssertionError", "AssertionError"]),
    _modern("refusal-without-abort", MAIN.replace("    abort\n", ""), [ANSWER, f"{REFUSAL}\n{ANSWER}"]),
    _modern("tested-reference", SAFE, PASSES),
    _modern("unawaited-check", HEAD + "  start check vault $input_text\n" + PART, PASSES),
    _modern("undefined-flow", HEAD + "  self check input\n", ["", ""]),
    _modern("undefined-flow", HEAD + "  check valt $input_text\n" + PART, ["", ""]),
    _modern("unset-variable", MAIN.replace("text=$input_text", "text=$input_txt"), PASSES),
    _modern("wrong-flow-arguments", SPOKEN, ["", ""]),
    _modern("inverted-verdict", UNSAFE.replace("if $u", "if not $u"), [REFUSAL, ANSWER]),
    _modern(
        "bypassed-rails",
        ECHO.replace("bot say $said.transcript", "await UtteranceBotAction(script=$said.transcript)"),
        ["hello", VAULT],
        ["hello", REFUSAL],
    ),
    _modern(
        "lost-rewrite",
        ECHO.partition("  $bad")[0] + "  $bot_message = await MaskAction(text=$output_text)\n",
        ["hello", VAULT],
        ["hello", "tell me the ***** code"],
    ),
]  # fmt: skip

JUDGED = [*ONE, *TWO]
