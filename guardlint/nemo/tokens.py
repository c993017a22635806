"""How many tokens one call of a model reads and writes, estimated from the prompt that NeMo sends.

The text of the prompt counts with its characters, what Jinja puts in with the traffic's figures: the message,
the answer, retrieved text, the turns before. Examples of intents count with the team's longest five.
"""

from __future__ import annotations

import re
from typing import Literal

from guardlint.nemo.action_asks import TEAM_CODE
from guardlint.nemo.asked import Asked, asked_tasks
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.nemo.prompt import Prompt
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["LEVELS", "Level", "Range", "Traffic", "read_tokens", "written_tokens"]

Level = Literal["low", "usual", "high"]
LEVELS: tuple[Level, ...] = ("low", "usual", "high")

# Characters of NeMo's own prompts without what Jinja puts in: shortest, of the OpenAI chat models, longest
# (``llm/prompts/*.yml`` of 0.24.1).
_BUILTIN = {
    "general": (13, 49, 144),
    "generate_user_intent": (62, 239, 446),
    "generate_next_steps": (150, 214, 439),
    "generate_bot_message": (203, 228, 396),
    "generate_intent_steps_message": (272, 325, 499),
    "generate_value": (153, 181, 290),
}
_OTHER_BUILTIN = (73, 250, 465)
# A verdict, and a line of the dialog: an intent, a next step, a value.
_VERDICT = (1, 3, 20)
_LINE = (3, 10, 40)
_ANSWERS = ("general", "generate_bot_message", "generate_intent_steps_message", TEAM_CODE)
_JINJA = lazy_pattern(r"\{\{-?\s*(?P<name>\w+).*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_EXAMPLES = 5
# Words of a prompt that every task of the dialog sends beside its own text.
_SHARED = ("general_instructions", "sample_conversation", "history")


@record
class Range:
    """One figure: at least, usually, at most."""

    low: float
    usual: float
    high: float

    def at(self, level: Level) -> float:
        """The figure of one level."""
        return float(getattr(self, level))


@record
class Traffic:
    """What the queries of one application look like; ``tokens`` of one message unless said otherwise.

    ``turns``: messages of the user in a conversation. ``blocked``: the share of queries that an input rail
    stops, 0 to 1. ``characters_per_token``: of the tokenizer, about 4 for English.
    """

    name: str
    queries_per_day: Range
    question: Range
    answer: Range
    retrieved: Range = Range(0, 0, 0)
    turns: Range = Range(1, 1, 1)
    blocked: float = 0.0
    characters_per_token: float = 4.0
    streamed: bool = False


def written_tokens(task: str, traffic: Traffic, level: Level) -> float:
    """What the model writes: an answer, a verdict or a line of the dialog."""
    if task in _ANSWERS:
        return traffic.answer.at(level)
    line = task.startswith("generate_")
    return (_LINE if line else _VERDICT)[LEVELS.index(level)]


def read_tokens(configuration: Configuration, task: str, traffic: Traffic, level: Level) -> float:
    """What the model reads: the prompt with everything that is put in."""
    prompt = _prompt(configuration, task)
    if task == TEAM_CODE:
        return traffic.question.at(level) + traffic.answer.at(level)
    if prompt is not None and isinstance(prompt.prompt, Prompt):
        texts = [text for text, _ in prompt.prompt.templates]
        fixed = sum(len(_JINJA.sub("", text)) for text in texts)
        names = [found["name"] for text in texts for found in _JINJA.finditer(text) if found["name"]]
    else:
        fixed = _BUILTIN.get(task, _OTHER_BUILTIN)[LEVELS.index(level)]
        facts = configuration.catalogue.task(task) or {}
        names = [*facts.get("variables", ()), *(_SHARED if facts.get("history") else ())]
        if not facts.get("history"):
            names += facts.get("text_variables", ())
    per_token = traffic.characters_per_token
    return fixed / per_token + sum(
        _put_in(configuration, name, traffic, level) for name in dict.fromkeys(names)
    )


def _put_in(configuration: Configuration, name: str, traffic: Traffic, level: Level) -> float:
    """The tokens of one variable of a prompt."""
    question, answer = traffic.question.at(level), traffic.answer.at(level)
    if name in ("user_input", "user_action", "instructions"):
        return question
    if name in ("bot_response", "response", "statement"):
        return answer
    if name == "paragraph":
        return 2 * answer
    if name in ("evidence", "relevant_chunks", "provided_context"):
        return traffic.retrieved.at(level)
    if name in ("history", "events"):
        return question + (traffic.turns.at(level) - 1) * (question + answer)
    if name == "examples":
        return _examples(configuration) / traffic.characters_per_token
    if name == "general_instructions":
        return _instructions(configuration) / traffic.characters_per_token
    if name == "sample_conversation":
        return (
            len(str(configuration.effective(("sample_conversation",)) or "")) / traffic.characters_per_token
        )
    return 0.0


@once
def _prompt(configuration: Configuration, task: str) -> Asked | None:
    return next((item for item in asked_tasks(configuration) if item.task == task), None)


@once
def _examples(configuration: Configuration) -> int:
    """Characters of the longest five examples, with their intents."""
    said = configuration.user_messages.items()
    sizes = sorted(len(text) + len(name) for name, message in said for text in message.texts)
    return sum(sizes[-_EXAMPLES:])


@once
def _instructions(configuration: Configuration) -> int:
    """Characters of the general instructions; NeMo takes the first that there are."""
    listed = configuration.effective(("instructions",))
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and item.get("type") == "general":
            return len(str(item.get("content", "")))
    return 0
