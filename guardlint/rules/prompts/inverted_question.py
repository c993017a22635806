"""A judge is asked the wrong way round: its yes means "all is well", and NeMo reads it as "block".

What it does: reads what the prompt of a self check says about the answer yes, or the last question it asks.

Why it matters: NeMo blocks on yes. A judge who is asked whether a message is acceptable says yes to every
harmless message, which is refused, and no to every harmful one, which passes. The fact check and the
hallucination check are the other way round: there yes means that the answer is supported.

How to fix: ask whether the message should be blocked (or whether the answer is supported).
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.asking import asked_prompts, texts_not_shown
from guardlint.nemo.verdicts import asked_for
from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="medium", since="0.1.0", controls=("LLM01:2025",))

_FACTS = ("self_check_facts", "self_check_hallucination")


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt that a rail asks with."""
    configuration = project.configuration
    for prompt in asked_prompts(configuration):
        facts = configuration.catalogue.task(prompt.task)
        if facts is None or prompt.data.get("output_parser") not in (None, "is_content_safe"):
            continue
        if texts_not_shown(configuration, prompt):
            continue  # nothing is judged, whichever way it is asked
        supported = facts["action"] in _FACTS
        if not supported and facts["default_parser"] is None and prompt.data.get("output_parser") is None:
            continue
        for text, path in reversed(prompt.templates):
            beside = " ".join(other for other, _ in prompt.templates if other is not text)
            asked = asked_for(text, facts=supported, beside=beside)
            if asked is None:
                continue
            if asked.yes_is == ("bad" if supported else "good"):
                origin = configuration.joined.origin(path)
                place = (
                    origin[0].inside(origin[1], asked.offset, asked.length)
                    if origin is not None
                    else configuration.place(path)
                )
                yield Found(
                    f"a yes to the question of `{prompt.task}` means "
                    f"{'that the answer is wrong' if supported else 'that all is well'}",
                    place,
                    "NeMo reads yes as support and lets the wrong answer pass; a right one is refused"
                    if supported
                    else "NeMo reads yes as block: what is harmless is refused, and what is harmful passes",
                    "ask for what NeMo reads, e.g. `Is the answer supported by the evidence (Yes or No)?`"
                    if supported
                    else "ask for what NeMo reads, e.g. `Should this message be blocked (Yes or No)?`",
                    path=path,
                    value=(prompt.task, text[asked.offset : asked.offset + asked.length]),
                )
            break
