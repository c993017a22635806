"""A prompt for a task that nothing asks, named nearly like one that NeMo knows.

What it does: compares the tasks of the prompts with NeMo's tasks, the rails that run and the code.

Why it matters: NeMo never looks at a prompt whose task it does not ask. Its own prompt is used instead, or
none is found when the check is due, and the request fails.

How to fix: write the task as NeMo spells it.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.loading import refusals
from guardlint.nemo.running import running_rails
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.names import closest

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt."""
    configuration = project.configuration
    tasks = configuration.catalogue.data["tasks"]
    written = {prompt.task for prompt in configuration.prompts}
    missing = {
        rail.flow.replace(" ", "_")
        for rail in configuration.all_rails()
        if not configuration.flow_exists(rail.flow)
    }
    for prompt in configuration.prompts:
        if configuration.catalogue.task(prompt.task) is not None or _named(configuration, prompt):
            continue
        base, sign, parameter = prompt.task.partition("$")
        if base.strip() in missing:
            continue  # the rail is what is misspelt
        meant = closest(base.strip(), [_base(task) for task in tasks])
        if meant is None or len(_words(base)) > len(_words(meant)):
            continue
        if any(f"a prompt for the task `{meant}" in refusal.message for refusal in refusals(configuration)):
            continue  # NeMo refuses to load without the prompt
        full = f"{meant} ${parameter}" if sign else meant
        required = configuration.catalogue.task(full)
        needed = [rail for rail in running_rails(configuration) if required and _asks(rail.surface, required)]
        breaks = (
            bool(needed) and full not in written and required is not None and not required["builtin_prompt"]
        )
        yield Found(
            f"nothing asks the prompt `{prompt.task}`",
            prompt.place,
            "NeMo finds no prompt when the check is due: the request ends in an internal error"
            if breaks
            else "NeMo knows no such task and never looks at the prompt",
            f"write `task: {full}`",
            path=(*prompt.path, "task"),
            value=prompt.task,
            severity="error" if breaks else "warning",
            fix=replace_value(configuration, (*prompt.path, "task"), full, safe=is_slip(base, meant))
            if full not in written
            else None,
        )


def _words(task: str) -> list[str]:
    return task.replace("_", " ").split()


def _base(task: str) -> str:
    return task.split(" $", 1)[0]


def _asks(surface: dict[str, object], facts: dict[str, object]) -> bool:
    return snake_case(str(surface["action"])) == facts["action"]


def _named(configuration: Configuration, prompt: Prompt) -> bool:
    """Whether a file of the team's, a model or a rail names the task: then it is the team's own."""
    if prompt.task in configuration.model_types():
        return True
    if any(prompt.task in rail.parameters.values() for rail in configuration.all_rails()):
        return True
    files = [file.file for file in configuration.python_files]
    files += [file.file for file in configuration.colang_files]
    return any(prompt.task in configuration.texts[file] for file in files)
