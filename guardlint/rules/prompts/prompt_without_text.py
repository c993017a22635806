"""The prompt of a checking rail never shows the text that it should check.

What it does: compares the variables of a prompt with those that carry the checked text for its task.

Why it matters: a variable that NeMo does not fill is rendered as nothing. The judge reads a question about
an empty message, answers that all is well, and every message passes.

How to fix: show the text with the variable of the task, e.g. ``{{ user_input }}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.templates import Variable, variables
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt that a configured rail uses."""
    configuration = project.configuration
    for prompt in _used(configuration):
        facts = configuration.catalogue.task(prompt.task)
        wanted: list[str] = facts["text_variables"] if facts else []
        read = [(path, variable) for text, path in prompt.templates for variable in variables(text)]
        shown = {variable.name for _, variable in read if variable.use != "tested"}
        missing = [name for name in wanted if name not in shown]
        if not missing or facts is None:
            continue
        known = {*facts["variables"], *configuration.catalogue.data["context_variables"]}
        wrong = _wrong(read, missing, known)
        place, mend = _mend(configuration, prompt, missing, wrong)
        names = " and ".join(f"`{name}`" for name in missing)
        yield Found(
            f"the prompt `{prompt.task}` never shows {names}",
            place,
            f"NeMo fills the gap with nothing: the judge never sees the {_what(prompt.task)}, and all pass",
            mend,
            path=(*prompt.path, "content" if "content" in prompt.data else "messages"),
            value=(prompt.task, missing),
        )


def _what(task: str) -> str:
    return "answer" if "output" in task or "facts" in task or "hallucination" in task else "message"


def _used(configuration: Configuration) -> Iterator[Prompt]:
    """Of several prompts for a task the one that NeMo takes, and each that is for certain models only.

    At equal score NeMo takes the last (``llm/prompts.py``). Prompts of another mode are never taken.
    """
    mode = configuration.effective(("prompting_mode",)) or "standard"
    winners: dict[str, Prompt] = {}
    for prompt in configuration.prompts:
        if not _in_use(configuration, prompt.task) or prompt.data.get("mode", mode) not in (mode, "standard"):
            continue
        if prompt.data.get("models"):
            yield prompt
        else:
            winners[prompt.task] = prompt
    yield from winners.values()


def _in_use(configuration: Configuration, task: str) -> bool:
    """Whether a listed rail, or a flow of the user, runs NeMo's action that renders the task's prompt."""
    facts = configuration.catalogue.task(task)
    action = str(facts["action"]) if facts else ""
    if not action or configuration.action_named(action) is not None:
        return False
    flow_name = task.split(" $", 1)[0].replace("_", " ")
    if flow_name not in configuration.flows and any(
        rail.flow == flow_name for rail in configuration.all_rails()
    ):
        return True
    return any(
        snake_case(call.name) == action
        or (call.kind == "flow" and call.name == flow_name and flow_name not in configuration.flows)
        for flow in configuration.flows.values()
        for call in flow.calls()
    )


def _wrong(
    read: list[tuple[DataPath, Variable]], missing: list[str], known: set[str]
) -> tuple[DataPath, Variable] | None:
    """The variable that was probably meant to be a missing one."""
    unknown = [(path, variable) for path, variable in read if variable.name not in known]
    near = [item for item in unknown if closest(item[1].name, missing)]
    return next(iter(near or unknown), None)


def _mend(
    configuration: Configuration, prompt: Prompt, missing: list[str], wrong: tuple[DataPath, Variable] | None
) -> tuple[Place, str]:
    meant = missing[0]
    if wrong is not None:
        path, variable = wrong
        origin = configuration.joined.origin(path)
        meant = closest(variable.name, missing) or meant
        if origin is not None:
            file, own = origin
            return file.inside(own, variable.offset, variable.length), f"write `{{{{ {meant} }}}}`"
    for text, path in prompt.templates:
        for name in missing:
            brace = re.search(rf"(?<!\{{)\{{\s*{name}\s*\}}(?!\}})", text)
            origin = configuration.joined.origin(path)
            if brace is not None and origin is not None:
                place = origin[0].inside(origin[1], brace.start(), len(brace[0]))
                return place, f"write `{{{{ {name} }}}}` with two braces"
    return prompt.place, f"show the text in the prompt: `{{{{ {meant} }}}}`"
