"""What the rules about personal data say, seen to happen: real NeMo 0.24.1, Presidio, a scripted model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from talking import ANSWER, ask, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off

telemetry_off()

ADDRESS = "jane.doe@example.com"
WRITE = f"write to {ADDRESS}"
BROKEN = "I'm sorry, an internal error has occurred."
FOUND = "I don't know the answer to that."

SECTION = """\
models: []
rails:
  input: {flows: [FLOWS]}
  config:
    sensitive_data_detection:
      input: INPUT
"""
JUDGE = 'prompts:\n  - task: self_check_input\n    content: "{{ user_input }} Block it (Yes or No)?"\n'
RECOGNIZER = """\
      recognizers:
        - name: policy number
          supported_entity: POLICY_NUMBER
          patterns:
            - {name: policy, regex: 'PN-\\d{8}', score: 0.8}
"""


@pytest.fixture(autouse=True)
def _offline() -> None:
    serve_offline()


def section(flows: str, settings: str, more: str = "") -> str:
    """A configuration with rails on the input and their settings."""
    return SECTION.replace("FLOWS", flows).replace("INPUT", settings) + more


def seen(folder, text: str) -> str:
    """Everything that the model was shown for one message."""
    return "\n".join(prompt.text for prompt in ask(folder, text).model.seen)


def test_a_judge_before_the_mask_reads_the_address(team) -> None:
    """Its prompt holds what the answering model never sees; the other way round neither does."""
    settings = "{entities: [EMAIL_ADDRESS]}"
    broken = team(config_yml=section("self check input, mask sensitive data on input", settings, JUDGE))
    assert rules(broken) == ["mask-after-model"]
    talk = ask(broken, WRITE)
    assert [(prompt.task, ADDRESS in prompt.text) for prompt in talk.model.seen] == [
        ("self_check_input", True),
        ("general", False),
    ]
    mended = team(config_yml=section("mask sensitive data on input, self check input", settings, JUDGE))
    assert rules(mended) == []
    assert ADDRESS not in seen(mended, WRITE)


@pytest.mark.parametrize(
    ("settings", "reply"),
    [
        ("{entities: []}", ANSWER),
        ("{score_threshold: 0.5}", ANSWER),
    ],
)
def test_a_rail_without_entities_finds_nothing(team, settings: str, reply: str) -> None:
    """The address passes, with recognizers too."""
    broken = team(config_yml=section("detect sensitive data on input", settings, RECOGNIZER))
    assert rules(broken) == ["pii-without-entities"]
    assert ask(broken, WRITE + " about PN-12345678").reply == reply


def test_an_empty_section_breaks_every_message(team) -> None:
    """Null is no section at all for the rail."""
    config = section("mask sensitive data on input", "x").partition("      input: x")[0]
    broken = team(config_yml=config)
    assert rules(broken) == ["pii-without-entities"]
    assert ask(broken, "hello").reply == BROKEN


def test_a_call_reads_the_entities_of_the_source_that_it_names(team) -> None:
    """``source="output"`` in an input rail: no entities, no mask."""
    flow = (
        "define subflow hide\n"
        '  $masked = execute mask_sensitive_data(source="SOURCE", text=$user_message)\n'
        "  if $masked.is_transform\n"
        '    $user_message = $masked.transform_text["user_message"]\n'
    )
    config = section("hide", "{entities: [EMAIL_ADDRESS]}")
    broken = team(config_yml=config, rails_co=flow.replace("SOURCE", "output"))
    assert rules(broken) == ["pii-without-entities"]
    assert ADDRESS in seen(broken, WRITE)
    mended = team(config_yml=config, rails_co=flow.replace("SOURCE", "input"))
    assert rules(mended) == []
    assert ADDRESS not in seen(mended, WRITE)


@pytest.mark.parametrize("flows", ["", "regex check input"])
def test_entities_alone_mask_nothing(team, flows: str) -> None:
    """The model reads the address until the rail is listed."""
    more = "    regex_detection: {input: {patterns: [nothing]}}\n"
    broken = team(config_yml=section(flows, "{entities: [EMAIL_ADDRESS]}", more))
    assert "entities-without-rail" in rules(broken)
    assert ADDRESS in seen(broken, WRITE)
    mended = team(config_yml=section("mask sensitive data on input", "{entities: [EMAIL_ADDRESS]}"))
    assert rules(mended) == []
    assert ADDRESS not in seen(mended, WRITE)


RETRIEVED = """\
from nemoguardrails.actions import action
from nemoguardrails.actions.actions import ActionResult


@action(is_system_action=True)
async def retrieve_relevant_chunks() -> ActionResult:
    found = "Ask jane.doe@example.com."
    return ActionResult(
        return_value=found,
        context_updates={"relevant_chunks": found, "relevant_chunks_sep": [found]},
    )


@action()
async def show(chunks, llm=None) -> None:
    await llm.generate_async(f"SHOWN {chunks}")
"""
RETRIEVAL = """\
models: []
rails:
  retrieval: {flows: [FLOWS]}
  output: {flows: [OUTPUT]}
  config:
    sensitive_data_detection:
      retrieval: {entities: [EMAIL_ADDRESS]}
"""
DIALOG = """\
define user ask contact
  "whom do I ask"

define flow contact
  user ask contact
  bot answer contact

define subflow show the chunks
  execute show(chunks=$VARIABLE)
"""


def test_retrieved_text_reaches_the_model_without_a_rail(team) -> None:
    """The prompt of the answer holds the address of the chunk, and the tag when the rail is listed."""
    config = RETRIEVAL.replace("OUTPUT", "")
    broken = team(config_yml=config.replace("FLOWS", ""), flows_co=DIALOG, actions_py=RETRIEVED)
    assert rules(broken) == ["entities-without-rail"]
    intents = {"whom": "ask contact"}
    assert ADDRESS in ask(broken, "whom do I ask", intents=intents).model.shown("generate_bot_message")[0]
    listed = config.replace("FLOWS", "mask sensitive data on retrieval")
    mended = team(config_yml=listed, flows_co=DIALOG, actions_py=RETRIEVED)
    assert rules(mended) == []
    shown = ask(mended, "whom do I ask", intents=intents).model.shown("generate_bot_message")[0]
    assert ADDRESS not in shown
    assert "<EMAIL_ADDRESS>" in shown


@pytest.mark.parametrize(("variable", "masked"), [("relevant_chunks_sep", False), ("relevant_chunks", True)])
def test_the_list_of_chunks_is_not_masked(team, variable: str, masked: bool) -> None:
    """``$relevant_chunks_sep`` keeps the address that ``$relevant_chunks`` has lost."""
    config = RETRIEVAL.replace("OUTPUT", "show the chunks").replace(
        "FLOWS", "mask sensitive data on retrieval"
    )
    folder = team(config_yml=config, flows_co=DIALOG.replace("VARIABLE", variable), actions_py=RETRIEVED)
    assert ("unmasked-chunks" in rules(folder)) == (not masked)
    talk = ask(folder, "whom do I ask", intents={"whom": "ask contact"})
    shown = [prompt.text for prompt in talk.model.seen if prompt.text.startswith("SHOWN")]
    assert [ADDRESS not in text for text in shown] == [masked]


@pytest.mark.parametrize(
    ("name", "meant", "text", "alone"),
    [
        ("SSN", "US_SSN", "my ssn is 536-90-4399", BROKEN),
        ("EMAIL", "EMAIL_ADDRESS", WRITE, ANSWER),
        ("email_address", "EMAIL_ADDRESS", WRITE, BROKEN),
        ("AGE", None, "I am 42 years old", ANSWER),
        ("IT_FISCAL_CODE", None, "RSSMRA85T10A562S", BROKEN),
        ("UK_NINO", None, "AB 12 34 56 C", BROKEN),
    ],
)
def test_an_unknown_entity_is_passed_over_or_breaks_the_message(
    team, name: str, meant: str | None, text: str, alone: str
) -> None:
    """Beside a known one it finds nothing; alone it breaks or is accepted; with the right name it finds."""
    broken = team(config_yml=section("detect sensitive data on input", f"{{entities: [{name}, CRYPTO]}}"))
    assert rules(broken) == ["unserved-entity"]
    assert ask(broken, text).reply == ANSWER
    single = team(config_yml=section("detect sensitive data on input", f"{{entities: [{name}]}}"))
    assert rules(single) == ["unserved-entity"]
    assert ask(single, text).reply == alone
    if meant is not None:
        mended = team(
            config_yml=section("detect sensitive data on input", f"{{entities: [{meant}, CRYPTO]}}")
        )
        assert rules(mended) == []
        assert ask(mended, text).reply == FOUND


@pytest.mark.parametrize(
    ("entity", "threshold", "text", "found"),
    [
        ("PERSON", 0.9, "my name is John Smith", False),
        ("PERSON", 0.85, "my name is John Smith", True),
        ("PHONE_NUMBER", 0.8, "my phone number is 212-555-0123", False),
        ("PHONE_NUMBER", 0.6, "my phone number is 212-555-0123", True),
        ("US_PASSPORT", 0.5, "my passport number is 912803456", False),
        ("US_BANK_NUMBER", 0.41, "my bank account is 945456787654", False),
        ("US_DRIVER_LICENSE", 0.7, "my driver license is H12234567", False),
        ("US_SSN", 0.9, "my ssn is 536-90-4399", False),
        ("IP_ADDRESS", 0.96, "my ip is 10.1.2.3", False),
        ("CREDIT_CARD", 1.0, "my card is 4111 1111 1111 1111", True),
        ("EMAIL_ADDRESS", 1.0, WRITE, True),
        ("DATE_TIME", 0.85, "it was next Monday", True),
    ],
)
def test_a_threshold_above_every_score_finds_nothing(
    team, entity: str, threshold: float, text: str, found: bool
) -> None:
    """With the best text that there is for the entity."""
    settings = f"{{entities: [{entity}], score_threshold: {threshold}}}"
    folder = team(config_yml=section("detect sensitive data on input", settings))
    assert ask(folder, text).reply == (FOUND if found else ANSWER)
    assert rules(folder) == ([] if found else ["silencing-threshold"])


def test_a_high_threshold_needs_a_word_of_context(team) -> None:
    """A telephone number scores 0.4, and 0.75 beside the word."""
    settings = "{entities: [PHONE_NUMBER], score_threshold: 0.7}"
    folder = team(config_yml=section("detect sensitive data on input", settings))
    assert rules(folder) == ["silencing-threshold"]
    assert ask(folder, "reach me at 212-555-0123").reply == ANSWER
    assert ask(folder, "my phone number is 212-555-0123").reply == FOUND


@pytest.mark.parametrize("threshold", ["1.5", "40", "-0.1"])
def test_a_threshold_beyond_one_breaks_the_message(team, threshold: str) -> None:
    """The detecting rail raises; the masking rail does not look at it."""
    settings = f"{{entities: [EMAIL_ADDRESS], score_threshold: {threshold}}}"
    broken = team(config_yml=section("detect sensitive data on input", settings))
    assert rules(broken) == ["silencing-threshold"]
    assert ask(broken, "hello").reply == BROKEN
    masked = team(config_yml=section("mask sensitive data on input", settings))
    assert rules(masked) == []
    assert ask(masked, "hello").reply == ANSWER


@pytest.mark.parametrize(
    ("flow", "score", "found"),
    [("mask", 0.3, False), ("mask", 0.4, True), ("detect", 0.1, False), ("detect", 0.2, True)],
)
def test_a_recognizer_must_reach_the_threshold(team, flow: str, score: float, found: bool) -> None:
    """0.4 for a masking rail, whatever is written, and 0.2 for a detecting one by default."""
    text = "it is PN-12345678"
    more = RECOGNIZER.replace("0.8", str(score))
    folder = team(config_yml=section(f"{flow} sensitive data on input", "{entities: [POLICY_NUMBER]}", more))
    assert rules(folder) == ([] if found else ["silencing-threshold"])
    talk = ask(folder, text)
    passed = any("PN-12345678" in prompt.text for prompt in talk.model.seen)
    assert passed == (not found)


def test_a_masking_rail_does_not_read_the_threshold(team) -> None:
    """A licence number scores 0.3: the detecting rail finds it at 0.3, the masking rail leaves it."""
    settings = "{entities: [US_DRIVER_LICENSE], score_threshold: 0.3}"
    text = "it is H12234567"
    masked = team(config_yml=section("mask sensitive data on input", settings))
    assert rules(masked) == ["ignored-threshold"]
    assert "H12234567" in seen(masked, text)
    detected = team(config_yml=section("detect sensitive data on input", settings))
    assert rules(detected) == []
    assert ask(detected, text).reply == FOUND


@pytest.mark.parametrize(
    ("right", "wrong", "reply"),
    [
        ("patterns:", "pattern:", BROKEN),
        ("name: policy number", "language: en", BROKEN),
        ("supported_entity: POLICY_NUMBER", "entity: POLICY_NUMBER", BROKEN),
        ("supported_entity: POLICY_NUMBER", "supported_entities: POLICY_NUMBER", BROKEN),
        ("score: 0.8", "score: 80", BROKEN),
        ("score: 0.8", 'score: "0.8"', BROKEN),
        (", score: 0.8", "", BROKEN),
        ("name: policy, ", "", BROKEN),
        ("regex:", "pattern:", BROKEN),
        ("PN-\\d{8}", "PN-(\\d{8}", BROKEN),
        ("- {name: policy, regex: 'PN-\\d{8}', score: 0.8}", "- 'PN-\\d{8}'", BROKEN),
        ("'PN-\\d{8}'", '"\\bPN-\\\\d{8}\\b"', ANSWER),
        ("PN-\\d{8}", "PN-\\\\d{8}", ANSWER),
        ("'PN-\\d{8}'", '"PN-\\\\d{8}\\n"', ANSWER),
    ],
)
def test_a_recognizer_that_presidio_refuses_or_that_matches_nothing(
    team, right: str, wrong: str, reply: str
) -> None:
    """The number is found by the sound recognizer, and by none of the broken ones."""
    text = "it is PN-12345678"
    settings = "{entities: [POLICY_NUMBER]}"
    sound = team(config_yml=section("detect sensitive data on input", settings, RECOGNIZER))
    assert rules(sound) == []
    assert ask(sound, text).reply == FOUND
    more = RECOGNIZER.replace(right, wrong)
    assert more != RECOGNIZER
    broken = team(config_yml=section("detect sensitive data on input", settings, more))
    assert "broken-recognizer" in rules(broken)
    assert ask(broken, text).reply == reply


def test_a_recognizer_that_nobody_asks_for_finds_nothing(team) -> None:
    """Its entity has to stand in the list."""
    text = "it is PN-12345678"
    broken = team(config_yml=section("mask sensitive data on input", "{entities: [PERSON]}", RECOGNIZER))
    assert rules(broken) == ["idle-recognizer"]
    assert "PN-12345678" in seen(broken, text)
    listed = "{entities: [PERSON, POLICY_NUMBER]}"
    mended = team(config_yml=section("mask sensitive data on input", listed, RECOGNIZER))
    assert rules(mended) == []
    assert "PN-12345678" not in seen(mended, text)


def test_a_recognizer_of_another_language_finds_nothing(team) -> None:
    """NeMo asks for English only."""
    more = RECOGNIZER + "          supported_language: de\n"
    settings = "{entities: [PERSON, POLICY_NUMBER]}"
    broken = team(config_yml=section("mask sensitive data on input", settings, more))
    assert rules(broken) == ["unserved-entity"]
    assert "PN-12345678" in seen(broken, "it is PN-12345678")


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        ("$user_message = execute MASK", False),
        ("$masked = execute MASK\n  $user_message = $masked", False),
        ("$masked = execute MASK\n  if $masked.is_blocked\n    bot refuse to respond\n    stop", False),
        (
            """$masked = execute MASK
  if $masked.is_transform
    $user_message = $masked.transform_text["user_message"]""",
            True,
        ),
        ('$masked = execute MASK\n  $user_message = $masked.transform_text["user_message"]', True),
    ],
)
def test_the_masked_text_has_to_be_put_in_place(team, body: str, masked: bool) -> None:
    """The outcome itself, printed into the prompt, shows the address as well."""
    call = 'mask_sensitive_data(source="input", text=$user_message)'
    flow = f"define subflow hide\n  {body.replace('MASK', call)}\n"
    folder = team(config_yml=section("hide", "{entities: [EMAIL_ADDRESS]}"), rails_co=flow)
    assert ("mask-not-applied" in rules(folder)) == (not masked)
    assert (ADDRESS not in seen(folder, WRITE)) == masked


@pytest.mark.parametrize("passthrough", [True, False])
def test_passthrough_sends_the_first_message_in_clear_with_the_second(team, passthrough: bool) -> None:
    """One process, one conversation; without passthrough NeMo remembers the masked text."""
    config = section("mask sensitive data on input", "{entities: [EMAIL_ADDRESS]}")
    folder = team(config_yml=f"passthrough: {str(passthrough).lower()}\n{config}")
    assert rules(folder) == (["unmasked-history"] if passthrough else [])
    model = ScriptedModel(ScriptedBrain(answer=ANSWER))
    rails = load_rails(folder, model)
    first = [{"role": "user", "content": WRITE}]
    second = [*first, {"role": "assistant", "content": ANSWER}, {"role": "user", "content": "and now?"}]

    async def talk() -> None:
        await rails.generate_async(messages=[dict(item) for item in first])
        await rails.generate_async(messages=second)

    asyncio.run(talk())
    assert [ADDRESS in prompt.text for prompt in model.seen] == [False, passthrough]


ABSENT = """\
import sys

for name in NAMES:
    sys.modules[name] = None
sys.path[:0] = [TESTS]
from pathlib import Path

from talking import ask

print(ask(Path(FOLDER), "hello").reply)
"""


def absent(folder, *names: str) -> str:
    """The reply in a process of its own, in which some packages cannot be imported."""
    text = ABSENT.replace("NAMES", repr(names)).replace("FOLDER", repr(str(folder)))
    script = text.replace("TESTS", repr(str(Path(__file__).parent)))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def test_without_presidio_every_message_breaks(team) -> None:
    """NeMo loads, and the rail raises; a configuration without the rail answers."""
    config = section("mask sensitive data on input", "{entities: [EMAIL_ADDRESS]}")
    broken = team(config_yml=config, requirements_txt="nemoguardrails==0.24.1\n")
    assert rules(broken) == ["missing-presidio"]
    assert absent(broken, "presidio_analyzer", "presidio_anonymizer") == BROKEN
    assert absent(team(config_yml="models: []\n"), "presidio_analyzer", "presidio_anonymizer") == ANSWER
    mended = team(config_yml=config, requirements_txt="nemoguardrails[sdd]==0.24.1\n")
    assert rules(mended) == []
    assert ask(mended, "hello").reply == ANSWER


def test_without_the_model_every_message_breaks(team) -> None:
    """NeMo asks spaCy for ``en_core_web_lg`` by name and takes no other."""
    config = section("mask sensitive data on input", "{entities: [EMAIL_ADDRESS]}")
    image = (
        "FROM python:3.12\nRUN pip install nemoguardrails[sdd]\nRUN python -m spacy download en_core_web_sm\n"
    )
    broken = team(config_yml=config, Dockerfile_image=image)
    (broken / "Dockerfile.image").rename(broken / "Dockerfile")
    assert rules(broken) == ["missing-presidio"]
    assert absent(broken, "en_core_web_lg") == BROKEN
