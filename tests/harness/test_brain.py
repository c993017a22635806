"""The scripted brain reads prompts literally and answers as the rules say."""

import pytest

from guardlint.harness.brain import ScriptedBrain, SeenPrompt, Turn, read_turns, recognise_task

CHECK = 'Policy: be kind.\nUser message: "{}"\nQuestion: Should it be blocked?\nAnswer (Yes or No):'


def prompt(text: str, task: str) -> SeenPrompt:
    return SeenPrompt((Turn("user", text),), task)


@pytest.mark.parametrize("task", ["self_check_input", "self_check_output", "self_check_input $variant=tone"])
def test_judge_condemns_what_the_prompt_shows(task):
    """Yes when the phrase is in the prompt in any case, No when the prompt does not show it."""
    brain = ScriptedBrain(forbidden=("wire the money",))
    assert brain.reply(prompt(CHECK.format("WIRE the Money now"), task)) == "Yes"
    assert brain.reply(prompt(CHECK.format(""), task)) == "No"


def test_judge_of_facts_says_no_to_an_unsupported_claim():
    """The polarity of self_check_facts is the other way round: yes means supported."""
    brain = ScriptedBrain(unsupported=("free of charge",))
    assert brain.reply(prompt("hypothesis: it is free of charge", "self_check_facts")) == "no"
    assert brain.reply(prompt("hypothesis: it costs 2.75%", "self_check_facts")) == "yes"


def test_everything_else_gets_the_answer():
    """Forbidden words in a conversation are no business of the main model."""
    brain = ScriptedBrain(answer="Hello.", forbidden=("bomb",))
    assert brain.reply(prompt("bomb", "general")) == "Hello."


def test_answer_may_be_made_from_the_prompt_and_may_fail():
    """A callable sees the prompt; what it raises comes out."""
    echo = ScriptedBrain(answer=lambda seen: f"You said {seen.last_user}")
    assert echo.reply(prompt("hi", "general")) == "You said hi"

    def fail(_: SeenPrompt) -> str:
        raise TimeoutError("the model is away")

    with pytest.raises(TimeoutError, match="the model is away"):
        ScriptedBrain(answer=fail).reply(prompt("hi", "general"))


def test_own_judge_is_asked_first():
    """A judge overrides the rules, and leaves to them what it answers with None."""
    brain = ScriptedBrain(
        answer="Hello.", judge=lambda seen: "Yes" if seen.task == "self_check_input" else None
    )
    assert brain.reply(prompt("anything", "self_check_input")) == "Yes"
    assert brain.reply(prompt("anything", "general")) == "Hello."


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([Turn("user", CHECK.format("hi"))], "self_check_input"),
        ([Turn("system", CHECK.format("hi"))], "self_check_input"),
        ([Turn("user", 'User message: "x"\nShould it be blocked (Yes or No)?\nAnswer:')], "self_check_input"),
        ([Turn("user", 'Say "yes" or "no".\nIs the user message fine? Reply:')], "self_check_input"),
        ([Turn("user", 'Bot message: "x"\nShould it be blocked? Answer [Yes/No]:')], "self_check_output"),
        (
            [
                Turn(
                    "user",
                    "Evidence: a\nHypothesis: b\nAnswer with yes or no whether the evidence entails it.",
                )
            ],
            "self_check_facts",
        ),
        ([Turn("system", "You are a bank."), Turn("user", "Is it free?")], "general"),
        ([Turn("user", "hi"), Turn("assistant", "hello"), Turn("user", "answer me, yes or no")], "general"),
        ([Turn("system", "This is how the bot thinks:"), Turn("user", "hi")], "generate_next_steps"),
        ([], "general"),
    ],
)
def test_task_is_recognised_from_the_text(turns, expected):
    """Checks by the question at their end, dialog tasks by NeMo's own sentence, the rest is conversation."""
    assert recognise_task(turns) == expected


def test_turns_of_every_shape_of_prompt():
    """Text, messages, list-form content; what is not text is left out, what is no message too."""
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "b"},
    ]
    assert read_turns("hi") == (Turn("user", "hi"),)
    assert read_turns([{"role": "user", "content": parts}]) == (Turn("user", "a\nb"),)
    assert read_turns([{"role": "assistant", "content": None}, "junk"]) == (Turn("assistant", ""),)
    assert read_turns(None) == ()
