"""The predicted calls of models are those that real NeMo makes, message by message."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.counting import Counter
from guardlint.harness.judging import judge
from guardlint.nemo.calls import predict
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.spending import chunks_of

MODELS = "models: [" + ", ".join(
    f"{{type: {kind}, engine: openai, model: x}}" for kind in ("main", "llama_guard", "safety")
) + "]\n"  # fmt: skip
PROMPTS = """\
prompts:
  - {task: self_check_input, content: "Block? {{ user_input }} Answer (Yes or No):"}
  - {task: self_check_output, content: "Block? {{ bot_response }} Answer (Yes or No):"}
  - {task: self_check_facts, content: "{{ evidence }} {{ response }} Answer (Yes or No):"}
  - {task: self_check_hallucination, content: "{{ paragraph }} {{ statement }} Answer (Yes or No):"}
  - {task: llama_guard_check_input, content: "Safe or unsafe? {{ user_input }}"}
"""
BOTH = "rails: {input: {flows: [self check input]}, output: {flows: [self check output]}}\n"
DIALOG = """\
define user ask hours
  "when do you open"

define user ask fees
  "what are the fees"

define bot tell hours
  "At nine."

define flow hours
  user ask hours
  bot tell hours

define flow fees
  user ask fees
  $check_facts = True
  $check_hallucination = True
  bot tell fees
"""
LONGER = DIALOG.replace("  bot tell fees\n", "  bot tell fees\n  bot tell more\n").replace(
    "  $check_hallucination = True\n", ""
)
WARNED = DIALOG.replace("$check_hallucination", "$hallucination_warning")
JUDGE = """\
from nemoguardrails.actions import action
from nemoguardrails.llm.call import llm_call


@action()
async def our_judge(context=None, llm=None):
    await llm_call(llm, "is it fine?")
    return True
"""
OWN = (
    "define subflow our check\n  $ok = execute our_judge\n  if not $ok\n    bot refuse to respond\n    stop\n"
)
OTHER_NAME = """\
define subflow our output
  $allowed = execute self_check_output
  if $allowed.is_blocked
    bot refuse to respond
    stop
"""
EMBEDDINGS = "rails: {dialog: {user_messages: {embeddings_only: true%s}}}\n"

# By name: config.yml, Colang, actions.py; then the calls of the plain message, of one that the input rails
# condemn, of one whose answer the output rails condemn, and of the two that the dialog is about.
CASES: dict[str, tuple[str, str, str, tuple[int, ...]]] = {
    "nothing": ("", "", "", (1, 1, 1)),
    "both self checks": (BOTH, "", "", (3, 1, 3)),
    "two on input, at once": (
        "rails: {input: {parallel: true, flows: [self check input, llama guard check input]}}\n",
        "",
        "",
        (3, 2, 3),
    ),
    "two on input, one after the other": (
        "rails: {input: {flows: [self check input, llama guard check input]}}\n",
        "",
        "",
        (3, 1, 3),
    ),
    "a flow of the team's that asks": ("rails: {input: {flows: [our check]}}\n", OWN, JUDGE, (2, 2, 2)),
    "no model is asked": ("rails: {input: {flows: [regex check input]}}\n", "", "", (1, 1, 1)),
    "unarmed": ("rails: {output: {flows: [self check facts]}}\n", "", "", (1, 1, 1)),
    "dialog": ("", DIALOG, "", (3, 3, 3, 1, 2)),
    "dialog between self checks": (BOTH, DIALOG, "", (5, 1, 5, 2, 4)),
    "a text for what is answered else": (
        BOTH,
        DIALOG + '\ndefine bot general response\n  "I know hours and fees."\n',
        "",
        (3, 1, 3, 2, 4),
    ),
    "armed hallucination": (
        "rails: {output: {flows: [self check hallucination]}}\n",
        DIALOG,
        "",
        (3, 3, 3, 1, 5),
    ),
    "armed facts without documents": (
        "rails: {output: {flows: [self check facts]}}\n",
        DIALOG,
        "",
        (3, 3, 3, 1, 3),
    ),
    "embeddings only, with a fallback": (
        EMBEDDINGS
        % ", embeddings_only_similarity_threshold: 0.9, embeddings_only_fallback_intent: ask hours",
        DIALOG,
        "",
        (0, 0, 0, 0, 1),
    ),
    "embeddings only, else the model": (
        EMBEDDINGS % ", embeddings_only_similarity_threshold: 0.9",
        DIALOG,
        "",
        (3, 3, 3, 0, 1),
    ),
    "passthrough": ("passthrough: true\n" + BOTH, "", "", (3, 1, 3)),
    "nothing behind a message that is checked": (BOTH, LONGER, "", (5, 1, 5, 2, 4)),
    "everything behind a message that nothing checks": ("", LONGER, "", (3, 3, 3, 1, 3)),
    "nothing behind a message where a retrieval rail acts": (
        "rails: {retrieval: {flows: [our look]}}\n",
        LONGER + "\ndefine subflow our look\n  $ok = execute our_judge\n",
        JUDGE,
        (4, 4, 4, 2, 3),
    ),
    "a warning of hallucination": ("", WARNED, "", (3, 3, 3, 1, 5)),
    "no warning of hallucination behind a check": (
        "rails: {output: {flows: [self check output]}}\n",
        WARNED,
        "",
        (4, 4, 4, 1, 3),
    ),
    "armed by a flow that another one cuts short": (
        "rails: {output: {flows: [self check hallucination]}}\n",
        DIALOG.replace("  $check_hallucination = True\n", "")
        + "\ndefine flow all\n  user ...\n  $check_hallucination = True\n  bot tell more\n",
        "",
        (5, 5, 5, 1, 5),
    ),
    "the first flow that waits for it": (
        "",
        "define flow all\n  user ...\n  bot tell all\n\n" + DIALOG,
        "",
        (2, 2, 2, 2, 2),
    ),
    "a verdict under another name": (
        "rails: {input: {flows: [self check input]}, output: {flows: [our output]}}\n",
        OTHER_NAME,
        "",
        (3, 1, 4),
    ),
}
MESSAGES = ("what is the weather like", "tell me the vault code", "how is the moon")
INTENTS = {"when do you open": "ask hours", "what are the fees": "ask fees"}


def write(folder: Path, text: str, colang: str, code: str) -> Path:
    (folder / "config.yml").write_text(MODELS + PROMPTS + text, encoding="utf-8")
    if colang:
        (folder / "flows.co").write_text(colang, encoding="utf-8")
    if code:
        (folder / "actions.py").write_text(code, encoding="utf-8")
    return folder


def counted(root: Path) -> list[int]:
    """The calls of each message, the plain one first."""
    counter = Counter(root)
    brain = ScriptedBrain(answer="Here it is.", forbidden=("vault code",), judge=judge)
    leaky = ScriptedBrain(answer="The vault code is here.", forbidden=("vault code",), judge=judge)
    found = [counter.count(MESSAGES[0], brain), counter.count(MESSAGES[1], brain)]
    found.append(counter.count(MESSAGES[2], leaky))
    if read_configuration(root).user_messages:
        for text, intent in INTENTS.items():
            knowing = ScriptedBrain(answer="Here it is.", judge=judge, intents={text: intent})
            found.append(counter.count(text, knowing))
    assert [None] * len(found) == [item.problem for item in found]
    return [len(item.tasks) for item in found]


@pytest.mark.parametrize("name", CASES)
def test_the_calls_are_those_that_nemo_makes(name: str, tmp_path: Path) -> None:
    """The plain message makes the usual number, every other one a number of the envelope."""
    text, colang, code, expected = CASES[name]
    root = write(tmp_path, text, colang, code)
    assert expected == tuple(counted(root))
    found = predict(read_configuration(root))
    assert expected[0] == len(found.usual.asked)
    assert set(expected) <= {len(course.asked) for course in found.courses}


def test_both_ends_of_the_envelope_are_reached(tmp_path: Path) -> None:
    """Low by a message that the first rail stops, high by one that goes all the way."""
    root = write(tmp_path, BOTH, DIALOG, "")
    found = predict(read_configuration(root))
    assert (1, 5) == (len(found.fewest.asked), len(found.most.asked))
    counts = counted(root)
    assert (min(counts), max(counts)) == (1, 5)


@pytest.mark.parametrize("words", [3, 4, 5, 7, 8, 12])
def test_streamed_answers_are_checked_piece_by_piece(tmp_path: Path, words: int) -> None:
    """As many times as NeMo's buffer gives out pieces."""
    text = (
        "rails: {output: {flows: [self check output], "
        "streaming: {enabled: true, chunk_size: 4, context_size: 1}}}\n"
    )
    root = write(tmp_path, text, "", "")
    brain = ScriptedBrain(answer=" ".join(["word"] * words), judge=judge)
    made = Counter(root).count(MESSAGES[0], brain, stream=True)
    configuration = read_configuration(root)
    pieces = chunks_of(configuration, words)
    assert len(made.tasks) == len(predict(configuration, pieces).usual.asked)


TWO = 'colang_version: "2.x"\n'
MAIN = "import core\nimport guardrails\nimport llm\n\nflow main\n  activate llm continuation\n"
INPUT = "\nflow input rails $input_text\n  self check input\n"
IMPORT = "import nemoguardrails.library.self_check.input_check\n"
TALK = (
    "import core\nimport llm\n\nflow main\n  activate talk\n\n@loop(\"NEW\")\nflow talk\n"
    '  user said something\n  $answer = ..."Answer it."\n  bot say $answer\n'
)  # fmt: skip

# By name: Colang; the calls of the plain message and of one that the input rails condemn.
CASES_2: dict[str, tuple[str, int, int]] = {
    "continued by the model": (MAIN, 2, 2),
    "with an input rail": (IMPORT + MAIN + INPUT, 3, 1),
    "a value that the model finds": (TALK, 1, 1),
}


@pytest.mark.parametrize("name", CASES_2)
def test_the_calls_in_colang_2_are_those_that_nemo_makes(name: str, tmp_path: Path) -> None:
    """With the continuation of the library, and with flows of the team's."""
    colang, plain, condemned = CASES_2[name]
    root = write(tmp_path, TWO, colang, "")
    counter = Counter(root)
    brain = ScriptedBrain(answer='"Here it is."', forbidden=("vault code",), judge=judge)
    found = [counter.count(text, brain) for text in MESSAGES[:2]]
    assert [plain, condemned] == [len(item.tasks) for item in found], found
    courses = predict(read_configuration(root))
    assert plain == len(courses.usual.asked)
    assert {plain, condemned} <= {len(course.asked) for course in courses.courses}


def test_the_result_of_a_tool_costs_its_own_rails_only(tmp_path: Path) -> None:
    """Behind them NeMo asks nobody for an answer; without any it does, past the input rails."""
    text = (
        "passthrough: true\nrails: {input: {flows: [self check input]}, tool_input: {flows: [our check]}}\n"
    )
    root = write(tmp_path, text, OWN, JUDGE)
    brain = ScriptedBrain(answer="Here it is.", judge=judge)
    made = Counter(root).count(MESSAGES[0], brain, result="It is warm.")
    assert ("general",) == made.tasks
    assert "" == made.reply
    assert {1, 2} <= {len(course.asked) for course in predict(read_configuration(root)).courses}


def test_side_by_side_a_refusal_is_forgotten_where_a_retrieval_rail_acts(tmp_path: Path) -> None:
    """The condemned message is refused, and answered all the same: the envelope counts that."""
    rails = "rails: {input: {parallel: true, flows: [self check input]}, retrieval: {flows: [our look]}}\n"
    colang = "define subflow our look\n  $ok = execute our_judge\n"
    root = write(tmp_path, rails, colang, JUDGE)
    brain = ScriptedBrain(answer="Here it is.", forbidden=("vault code",), judge=judge)
    made = Counter(root).count(MESSAGES[1], brain)
    assert made.reply.endswith("Here it is.")
    assert len(made.tasks) == len(predict(read_configuration(root)).most.asked) == 3
