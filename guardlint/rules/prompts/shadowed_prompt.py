"""A prompt that NeMo never takes, because another one for the same task wins.

What it does: compares the prompts of one task with the choice that NeMo makes between them.

Why it matters: at equal fit the last prompt wins, so a stub at the end of the list, or in a later file,
takes the place of the careful one. A prompt of another ``mode`` than ``prompting_mode`` is passed over.

How to fix: keep one prompt for a task, or give each its own ``models``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.asking import is_asked, texts_not_shown
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.prompt_choice import choose_prompt, model_name, prompt_score
from guardlint.nemo.running import running_rails
from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.structure._merging import intruders

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt that wins over another of its kind, and for each that can never win."""
    configuration = project.configuration
    mode = str(configuration.effective(("prompting_mode",)) or "standard")
    groups: dict[str, list[Prompt]] = {}
    for prompt in configuration.prompts:
        groups.setdefault(prompt.task, []).append(prompt)
    rails = tuple(running_rails(configuration))
    for task, prompts in groups.items():
        yield from _other_mode(configuration, task, prompts, mode, is_asked(configuration, task, rails))
        if len(prompts) > 1:
            yield from _twice(configuration, task, prompts)
            yield from _no_such_model(configuration, task, prompts, mode)


def _kind(prompt: Prompt) -> tuple[Any, ...]:
    models = prompt.data.get("models")
    return (
        tuple(sorted(map(str, models))) if isinstance(models, list) else (),
        prompt.data.get("mode", "standard"),
    )


def _twice(configuration: Configuration, task: str, prompts: list[Prompt]) -> Iterator[Found]:
    """Of several prompts for one task, models and mode the last one wins."""
    last = {_kind(prompt): prompt for prompt in prompts}
    for kind, winner in last.items():
        lost = [prompt for prompt in prompts if _kind(prompt) == kind and prompt is not winner]
        if not lost or all(_text(prompt) == _text(winner) for prompt in lost):
            continue
        if winner.place.file in intruders(configuration):
            continue  # the file is to go as a whole, which replaced-rails says
        if texts_not_shown(configuration, winner):
            continue  # prompt-without-text tells of the stub, with the others beside it
        yield Found(
            f"a second prompt for `{task}` takes the place of the first",
            winner.place,
            "of two prompts that fit alike NeMo takes the last: the first one is never asked",
            "keep one of the two, or give each its own `models`",
            path=winner.path,
            value=(task, len(lost)),
            related=tuple(Related(prompt.place, "never taken") for prompt in lost),
        )


def _text(prompt: Prompt) -> tuple[Any, ...]:
    return (*(text for text, _ in prompt.templates), prompt.data.get("output_parser"))


def _other_mode(
    configuration: Configuration, task: str, prompts: list[Prompt], mode: str, asked: bool
) -> Iterator[Found]:
    """A prompt of a mode that is not asked for; none other for the task, and every request fails."""
    for prompt in prompts:
        own = prompt.data.get("mode", "standard")
        if own in (mode, "standard") or not isinstance(own, str):
            continue
        facts = configuration.catalogue.task(task)
        winner = choose_prompt(configuration, task)
        if winner is None and (facts is None or not (asked or facts["builtin_prompt"])):
            continue
        alone = winner is None and facts is not None and not facts["builtin_prompt"]
        yield Found(
            f"the prompt for `{task}` is of the mode `{own}`, and the mode in use is `{mode}`",
            configuration.place((*prompt.path, "mode")),
            "NeMo finds no prompt for the check: every request ends in an internal error"
            if alone
            else "NeMo never takes this prompt",
            f"write `mode: {mode}`, or `prompting_mode: {own}` for the whole configuration",
            path=(*prompt.path, "mode"),
            value=(task, own),
            severity="error" if alone else "warning",
            fix=replace_value(configuration, (*prompt.path, "mode"), mode, safe=False),
            related=(Related(winner.place, "NeMo takes this one"),) if winner is not None else (),
        )


def _no_such_model(
    configuration: Configuration, task: str, prompts: list[Prompt], mode: str
) -> Iterator[Found]:
    """One prompt for a model that is not configured, beside a general one that wins."""
    names = [model_name(model).lower() for model in configuration.models]
    special = [prompt for prompt in prompts if prompt.data.get("models")]
    if not names or len(special) != 1 or len(prompts) != 2:
        return
    prompt = special[0]
    if any(prompt_score(prompt.data, name, mode) != 0.0 for name in names):
        return
    winner = choose_prompt(configuration, task)
    if winner is None or winner is prompt:
        return
    listed = ", ".join(f"`{name}`" for name in prompt.data["models"])
    yield Found(
        f"the prompt for `{task}` is for {listed}, and no configured model is one of them",
        configuration.place((*prompt.path, "models")),
        "NeMo takes the general prompt instead: this one is never asked",
        "write a part of the model's `engine/model` in lower case",
        path=(*prompt.path, "models"),
        value=(task, prompt.data["models"]),
        confidence="medium",
        related=(Related(winner.place, "NeMo takes this one"),),
    )
