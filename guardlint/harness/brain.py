"""What a scripted model answers: an honest judge that reads its prompt literally, and a fixed reply.

The brain never knows more than a real model would: it sees the text of one prompt and nothing else. A
check whose prompt does not show the text is therefore answered "No, nothing wrong", which is what makes a
silent fault visible.

Which kind of prompt it is comes from NeMo itself where that is possible (the task name, see
``guardlint.harness.scripted``); over HTTP only the text is there, and :func:`recognise_task` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Judge", "ScriptedBrain", "SeenPrompt", "Turn", "read_turns", "recognise_task"]

_FACTS_TASK: Final = "self_check_facts"
_CHECK_PREFIX: Final = "self_check"
_GENERAL: Final = "general"
_UNKNOWN_INTENT: Final = "ask general question"

# A judge is asked for one word at the end of its prompt, whoever wrote it: "Answer (Yes or No):", or
# "Should it be blocked (Yes or No)? Answer:".
_TAIL: Final = 300
_ANSWER: Final = re.compile(r"\b(?:answer|respond|reply)\b", re.IGNORECASE)
_YES_NO: Final = re.compile(r"\byes\b\W+(?:or\W+)?no\b|\bno\b\W+(?:or\W+)?yes\b", re.IGNORECASE)
_FACTS_WORDS: Final = re.compile(
    r"\bevidence\b.*\b(?:hypothesis|response|answer)\b", re.IGNORECASE | re.DOTALL
)
_OUTPUT_WORDS: Final = re.compile(
    r"\b(?:bot|assistant)(?:'s)? (?:message|response|answer|reply)\b", re.IGNORECASE
)

# The sentence of NeMo 0.24.1's chat prompts that stands in the prompt of exactly one dialog task
# (nemoguardrails/llm/prompts/openai-chatgpt.yml and its neighbours).
_DIALOG_MARKS: Final = (
    ("This is how the user talks:", "generate_user_intent"),
    ("This is how the bot thinks:", "generate_next_steps"),
    ("This is how the bot talks:", "generate_bot_message"),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a prompt: ``role`` as sent (``system``, ``user``, …) and its text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class SeenPrompt:
    """One prompt as the model saw it. ``task`` is NeMo's name for it, or ``general``."""

    turns: tuple[Turn, ...]
    task: str

    @property
    def text(self) -> str:
        """The text of all turns, one after the other, a line break between them."""
        return "\n".join(turn.text for turn in self.turns)

    @property
    def last_user(self) -> str:
        """The text of the last user turn; the whole prompt when no turn says who speaks."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), self.text)


Judge = Callable[[SeenPrompt], str | None]
"""Answers a prompt, or returns None to leave it to the brain's own rules."""


@dataclass(frozen=True, slots=True)
class ScriptedBrain:
    """The rules of a scripted model. An instance holds no state; give it a judge for anything unusual.

    ``answer``
        What the model says to a customer; a callable is given the prompt and may raise, as a model may fail.
    ``forbidden``
        Phrases the honest judge of ``self_check_*`` condemns: it says "Yes" (block it) if the prompt shows
        one of them, in any case, else "No". Choose phrases that the wording of the check does not contain.
    ``unsupported``
        Claims the judge of ``self_check_facts`` finds no support for: "no" if the prompt shows one.
    ``intents``
        Phrase in the customer's words → NeMo's canonical form, for configurations with dialog flows.
    ``judge``
        Asked first, for every prompt; None leaves the prompt to the rules above.
    """

    answer: str | Callable[[SeenPrompt], str] = "Happy to help."
    forbidden: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    intents: Mapping[str, str] = field(default_factory=dict)
    judge: Judge | None = None

    def reply(self, prompt: SeenPrompt) -> str:
        """The model's answer to one prompt. Raises whatever ``answer`` or ``judge`` raises."""
        verdict = self.judge(prompt) if self.judge is not None else None
        if verdict is not None:
            return verdict
        if prompt.task.startswith(_FACTS_TASK):
            return "no" if _shows(prompt.text, self.unsupported) else "yes"
        if prompt.task.startswith(_CHECK_PREFIX):
            return "Yes" if _shows(prompt.text, self.forbidden) else "No"
        if prompt.task == "generate_user_intent":
            said = prompt.last_user.casefold()
            intents = (intent for phrase, intent in self.intents.items() if phrase.casefold() in said)
            return _in_the_form_of(prompt, "User intent: ", next(intents, _UNKNOWN_INTENT))
        if prompt.task == "generate_next_steps":
            return _in_the_form_of(prompt, "Bot intent: ", "general response", plain="bot ")
        answer = self.answer if isinstance(self.answer, str) else self.answer(prompt)
        if prompt.task == "generate_bot_message":
            return _in_the_form_of(prompt, "Bot message: ", f'"{answer}"')
        return answer


def _shows(text: str, phrases: Sequence[str]) -> bool:
    folded = text.casefold()
    return any(phrase.casefold() in folded for phrase in phrases)


def _in_the_form_of(prompt: SeenPrompt, label: str, answer: str, *, plain: str = "  ") -> str:
    # NeMo's examples in the prompt show the form; a model follows them, and NeMo's parser expects that.
    return f"{label if label in prompt.text else plain}{answer}"


def recognise_task(turns: Sequence[Turn]) -> str:
    """NeMo's task for a prompt of which only the text is known, or ``general``.

    A dialog task is recognised by the sentence that only its prompt contains, a check by the yes-or-no
    question at its end. A conversation with more than one turn is never a check: a customer who ends with
    "answer yes or no" is not a judge's question.
    """
    for mark, task in _DIALOG_MARKS:
        if any(turn.role == "system" and turn.text.startswith(mark) for turn in turns):
            return task
    spoken = sum(turn.role != "system" for turn in turns)
    if spoken > 1 or not any(_asks_for_a_verdict(turn.text) for turn in turns):
        return _GENERAL
    text = "\n".join(turn.text for turn in turns)
    if _FACTS_WORDS.search(text):
        return _FACTS_TASK
    return "self_check_output" if _OUTPUT_WORDS.search(text) else "self_check_input"


def _asks_for_a_verdict(text: str) -> bool:
    tail = text[-_TAIL:]
    return bool(_ANSWER.search(tail) and _YES_NO.search(tail))


def read_turns(messages: object) -> tuple[Turn, ...]:
    """Turns of a prompt given as text, or as messages of mappings with ``role`` and ``content``.

    The parts of list-form content that are text are joined by a line break; other parts are left out.
    """
    if isinstance(messages, str):
        return (Turn("user", messages),)
    if not isinstance(messages, Sequence):
        return ()
    return tuple(
        Turn(str(message.get("role", "user")), _content_text(message.get("content")))
        for message in messages
        if isinstance(message, Mapping)
    )


def _content_text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    return ""
