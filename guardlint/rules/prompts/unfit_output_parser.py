"""The output parser of a checking prompt is unknown, missing, or one for another question.

What it does: compares ``output_parser`` of every prompt that a rail asks with with NeMo's parsers, with the
direction of the check and with the form of answer that the prompt asks for.

Why it matters: an unknown parser is no parser. The model's words come back as they are, and their first
letter counts as "safe": every message passes (and ``self_check_facts`` refuses every answer). The parsers of
content safety models read one of two verdicts: the one about the message says nothing about the answer.

How to fix: name the parser that fits, or take the line out where ``self_check_…`` has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.asking import asked_prompts
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.rules._mends import add, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_DIALOG = frozenset({"bot_intent", "bot_message", "user_intent", "verbose_v1"})
_PASSES = "the model's words are taken as they come, and any words count as safe: everything passes"
_REFUSES = (
    "the model's words are taken as they come, and any words count as unsupported: NeMo refuses every answer"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt."""
    configuration = project.configuration
    for prompt in asked_prompts(configuration):
        facts = configuration.catalogue.task(prompt.task)
        if facts is None or not facts["parses"] or facts["builtin_prompt"]:
            continue
        found = _fault(configuration, prompt, facts)
        if found is None:
            continue
        message, at_run_time, parser, confidence = found
        written = prompt.data.get("output_parser") is not None
        write = replace_value if "output_parser" in prompt.data else add
        yield Found(
            message,
            configuration.place((*prompt.path, "output_parser")) if written else prompt.place,
            at_run_time,
            f"write `output_parser: {parser}`",
            path=(*prompt.path, "output_parser") if written else prompt.path,
            value=(prompt.task, prompt.data.get("output_parser")),
            confidence=confidence,
            fix=write(configuration, (*prompt.path, "output_parser"), parser, safe=confidence == "high"),
        )


def _fault(
    configuration: Configuration, prompt: Prompt, facts: dict[str, Any]
) -> tuple[str, str, str, Any] | None:
    name = prompt.data.get("output_parser")
    parsers: list[str] = configuration.catalogue.data["output_parsers"]
    silent = _REFUSES if facts["action"] == "self_check_facts" else _PASSES
    output = "output" in prompt.task
    other = "is_content_safe" if facts["default_parser"] else _wanted(prompt, output, parsers)
    if name is None:
        if facts["default_parser"] is not None or _has_misspelt_key(prompt):
            return None
        return (
            f"the prompt `{prompt.task}` has no `output_parser`",
            silent,
            other,
            "high",
        )
    if name not in parsers:
        if _registers(configuration):
            return None
        meant = closest(str(name), parsers)
        return (
            f"NeMo has no output parser `{name}`",
            f"NeMo logs no warning: {silent}",
            meant or other,
            "high" if meant else "medium",
        )
    if name in _DIALOG:
        return (
            f"`{name}` is no parser of verdicts",
            f"it returns words: {silent}",
            other,
            "high",
        )
    return _wrong_question(prompt, str(name), output)


def _has_misspelt_key(prompt: Prompt) -> bool:
    """Whether the parser stands under a key that NeMo does not know, which the rule unknown-key reports."""
    return any(
        str(key).replace("-", "_") == "output_parser" or closest(str(key), ["output_parser"]) is not None
        for key in prompt.data
        if key != "output_parser"
    )


def _wrong_question(prompt: Prompt, name: str, output: bool) -> tuple[str, str, str, Any] | None:
    """A parser for the other direction, or for an answer of another form than the prompt asks for."""
    text = " ".join(text for text, _ in prompt.templates)
    asks_for_fields = _FIELDS.search(text) is not None
    if name.startswith("nemo") and not asks_for_fields and _WORDS.search(text):
        # Since NeMo 0.24 the parser raises, before it returned "unsafe": either way nothing gets through.
        what = "answer" if output else "message"
        return (
            f"`{name}` does not read the one word that `{prompt.task}` asks for",
            f"it finds no verdict in the answer: no {what} gets through",
            "is_content_safe",
            "high" if prompt.task.startswith("self_check") else "medium",
        )
    if output and "prompt_safety" in name:
        return (
            f"`{name}` reads the verdict about the user's message, and `{prompt.task}` checks the answer",
            "the model's verdict about the answer is never read: a bad answer to a harmless message passes",
            name.replace("prompt_safety", "response_safety"),
            "high",
        )
    if not output and "response_safety" in name:
        return (
            f"`{name}` reads the verdict about an answer, and `{prompt.task}` checks a message",
            "there is no verdict about an answer yet: NeMo refuses every message",
            name.replace("response_safety", "prompt_safety"),
            "high",
        )
    if name == "is_content_safe" and not prompt.task.startswith("self_check") and _JSON.search(text):
        half = "response" if output else "prompt"
        return (
            f"`{name}` does not read the JSON that `{prompt.task}` asks for",
            "it finds no verdict in the first two words: NeMo refuses every message",
            f"nemoguard_parse_{half}_safety",
            "medium",
        )
    return None


_FIELDS = lazy_pattern(r"(?i)(?:user|response)[ _]safety|(?:prompt|response) harm|json")
_JSON = lazy_pattern(r"(?i)\"user safety\"|\"response safety\"")
_WORDS = lazy_pattern(r"(?i)\byes\b\W+(?:or\W+)?\bno\b|\bsafe\b\W+(?:or\W+)?\bunsafe\b")


def _wanted(prompt: Prompt, output: bool, parsers: list[str]) -> str:
    """The parser for the form of answer that the prompt asks for."""
    text = " ".join(text for text, _ in prompt.templates).casefold()
    half = "response" if output else "prompt"
    if "user safety" in text:
        return f"nemoguard_parse_{half}_safety"
    reasoning = f"nemotron_reasoning_parse_{half}_safety"
    return reasoning if "prompt harm" in text and reasoning in parsers else "is_content_safe"


def _registers(configuration: Configuration) -> bool:
    """Whether code of the team's registers parsers, and may register the one in question."""
    texts = [configuration.texts[file.file] for file in configuration.python_files]
    return any("register_output_parser" in text or "output_parsers" in text for text in texts)
