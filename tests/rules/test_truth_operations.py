"""Streaming, tracing and engines: what the rules say happens at run time, seen to happen."""

from __future__ import annotations

import asyncio
import logging

import pytest
from talking import ANSWER, REFUSAL, ask, rules

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.lint.check import Target, check

telemetry_off()

BAD = "The vault code is 1234 and that is all"
STREAMED = """\
models: []
rails:
  output:
    flows: [check answer]
    streaming: {enabled: true, stream_first: false}
"""
TWO = """\
define subflow check answer
  $tone = execute check_tone
  if $tone.is_blocked
    bot refuse to respond
    stop
  $advice = execute check_advice
  if $advice.is_blocked
    bot refuse to respond
    stop
"""
ACTIONS = """\
from nemoguardrails.actions import action
from nemoguardrails.actions.rail_outcome import RailOutcome


@action(name="check_tone")
async def check_tone(**kwargs):
    return RailOutcome.allow()


@action(name="check_advice")
async def check_advice(PARAMETERS):
    RETURN
"""
OUTCOME = 'return RailOutcome.block() if "vault" in context["bot_message"] else RailOutcome.allow()'


def _actions(parameters: str = "context=None, **kwargs", result: str = OUTCOME) -> str:
    return ACTIONS.replace("PARAMETERS", parameters).replace("RETURN", result)


def test_the_second_check_of_a_flow_is_not_asked_in_a_stream(team) -> None:
    """Whole, the answer is refused; streamed, it arrives. Alone in its flow, the check stops the stream."""
    broken = team(config_yml=STREAMED, rails_co=TWO, actions_py=_actions())
    assert rules(broken) == ["unstreamable-rail"]
    assert ask(broken, answer=BAD).reply == REFUSAL
    assert ask(broken, answer=BAD, stream=True).reply == BAD

    alone = "define subflow check answer\n" + TWO[TWO.index("  $advice") :]
    mended = team(config_yml=STREAMED, rails_co=alone, actions_py=_actions())
    assert rules(mended) == []
    assert "content_blocked" in ask(mended, answer=BAD, stream=True).reply
    assert ask(mended, stream=True).reply == ANSWER


@pytest.mark.parametrize(
    ("parameters", "result"),
    [("context=None, **kwargs", 'return "vault" in context["bot_message"]'), ("context=None", OUTCOME)],
)
def test_an_action_that_streaming_cannot_use_ends_the_stream(team, parameters: str, result: str) -> None:
    """A bool, or a function without room for what NeMo passes: harmless answers become errors too."""
    alone = "define subflow check answer\n" + TWO[TWO.index("  $advice") :]
    if "RailOutcome" not in result:
        alone = alone.replace("$advice.is_blocked", "$advice")
    broken = team(config_yml=STREAMED, rails_co=alone, actions_py=_actions(parameters, result))
    assert "unstreamable-rail" in rules(broken)
    assert ask(broken).reply == ANSWER
    assert "rail_execution_failure" in ask(broken, stream=True).reply


@pytest.mark.parametrize("parallel", [False, True])
def test_a_flow_without_an_action_cannot_check_a_stream(team, parallel: bool) -> None:
    """In parallel mode the condemned words arrive; one after the other, the request fails."""
    text = STREAMED.replace("    streaming", "    parallel: true\n    streaming") if parallel else STREAMED
    flow = 'define subflow check answer\n  if "vault" in $bot_message\n    bot refuse to respond\n    stop\n'
    broken = team(config_yml=text, rails_co=flow)
    # Side by side it never ends where nothing is condemned, streamed or not.
    assert rules(broken) == ["endless-parallel-rail", "unstreamable-rail"][not parallel :]
    assert ask(broken, answer=BAD).reply == REFUSAL
    talk = ask(broken, answer=BAD, stream=True)
    if parallel:
        assert talk.reply == BAD
    else:
        assert isinstance(talk.error, ValueError)


def test_a_test_beside_the_action_is_not_made_in_a_stream(team) -> None:
    """The flow's own test refuses the whole answer and never sees the streamed one."""
    flow = 'define subflow check answer\n  execute check_tone\n  if "vault" in $bot_message\n'
    flow += "    bot refuse to respond\n    stop\n"
    broken = team(config_yml=STREAMED, rails_co=flow, actions_py=_actions())
    assert "unstreamable-rail" in rules(broken)
    assert ask(broken, answer=BAD).reply == REFUSAL
    assert ask(broken, answer=BAD, stream=True).reply == BAD


FACTS = """\
models: []
rails:
  output:
    flows: [self check facts]
    streaming: {enabled: true, stream_first: false}
prompts:
  - task: self_check_facts
    content: "Evidence: {{ evidence }} Hypothesis: {{ response }} Supported (Yes or No)? Answer:"
"""
FEES = """\
define user ask fee
  "what does it cost"

define flow fees
  user ask fee
  $check_facts = True
  bot answer fee question
"""


def test_a_fact_check_has_no_facts_in_a_stream(team) -> None:
    """The same answer is refused whole and delivered streamed, and the judge is not asked."""
    broken = team(config_yml=FACTS, fees_co=FEES)
    assert rules(broken) == ["unstreamable-rail"]
    brain = {"intents": {"cost": "ask fee"}, "answer": "It is free.", "unsupported": ("It is free",)}
    assert "free" not in ask(broken, "what does it cost", **brain).reply
    talk = ask(broken, "what does it cost", stream=True, **brain)
    assert talk.reply == "It is free."
    assert "self_check_facts" not in talk.tasks


REGEX = """\
models: []
rails:
  output:
    flows: [regex check output]
    streaming: {STREAMING}
  config:
    regex_detection:
      output: {patterns: [vault code]}
"""


@pytest.mark.parametrize("setting", ["stream_first: false", "enable: true", "chunk_size: 200"])
def test_a_stream_that_is_not_switched_on_is_refused(team, setting: str) -> None:
    """NeMo raises an error where the stream is asked for."""
    broken = team(config_yml=REGEX.replace("STREAMING", setting))
    assert rules(broken) == ["streaming-not-enabled"]
    assert type(ask(broken, stream=True).error).__name__ == "StreamingNotSupportedError"
    mended = team(config_yml=REGEX.replace("STREAMING", "enabled: true, stream_first: false"))
    assert rules(mended) == []
    assert ask(mended, stream=True).reply == ANSWER


def test_the_old_key_of_streaming_switches_nothing_on(team) -> None:
    """As above, with ``streaming: true`` at the top."""
    broken = team(config_yml="streaming: true\n" + REGEX.replace("    streaming: {STREAMING}\n", ""))
    assert rules(broken) == ["streaming-not-enabled"]
    assert type(ask(broken, stream=True).error).__name__ == "StreamingNotSupportedError"


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ("chunk_size: 1, context_size: 0", "vault code"),
        ("chunk_size: 10, context_size: 1", "code is 1234"),
    ],
)
def test_a_phrase_slips_between_two_pieces(team, sizes: str, words: str) -> None:
    """The whole phrase reaches the reader; with NeMo's own sizes nothing does."""
    streaming = "enabled: true, stream_first: false"
    text = REGEX.replace("vault code", words)
    answer = "one two three four five six seven vault code is 1234 and so on"
    broken = team(config_yml=text.replace("STREAMING", f"{streaming}, {sizes}"))
    assert rules(broken) == ["weak-stream-window"]
    assert ask(broken, answer=answer).reply == REFUSAL
    assert words in ask(broken, answer=answer, stream=True).reply
    mended = team(config_yml=text.replace("STREAMING", streaming))
    assert rules(mended) == []
    assert words not in ask(mended, answer=answer, stream=True).reply


def test_chunks_of_nothing_and_of_less(team) -> None:
    """Text arrives twice, or the request fails."""
    streaming = "enabled: true, stream_first: false"
    twice = team(config_yml=REGEX.replace("STREAMING", f"{streaming}, chunk_size: 0"))
    assert rules(twice) == ["weak-stream-window"]
    assert ask(twice, stream=True).reply.count("Here") > 1
    negative = team(config_yml=REGEX.replace("STREAMING", f"{streaming}, context_size: -1"))
    assert rules(negative) == ["weak-stream-window"]
    assert isinstance(ask(negative, stream=True).error, ValueError)


COLANG_2 = """\
import core

flow main
  activate greeting

flow greeting
  user said something
  bot say "Hello."
"""


def test_tracing_ends_every_request_of_colang_2(team) -> None:
    """The same flows answer without it."""
    text = 'colang_version: "2.x"\nmodels: []\n'
    broken = team(config_yml=text + "tracing: {enabled: true}\n", main_co=COLANG_2)
    assert rules(broken) == ["tracing-breaks-requests"]
    assert "Colang 2.0" in str(ask(broken).error)
    mended = team(config_yml=text + "tracing: {enabled: false}\n", main_co=COLANG_2)
    assert rules(mended) == []
    assert ask(mended).reply == "Hello."


def _traced(folder) -> object:
    """One message with tracing on, which changes what NeMo returns."""
    rails = load_rails(folder, ScriptedModel(ScriptedBrain(answer=ANSWER)))
    return asyncio.run(rails.generate_async(messages=[{"role": "user", "content": "hello"}])).response


def test_a_wrong_span_format_ends_every_request(team) -> None:
    """It loads, and the answer never arrives."""
    text = "models: []\ntracing: {enabled: true, adapters: [], span_format: FORMAT}\n"
    broken = team(config_yml=text.replace("FORMAT", "otel"))
    assert "tracing-breaks-requests" in rules(broken)
    with pytest.raises(ValueError, match="Invalid span format"):
        _traced(broken)
    mended = team(config_yml=text.replace("FORMAT", "OpenTelemetry"))
    assert "tracing-breaks-requests" not in rules(mended)
    assert _traced(mended) == [{"role": "assistant", "content": ANSWER}]


def test_tracing_without_an_adapter_is_given_to_nobody(team) -> None:
    """NeMo has no adapter and answers all the same."""
    folder = team(config_yml="models: []\ntracing: {enabled: true, adapters: []}\n")
    assert rules(folder) == ["tracing-goes-nowhere"]
    rails = load_rails(folder, ScriptedModel())
    assert rails._log_adapters == []
    assert _traced(folder) == [{"role": "assistant", "content": ANSWER}]


@pytest.mark.parametrize("capture", [True, False])
def test_captured_content_is_in_the_spans(team, capture: bool) -> None:
    """The prompt stands in an event of a span exactly when content is captured."""
    pytest.importorskip("opentelemetry")
    from nemoguardrails.tracing import Tracer

    folder = team(
        config_yml="models: []\ntracing:\n  enabled: true\n"
        f"  enable_content_capture: {str(capture).lower()}\n  adapters: [{{name: OpenTelemetry}}]\n"
    )
    assert rules(folder) == (["content-capture"] if capture else [])
    rails = load_rails(folder, ScriptedModel(ScriptedBrain(answer=ANSWER)))
    messages = [{"role": "user", "content": "my card is 4111"}]
    options = {"log": {"activated_rails": True, "llm_calls": True, "internal_events": True}}
    rails.config.tracing.enabled = False
    response = asyncio.run(rails.generate_async(messages=messages, options=options))
    tracing = rails.config.tracing
    tracer = Tracer(
        input=messages,
        response=response,
        span_format=tracing.span_format,
        enable_content_capture=tracing.enable_content_capture,
    )
    events = [
        str(event)
        for span in tracer.generate_interaction_log().trace
        for event in getattr(span, "events", ())
    ]
    assert any("my card is 4111" in event for event in events) is capture


def test_debug_logs_hold_the_prompt(team, caplog: pytest.LogCaptureFixture) -> None:
    """What the customer wrote is in NeMo's log at the level that the code asks for, and not above."""
    config = 'import logging\n\nlogging.getLogger("nemoguardrails").setLevel(logging.DEBUG)\n'
    logger = logging.getLogger("nemoguardrails")
    before = logger.level
    try:
        loud = team(config_yml="models: []\n", config_py=config)
        assert rules(loud) == ["verbose-logging"]
        assert ask(loud, "my card is 4111").reply == ANSWER
        assert "my card is 4111" in caplog.text
        caplog.clear()
        quiet = team(config_yml="models: []\n", config_py=config.replace("DEBUG", "WARNING"))
        assert rules(quiet) == []
        assert ask(quiet, "my card is 4111").reply == ANSWER
        assert "my card is 4111" not in caplog.text
    finally:
        logger.setLevel(before)


def test_instructions_and_passthrough_exclude_each_other(team) -> None:
    """The model sees them exactly without passthrough."""
    text = 'models: []\ninstructions:\n  - {type: general, content: "Never promise a refund."}\n'
    broken = team(config_yml=text + "passthrough: true\n")
    assert rules(broken) == ["lost-instructions"]
    assert "refund" not in ask(broken).model.shown("general")[0]
    mended = team(config_yml=text)
    assert rules(mended) == []
    assert "refund" in ask(mended).model.shown("general")[0]


def test_a_tool_rail_of_iorails_breaks_llmrails(team) -> None:
    """A request with the result of a tool ends in an error; a flow of the team's own runs."""
    text = "models: []\nrails:\n  dialog: {single_call: {enabled: true}}\n"
    text += "  tool_input: {flows: [tool result validation]}\n"
    call = {"id": "1", "type": "function", "function": {"name": "balance", "arguments": {}}}
    messages = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "12 pounds", "name": "balance", "tool_call_id": "1"},
    ]
    broken = team(config_yml=text)
    assert rules(broken) == ["tool-rail-without-engine"]
    with pytest.raises(KeyError, match="tool result validation"):
        asyncio.run(load_rails(broken, ScriptedModel()).generate_async(messages=messages))
    own = "define subflow tool result validation\n  bot refuse to respond\n  stop\n"
    mended = team(config_yml=text, tools_co=own)
    assert rules(mended) == []
    reply = asyncio.run(load_rails(mended, ScriptedModel()).generate_async(messages=messages))
    assert reply["content"] == REFUSAL


def test_iorails_does_not_read_the_teams_refusal(team, monkeypatch: pytest.MonkeyPatch) -> None:
    """``Guardrails(config)`` refuses in NeMo's words, ``use_iorails=False`` in the team's."""
    from nemoguardrails import Guardrails, RailsConfig

    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    files = {
        "config_yml": "models:\n  - {type: main, engine: openai, model: none}\n"
        "rails:\n  input: {flows: [regex check input]}\n"
        "  config:\n    regex_detection: {input: {patterns: [vault]}}\n",
        "rails_co": 'define bot refuse to respond\n  "Please ask our staff."\n',
    }
    code = "from nemoguardrails import Guardrails, RailsConfig\n\n"
    code += 'rails = Guardrails(RailsConfig.from_path(".")MORE)\n'
    broken = team(**files, service_py=code.replace("MORE", ""))
    assert rules(broken) == ["lost-under-iorails"]
    assert rules(team(**files, service_py=code.replace("MORE", ", use_iorails=False"))) == []

    async def refusal(**options: bool) -> str:
        rails = Guardrails(RailsConfig.from_path(str(broken)), **options)
        reply = await rails.generate_async(messages=[{"role": "user", "content": "the vault"}])
        return str(reply["content"])

    assert asyncio.run(refusal(use_iorails=False)) == "Please ask our staff."
    assert asyncio.run(refusal()) != "Please ask our staff."


def test_no_finding_speaks_of_what_does_not_happen(team) -> None:
    """A plain streamed configuration is left alone."""
    folder = team(config_yml=REGEX.replace("STREAMING", "enabled: true, stream_first: false"))
    assert check([Target(folder)]).findings == ()


def test_a_check_with_exceptions_fails_where_a_rail_blocks(team) -> None:
    """What passes, passes; what is blocked raises. Without the setting it is reported as blocked."""
    text = (
        "models: []\nrails:\n  input: {flows: [self check input]}\nprompts:\n  - task: self_check_input\n"
        '    content: "Should this be blocked? {{ user_input }} Answer (Yes or No):"\n'
    )
    code = "from nemoguardrails import LLMRails\n\nRESULT = LLMRails.check_async(None, [])\n"

    def status(folder, said: str) -> str:
        rails = load_rails(folder, ScriptedModel(ScriptedBrain(forbidden=("vault",))))
        return str(asyncio.run(rails.check_async(messages=[{"role": "user", "content": said}])).status.value)

    broken = team(config_yml="enable_rails_exceptions: true\n" + text, service_py=code)
    assert rules(broken) == ["exceptions-break-checks"]
    assert status(broken, "hello") == "passed"
    with pytest.raises(ValueError, match="validation error"):
        status(broken, "the vault")
    mended = team(config_yml=text, service_py=code)
    assert rules(mended) == []
    assert status(mended, "the vault") == "blocked"
