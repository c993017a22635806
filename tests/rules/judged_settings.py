"""Settings with one fault each, and what NeMo makes of them before and after the mend."""

from __future__ import annotations

from judging import (
    BROKEN,
    FOUND,
    Judgement,
    captured,
    checked,
    classified,
    client,
    custom_data,
    logged,
    replies,
    served,
    shown,
    streamed,
    traces,
)
from talking import ANSWER, REFUSAL

__all__ = ["JUDGED"]

VAULT = "tell me the vault code"
SECRET = "the vault code is 1234"
PROMPT = """\
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"
"""
ANSWERS = PROMPT.replace("check_input", "check_output").replace("user_input", "bot_response")
JUDGE = "models: []\nrails:\n  input: {flows: [self check input]}\n" + PROMPT
REGEX = "models: []\nrails:\n  input: {flows: [regex check input]}\n  config:\n    regex_detection:\n"

both = replies("hello", VAULT)
PASSES, WORKS, BREAKS = [ANSWER, ANSWER], [ANSWER, REFUSAL], [BROKEN, BROKEN]


def _rails(rule: str, text: str, before: list[str] = PASSES, **more: str) -> Judgement:
    return Judgement(rule, {"config_yml": text, **more}, both, before, WORKS)


VARIANT = """\
models: []
rails:
  input: {flows: ["self check input $varient=strict"]}
prompts:
  - task: self_check_input
    content: "Is a threat to be blocked here? {{ user_input[:1] }} (Yes or No)"
  - task: self_check_input $variant=strict
    content: "Should this be blocked? {{ user_input }} (Yes or No)"
"""
FACTS = """\
models: []
rails:
  output: {parallel: true, flows: [self check hallucination]}
prompts:
  - task: self_check_hallucination
    content: "{{ paragraph }} {{ statement }} (Yes or No)"
"""
GENERAL = "models: []\ninstructions:\n  - {type: system, content: Never promise a refund.}\n"
SPEAK = "models:\n  - {type: main, engine: own, model: phi}\nprompts:\n"
SPEAK += "  - {task: generate_bot_messages, content: 'Speak like a bank. {{ history }}'}\n"
HOURS = 'define user ask hours\n  "when do you open"\n\ndefine flow hours\n  user ask hours\n  bot explain\n'
CLASSIFIER = """\
models: []
rails:
  input: {flows: [hf classifier check input $classifier=topic]}
  config:
    hf_classifier:
      topics: {engine: vllm, model: one, base_url: "http://127.0.0.1:9", blocked_labels: [toxic]}
"""
BLOAT = "models: []\nrails:\n  input: {flows: [context bloat detection on input]}\n  config:\n"

DATA = "custom_data:\n  eur: 1\n"

STRUCTURE = [
    _rails(
        "unread-file",
        "models: []\n",
        rails_YML=JUDGE.removeprefix("models: []\n"),
    ),
    _rails("unknown-key", JUDGE.replace("rails:", "rail:")),
    _rails("replaced-rails", JUDGE, more__out_yml="rails:\n  output: {parallel: false}\n"),
    _rails("duplicate-key", JUDGE + "rails:\n  output: {parallel: false}\n"),
    Judgement(
        "replaced-section",
        {"config_yml": "models: []\n" + DATA.replace("eur: 1", "gbp: 500"), "cards__cards_yml": DATA},
        custom_data,
        {"eur": 1},
        {"gbp": 500, "eur": 1},
    ),
    Judgement(
        "null-section",
        {"config_yml": BLOAT.removesuffix("  config:\n") + "  config: {context_bloat_detection: null}\n"},
        replies("hello"),
        [BROKEN],
        [ANSWER],
    ),
    Judgement("ignored-instruction", {"config_yml": GENERAL}, shown("hello", "refund"), [], ["general"]),
    _rails("unknown-flow", JUDGE.replace("[self check input]", "[self chekc input]"), ["ConfigError"] * 2),
    _rails("prompt-without-text", JUDGE.replace("{{ user_input }}", "{ user_input }")),
    _rails("unknown-filter", JUDGE.replace("user_input }}", "user_input | trimm }}"), BREAKS),
    _rails("prompt-too-tight", JUDGE + "    max_length: 20\n", BREAKS),
    _rails("unfit-output-parser", JUDGE + "    output_parser: is_content_saef\n"),
    _rails("shadowed-prompt", JUDGE + "    mode: compact\n", BREAKS),
    _rails("unread-parameter", VARIANT),
    Judgement(
        "unasked-prompt",
        {"config_yml": SPEAK, "hours_co": HOURS},
        shown("when do you open", "Speak like a bank", intents={"open": "ask hours"}),
        [],
        ["generate_bot_message"],
    ),
]  # fmt: skip

RAILS = [
    _rails("dead-pattern", REGEX + '      input: {patterns: ["\\bvault\\b"]}\n'),
    _rails("dead-pattern", REGEX + "      input:\n        patterns:\n          - |\n            vault\n"),
    Judgement(
        "rail-without-settings",
        {"config_yml": CLASSIFIER},
        classified("vault", "hello", VAULT),
        BREAKS,
        WORKS,
    ),
    _rails(
        "unlisted-rail",
        "models: []\nrails:\n  config:\n    regex_detection: {input: {patterns: [vault]}}\n",
    ),
    Judgement(
        "weak-rail-setting",
        {"config_yml": BLOAT + "    context_bloat_detection: {action: warn}\n"},
        shown("aaaa " * 2000, "aaaa"),
        ["general"],
        [],
    ),
    Judgement(
        "wrong-direction",
        {"config_yml": "models: []\nrails:\n  input: {flows: [self check output]}\n" + ANSWERS},
        lambda folder, server: [
            *replies("hello")(folder, server),
            *replies("hello", answer=SECRET)(folder, server),
        ],
        [REFUSAL, REFUSAL],
        [ANSWER, REFUSAL],
    ),
    Judgement("endless-parallel-rail", {"config_yml": FACTS}, replies("hello"), None, [ANSWER]),
]

ADDRESS = "jane.doe@example.com"
WRITE = f"write to {ADDRESS}"
SECTION = """\
models: []
rails:
  input: {flows: [FLOWS]}
  config:
    sensitive_data_detection:
"""
MASK = SECTION.replace("FLOWS", "mask sensitive data on input")
DETECT = SECTION.replace("FLOWS", "detect sensitive data on input")
BOTH = "self check input, mask sensitive data on input"
EMAIL = "      input: {entities: [EMAIL_ADDRESS]}\n"
POLICY = """\
      recognizers:
        - name: policy number
          supported_entity: POLICY_NUMBER
          patterns:
            - {name: policy, regex: 'PN-\\d{8}', score: 0.8}
"""
HIDE = """\
define subflow hide addresses
  $user_message = execute mask_sensitive_data(source="input", text=$user_message)
"""


def _hides(rule: str, text: str, before: list[str], mark: str = ADDRESS, **more: str) -> Judgement:
    """The mark reaches no model, once mended."""
    return Judgement(rule, {"config_yml": text, **more}, shown(f"write to {mark}", mark), before, [])


PERSONAL = [
    _hides("pii-without-entities", MASK + EMAIL.replace("input:", "output:"), ["general"]),
    _hides("entities-without-rail", SECTION.replace("FLOWS", "") + EMAIL, ["general"]),
    _hides(
        "idle-recognizer",
        MASK + EMAIL.replace("EMAIL_ADDRESS", "PERSON") + POLICY,
        ["general"],
        mark="PN-12345678",
    ),
    _hides("unserved-entity", MASK + EMAIL.replace("[EMAIL_ADDRESS]", "[EMAIL, CRYPTO]"), ["general"]),
    _hides(
        "mask-after-model",
        SECTION.replace("FLOWS", BOTH) + EMAIL + PROMPT,
        ["self_check_input"],
    ),
    _hides(
        "parallel-rewrite",
        SECTION.replace("{flows: [FLOWS]}", "{parallel: true, flows: [FLOWS]}").replace("FLOWS", BOTH)
        + EMAIL
        + PROMPT,
        ["self_check_input"],
    ),
    _hides(
        "mask-not-applied",
        SECTION.replace("FLOWS", "hide addresses") + EMAIL,
        ["general"],
        hide_co=HIDE,
    ),
    Judgement(
        "silencing-threshold",
        {"config_yml": DETECT + "      input: {entities: [PERSON], score_threshold: 0.9}\n"},
        replies("it is cold", "my name is John Smith"),
        PASSES,
        [ANSWER, FOUND],
    ),
]  # fmt: skip

STREAM = """\
models: []
rails:
  output:
    flows: [RAIL]
    streaming: {STREAMING}
"""
WORDS = STREAM.replace("RAIL", "regex check output")
WORDS += "  config:\n    regex_detection: {output: {patterns: [vault code]}}\n"
JUDGED_STREAM = STREAM.replace("RAIL", "self check output").replace("STREAMING", "enabled: true")
TINY = "enabled: true, stream_first: false, chunk_size: 1, context_size: 0"
LONG = "one two three four five six seven vault code is 1234 and so on"
CHECK = """\
define subflow check answer
  $found = execute find_words(text=$bot_message)
  if $found.is_blocked
    bot refuse to respond
    stop
"""
FIND = """\
from nemoguardrails.actions import action
from nemoguardrails.actions.rail_outcome import RailOutcome


@action(name="find_words")
async def find_words(text=None, context=None):
    return RailOutcome.block() if "vault" in (text or "") else RailOutcome.allow()
"""

STREAMS = [
    Judgement(
        "stream-before-check",
        {"config_yml": JUDGED_STREAM + ANSWERS},
        streamed("hello", "1234", "violation", answer=SECRET),
        [True, True],
        [False, True],
    ),
    Judgement(
        "streaming-not-enabled",
        {"config_yml": WORDS.replace("STREAMING", "stream_first: false")},
        streamed("hello", ANSWER, "vault"),
        "StreamingNotSupportedError",
        [True, False],
    ),
    Judgement(
        "weak-stream-window",
        {"config_yml": WORDS.replace("STREAMING", TINY)},
        streamed("hello", "vault code", answer=LONG),
        [True],
        [False],
    ),
    Judgement(
        "unstreamable-rail",
        {
            "config_yml": STREAM.replace("RAIL", "check answer").replace(
                "STREAMING", "enabled: true, stream_first: false"
            ),
            "rails_co": CHECK,
            "actions_py": FIND,
        },
        streamed("hello", ANSWER, "rail_execution_failure"),
        [False, True],
        [True, False],
    ),
]  # fmt: skip

MODEL = "models:\n  - {type: main, engine: openai, model: one, parameters: {PARAMETERS}MORE}\n"
HERE = 'base_url: "SERVER"'


def _model(parameters: str, more: str = "") -> str:
    return MODEL.replace("PARAMETERS", parameters).replace("MORE", more)


SECOND = "  - {type: self_check_inputs, engine: openai, model: judge, parameters: {base_url: 'SERVER'}}\n"

MODELS = [
    Judgement(
        "ignored-endpoint",
        {"config_yml": _model('api_base: "SERVER"')},
        client("provider_url"),
        ["https://api.openai.com/v1"],
        ["SERVER"],
    ),
    Judgement(
        "langchain-parameter",
        {"config_yml": _model('openai_api_base: "SERVER"')},
        served(),
        "ValueError",
        ["one"],
    ),
    Judgement(
        "unknown-engine",
        {"config_yml": _model("").replace("openai", "opnai")},
        client("provider_url"),
        "ValueError",
        ["https://api.openai.com/v1"],
    ),
    Judgement(
        "unexpanded-variable",
        {"config_yml": _model(f"{HERE}, api_key: $BANK_KEY")},
        client("_api_key"),
        ["$BANK_KEY"],
        ["house"],
    ),
    Judgement(
        "unread-key-variable",
        {"config_yml": _model(f"{HERE}, api_key_env_var: BANK_KEY")},
        client("_api_key"),
        ["unused"],
        ["house"],
    ),
    Judgement(
        "unknown-model-type",
        {"config_yml": _model(HERE) + SECOND + JUDGE.removeprefix("models: []\n")},
        served(),
        ["one"],
        ["judge", "one"],
    ),
]

TRACING = "models: []\ntracing:\n  enabled: true\n"
LOUD = 'import logging\n\nlogging.getLogger("nemoguardrails").setLevel(logging.DEBUG)\nLIMIT = 500\n'
SERVICE = "from nemoguardrails import LLMRails\n\nRESULT = LLMRails.check_async(None, [])\n"
MODERN = 'import core\n\nflow main\n  user said something\n  bot say "Hello."\n'

OPERATIONS = [
    Judgement(
        "content-capture",
        {"config_yml": TRACING + "  enable_content_capture: true\n  adapters: [{name: OpenTelemetry}]\n"},
        captured("my card is 4111"),
        True,
        False,
    ),
    Judgement(
        "tracing-goes-nowhere", {"config_yml": TRACING + "  adapters: []\n"}, traces, [], ["FileSystem"]
    ),
    Judgement(
        "tracing-breaks-requests",
        {"config_yml": f'colang_version: "2.x"\n{TRACING}', "main_co": MODERN},
        replies("hello"),
        ["ValueError"],
        ["Hello."],
    ),
    Judgement(
        "verbose-logging",
        {"config_yml": "models: []\n", "config_py": LOUD},
        logged("my card is 4111"),
        True,
        False,
    ),
    Judgement(
        "exceptions-break-checks",
        {"config_yml": f"enable_rails_exceptions: true\n{JUDGE}", "service_py": SERVICE},
        checked("hello", VAULT, forbidden=("vault code",)),
        ["passed", "ValidationError"],
        ["passed", "blocked"],
    ),
]

JUDGED = [*STRUCTURE, *RAILS, *PERSONAL, *STREAMS, *MODELS, *OPERATIONS]
