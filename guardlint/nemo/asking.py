"""With which of the team's prompts the checks that run ask, and what those show: the view of the rules.

Which model answers each task, the dialog's included, is another question: ``asked.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.once import once_each
from guardlint.nemo.prompt_choice import choose_prompt
from guardlint.nemo.running import RunningRail, running_rails
from guardlint.nemo.templates import Variable, variables
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["asked_prompts", "is_asked", "shown_variables", "texts_not_shown"]

_NEVER = lazy_pattern(
    r"\{%-?\s*if\s+(?:[Ff]alse|[Nn]one|0)\s*-?%\}.*?(?=\{%-?\s*(?:endif|else|elif)\b)", re.DOTALL
)
_COUNTED = lazy_pattern(
    r"\{\{-?\s*\w+\s*(?:\|\s*(?:length|count|wordcount)|is\s+(?:not\s+)?defined)\s*-?\}\}"
)


@once_each
def asked_prompts(configuration: Configuration) -> Iterator[Prompt]:
    """For each checking task that a rail asks, the team's prompt that NeMo takes."""
    rails = tuple(running_rails(configuration))
    for task in dict.fromkeys(prompt.task for prompt in configuration.prompts):
        if is_asked(configuration, task, rails):
            prompt = choose_prompt(configuration, task)
            if prompt is not None:
                yield prompt


def is_asked(configuration: Configuration, task: str, rails: Sequence[RunningRail]) -> bool:
    """Whether one of the rails that run asks with the prompt of ``task``, parameter included."""
    facts = configuration.catalogue.task(task)
    if facts is None:
        return False
    name, _, value = task.partition(" $")[2].partition("=")
    return any(_asks(rail, facts, name, value) for rail in rails)


def _asks(rail: RunningRail, facts: dict[str, Any], name: str, value: str) -> bool:
    if snake_case(str(rail.surface["action"])) != facts["action"]:
        return False
    if rail.path is None:
        # A flow of the team's calls it: what it passes may be computed.
        return True
    if name:
        return rail.parameters.get(name) == value
    return not rail.parameters.keys() & {"model", "variant"}


def texts_not_shown(configuration: Configuration, prompt: Prompt) -> list[str]:
    """The variables with the checked text that the prompt of a check never shows."""
    facts = configuration.catalogue.task(prompt.task)
    wanted: list[str] = facts["text_variables"] if facts else []
    read = [variable for text, _ in prompt.templates for variable in shown_variables(text)]
    shown = {variable.name for variable in read if variable.use != "tested"}
    return [name for name in wanted if name not in shown]


def shown_variables(template: str) -> tuple[Variable, ...]:
    """The variables of a template, without the text of a false condition and what is only counted."""
    if "%" in template:
        template = _NEVER.sub(_blank, template)
    if "length" in template or "count" in template or "defined" in template:
        template = _COUNTED.sub(_blank, template)
    return variables(template)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
